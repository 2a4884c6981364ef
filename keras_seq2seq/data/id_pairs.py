"""Pairs of ids that lie in RecordIO files."""

import contextlib
import dataclasses

from keras_seq2seq.data.recordio_reader import RecordIOReader
from keras_seq2seq.data.text_source import TextSource


@dataclasses.dataclass(frozen=True)
class IdPairs:
    """Pairs of two sides; it has the methods of `FilePairs`.

    What asks for texts gets them from the tokenizers; what trains gets the
    ids as they are.

    Args:
        source: `TextSource` of a `RecordIOReader`.
        target: the same, or None where there are no targets.
        tokenizers: pair (source, target).
    """

    source: TextSource
    target: TextSource | None
    tokenizers: tuple

    @classmethod
    def open(cls, files, fields, tokenizers):
        """Pairs of two features of each record.

        Args:
            files: paths or globs.
            fields: names of the features; one alone for the source.
            tokenizers: pair (source, target).
        """
        sides = [
            TextSource.open(
                files,
                RecordIOReader(field, tokenizer.vocabulary_size, tuple(fields)),
            )
            for field, tokenizer in zip(fields, tokenizers, strict=False)
        ]
        return cls(sides[0], sides[1] if len(sides) > 1 else None, tokenizers)

    @property
    def has_targets(self):
        """Whether iterating gives pairs."""
        return self.target is not None

    def __iter__(self):
        targets = map(self.tokenizers[1].decode, self.target)
        return zip(self.sources(), targets, strict=True)

    def sources(self):
        """The source texts, one by one."""
        return map(self.tokenizers[0].decode, self.source)

    @contextlib.contextmanager
    def written(self):
        """Both sides, which are files already."""
        yield self.source, self.target
