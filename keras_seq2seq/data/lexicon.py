"""Which target tokens the tokens of a source may become."""

import dataclasses
import io
import math
import zipfile
from pathlib import Path

import numpy as np

from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.word_translation import translation_probabilities
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import FIRST_WORD, PAD

BEST = 20  # targets of a source token
ALWAYS = 100  # targets that any source may become
NARROWEST = 256  # columns; as many different widths make as many graphs
UNREADABLE = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


@dataclasses.dataclass(frozen=True, eq=False)
class Lexicon:
    """For each source token the likeliest target tokens, best first.

    A search that is given one chooses among the tokens that a source's own
    tokens may become, those that are frequent, and the special ones: a
    shortlist, without which the projection to the vocabulary is most of the
    work.

    Args:
        table: int32 array `(source vocabulary, K)`. Target ids, PAD where
            there are fewer.
        always: int32 array `(A,)`. Target ids that every source may become.
        vocabularies: tuple of str. Fingerprints of the tokenizers (source,
            target).

    Source:
        [Mi et al., 2016](https://aclanthology.org/P16-2021/); Sockeye's
        `--restrict-lexicon`, which has one shortlist for a batch.
    """

    table: np.ndarray
    always: np.ndarray
    vocabularies: tuple

    @classmethod
    def learn(cls, pairs, tokenizers, best=BEST, always=ALWAYS, **options):
        """The lexicon of a parallel text.

        Args:
            pairs: `ParallelText`.
            tokenizers: pair (source, target) that made its ids.
            best: int. Most target tokens of a source token.
            always: int. How many of the most frequent target tokens any
                source may become.
            **options: of `translation_probabilities`.
        """
        found = translation_probabilities(pairs, **options)
        rows = np.arange(len(pairs))
        counts = np.bincount(pairs.targets.gather(rows)[0].astype(np.int64))
        counts[:FIRST_WORD] = 0
        frequent = np.argsort(-counts, kind="stable")[:always]
        frequent = frequent[counts[frequent] > 0]
        return cls._of(found, frequent, tokenizers, best)

    @classmethod
    def read_text(cls, path, tokenizers, best=BEST):
        """The lexicon that fast_align's `-p` wrote, as Sockeye took it.

        Args:
            path: file of lines `source target log-probability`, split at
                spaces or tabs. Tokens that are not in a vocabulary are
                left out.
            tokenizers: pair (source, target).
            best: int. Most target tokens of a source token.

        Raises:
            UserError: a line that does not have this form.
        """
        names = [
            {
                name: number
                for number, name in enumerate(
                    each.pieces(list(range(each.vocabulary_size)))
                )
                if number >= FIRST_WORD
            }
            for each in tokenizers
        ]
        found = []
        for number, line in enumerate(read_lines(path), start=1):
            source, target, value = _entry(line, f"{path}:{number}")
            if source in names[0] and target in names[1]:
                found.append((names[0][source], names[1][target], value))
        if not found:
            raise UserError(
                f"{path}: expected tokens of both vocabularies. Received: no "
                "line whose source and target are both known."
            )
        sources, targets, values = map(np.array, zip(*found, strict=True))
        none = np.empty(0, np.int64)
        return cls._of((sources, targets, values), none, tokenizers, best)

    @classmethod
    def _of(cls, found, always, tokenizers, best):
        """From parallel arrays of sources, targets and their values."""
        kept = (found[0] != PAD) & (found[1] >= FIRST_WORD)
        sources, targets, values = (each[kept] for each in found)
        order = np.lexsort((targets, -values, sources))
        sources, targets = sources[order], targets[order]
        rank = np.arange(len(sources)) - np.searchsorted(sources, sources)
        first = rank < best
        width = int(rank[first].max(initial=0)) + 1
        table = np.full((tokenizers[0].vocabulary_size, width), PAD, np.int32)
        table[sources[first], rank[first]] = targets[first]
        return cls(table, always.astype(np.int32), _fingerprints(tokenizers))

    def targets(self, source):
        """Ids that a source id may become, best first."""
        row = self.table[source]
        return row[row != PAD]

    def shortened(self, best):
        """With at most the `best` targets of each source token."""
        return dataclasses.replace(self, table=self.table[:, :best])

    def check(self, tokenizers):
        """Refuses a lexicon of other tokens than these tokenizers have.

        Raises:
            UserError: the vocabularies differ.
        """
        if self.vocabularies != _fingerprints(tokenizers):
            raise UserError(
                "The lexicon was made for other vocabularies than the model "
                "has. Make one with keras-seq2seq lexicon create."
            )

    def candidates(self, sources):
        """The target tokens that sources may become.

        Args:
            sources: int array `(B, S)`, PAD behind each.

        Returns:
            int32 array `(B, N)`: for each row different ids, rising, the
            special ones first, then PAD up to N, which is `NARROWEST` or
            twice, four times ... that.
        """
        own = self.table[sources].reshape(len(sources), -1)
        shared = np.concatenate([np.arange(FIRST_WORD), self.always])
        shared = np.broadcast_to(shared, (len(sources), len(shared)))
        found = np.sort(np.concatenate([shared, own], axis=1), axis=1)
        again = np.zeros(found.shape, bool)
        again[:, 1:] = found[:, 1:] == found[:, :-1]
        found[again] = np.iinfo(found.dtype).max
        counts = (~again).sum(axis=1)
        width = NARROWEST
        while width < counts.max():
            width *= 2
        result = np.full((len(sources), width), PAD, np.int32)
        found = np.sort(found, axis=1)[:, :width]
        filled = np.arange(found.shape[1]) < counts[:, None]
        result[:, : found.shape[1]] = np.where(filled, found, PAD)
        return result

    def save(self, path):
        """Writes an `.npz` file."""
        file = io.BytesIO()
        np.savez_compressed(
            file,
            table=self.table,
            always=self.always,
            vocabularies=np.array(self.vocabularies),
        )
        return write_file(path, file.getvalue())

    @classmethod
    def load(cls, path):
        """Reads what `save` wrote.

        Raises:
            UserError: there is no such file, or it is another kind of file.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                table, always = file["table"], file["always"]
                vocabularies = tuple(map(str, file["vocabularies"]))
        except UNREADABLE as error:
            raise UserError(
                f"{path}: expected a lexicon, as keras-seq2seq lexicon create "
                f"writes it. Received: {_reason(error, path)}."
            ) from None
        return cls(table, always, vocabularies)


def _entry(line, place):
    fields = line.split()
    try:
        source, target, value = fields
        value = float(value)
        if math.isnan(value):
            raise ValueError
    except ValueError:
        raise UserError(
            f"{place}: expected `source target log-probability`. Received: "
            f"{line[:80]!r}"
        ) from None
    return source, target, value


def _reason(error, path):
    if not Path(path).exists():
        return "no such file"
    return "a file of another kind" if Path(path).is_file() else str(error)


def _fingerprints(tokenizers):
    # A model of pictures has no tokenizer of sources.
    return tuple(each and each.fingerprint for each in tokenizers)
