"""One side of a corpus: texts in files, read by a reader of their format."""

import dataclasses

from keras_seq2seq.data.lines import LineReader, expand_files
from keras_seq2seq.data.recordio_reader import RecordIOReader
from keras_seq2seq.data.records import RecordReader
from keras_seq2seq.errors import UserError

READERS = {
    kind.__name__: kind for kind in (LineReader, RecordReader, RecordIOReader)
}


@dataclasses.dataclass(frozen=True)
class TextSource:
    """Files and how their texts are read; iterating gives the texts.

    A reader has `spans(path)`, byte ranges that can be read independently;
    `blocks(path, begin, end)`, which yields the texts of one range in lists of
    bounded size; `unit`, what a text is called: `"line"`; and `holds_ids`: if
    True, a text is a list of ids.

    Args:
        files: sequence of paths.
        reader: `LineReader`, `RecordReader` or `RecordIOReader`.
        name: str or None. What the texts are called instead of the files.
        content: str or None. What tells the texts apart from others where
            the files do not: their own fingerprint.
    """

    files: tuple
    reader: LineReader | RecordReader | RecordIOReader
    name: str | None = None
    content: str | None = None

    @classmethod
    def open(cls, files, reader):
        """The source of files and globs.

        Raises:
            UserError: files that are missing or empty.
        """
        found = tuple(expand_files(files))
        empty = next((each for each in found if not each.stat().st_size), None)
        if empty is not None:
            expected = (
                "one sentence per line" if reader.unit == "line" else "records"
            )
            raise UserError(
                f"{empty}: expected {expected}. Received: an empty file."
            )
        return cls(found, reader)

    def __iter__(self):
        for path in self.files:
            yield from self.texts(path)

    def texts(self, path):
        """The texts of one of the files, one by one."""
        for span in self.reader.spans(path):
            for block in self.reader.blocks(path, *span):
                yield from block

    def repeated(self, times):
        """The same files several times over."""
        return dataclasses.replace(self, files=self.files * times)

    def describe(self):
        """What decides the texts, as JSON."""
        reader = describe_reader(self.reader)
        if self.content is not None:
            return [self.content, len(self.files), reader]
        stats = [(path.resolve(), path.stat()) for path in self.files]
        files = [[str(path), s.st_size, s.st_mtime_ns] for path, s in stats]
        return [files, reader]

    def label(self, path):
        """What one of the files is called in messages."""
        return str(path) if self.name is None else self.name


def describe_reader(reader):
    """A reader as JSON, for `rebuild_reader`."""
    return {"reader": type(reader).__name__, **dataclasses.asdict(reader)}


def rebuild_reader(described):
    """The reader that was described."""
    arguments = dict(described)
    return READERS[arguments.pop("reader")](**arguments)
