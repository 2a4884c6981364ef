"""Pairs of texts that lie in files: lines, columns or records."""

import contextlib
import dataclasses
import itertools

from keras_seq2seq.data.records import RecordReader
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.errors import UserError


@dataclasses.dataclass(frozen=True)
class FilePairs:
    """Raw pairs of two sides; `OwnPairs` has the same methods.

    Args:
        source: `TextSource`.
        target: `TextSource`, or None where there are no targets.
    """

    source: TextSource
    target: TextSource | None = None

    @classmethod
    def of_records(cls, files, source_field, target_field, compression="auto"):
        """Pairs of two features of each record; a missing target is empty."""
        sides = ((source_field, True), (target_field, False))
        return cls(
            *(
                TextSource.open(
                    files, RecordReader(field, required, compression)
                )
                for field, required in sides
            )
        )

    @property
    def has_targets(self):
        """Whether iterating gives pairs."""
        return self.target is not None

    def __iter__(self):
        pairs = itertools.zip_longest(self.source, self.target)
        for number, pair in enumerate(pairs, start=1):
            if None in pair:
                sides = [self.source, self.target]
                short, long = sides if pair[0] is None else sides[::-1]
                raise UserError(
                    f"{_names(short)} has {number - 1} {short.reader.unit}s "
                    f"and {_names(long)} has more. They are paired by "
                    "position, so both need as many."
                )
            yield pair

    def sources(self):
        """The source texts, one by one."""
        return iter(self.source)

    @contextlib.contextmanager
    def written(self):
        """Both sides, which are files already."""
        yield self.source, self.target


def _names(texts):
    return " + ".join(map(str, texts.files))
