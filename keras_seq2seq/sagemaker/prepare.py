"""Text to channels of a job: records of ids, and vocabularies."""

import collections
import dataclasses
import itertools
import math
from pathlib import Path

from keras_seq2seq.data.byte_lines import read_plain_or_gzip
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import frame
from keras_seq2seq.data.vocabulary import select
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import UNKNOWN

SIDES = ("source", "target")


@dataclasses.dataclass(frozen=True)
class Texts:
    """Two files of sentences, cut into tokens at white space.

    Args:
        source: path of text, plain or gzip, a sentence per line.
        target: path of as many lines.
    """

    source: Path
    target: Path

    def __iter__(self):
        """Pairs of lists of tokens, one per line.

        Raises:
            UserError: unequal numbers of lines, with both and the first line
                past the end.
        """
        readers = [read_plain_or_gzip(path) for path in self._paths]
        lines = itertools.zip_longest(*readers)
        for number, (source, target) in enumerate(lines):
            if source is None or target is None:
                rest = 1 + sum(1 for _ in lines)
                self._refuse(number, rest, source, target)
            yield source.split(), target.split()

    @property
    def _paths(self):
        return Path(self.source), Path(self.target)

    def _refuse(self, number, rest, source, target):
        counts = [
            number + rest * (line is not None) for line in (source, target)
        ]
        long = self._paths[target is not None]
        line = source if target is None else target
        raise UserError(
            f"{self.source} has {counts[0]} lines and {self.target} has "
            f"{counts[1]}. They are paired by position, so both need as many. "
            f"The first past the end of the shorter, in {long}: {number + 1}: "
            f"{line[:60]!r}"
        )


def build_vocabularies(
    texts, most_words, least_counts, single=False, multiple_of=1
):
    """Vocabularies of the words of a corpus.

    The most frequent words come first, of equally frequent ones the last in
    order of code points.

    Args:
        texts: `Texts`.
        most_words: two ints, for source and target. Specials not counted.
        least_counts: two ints. Rarer words are left out.
        single: bool. If True, both sides have one vocabulary, of all words,
            with the source's limits.
        multiple_of: int. Words that no text has, `<pad12>` and so on, are
            added until the size, specials counted, is a multiple of it.

    Returns:
        pair of `JsonVocabulary` (source, target).

    Raises:
        UserError: no word is left, or limits that differ for one vocabulary.

    Source:
        aws/amazon-sagemaker-examples, `create_vocab_proto.py`.
    """
    counters = [collections.Counter(), collections.Counter()]
    for pair in texts:
        for counter, tokens in zip(counters, pair, strict=True):
            counter.update(tokens)
    if single:
        if most_words[0] != most_words[1] or len(set(least_counts)) > 1:
            raise UserError(
                "-single-vocab makes one vocabulary, so the source's and the "
                "target's number of words and minimum count must be equal. "
                f"Received: {most_words[0]} and {most_words[1]} words, counts "
                f"{least_counts[0]} and {least_counts[1]}."
            )
        counters = [counters[0] + counters[1]]
    found = [
        _padded(select(counter, least, most, JsonVocabulary), multiple_of)
        for counter, least, most in zip(
            counters, least_counts, most_words, strict=False
        )
    ]
    return found[0], found[-1]


def _padded(vocabulary, multiple_of):
    size = len(vocabulary)
    full = range(size, size + -size % multiple_of)
    return JsonVocabulary([*vocabulary.words, *map("<pad{}>".format, full)])


def write_pairs(file, texts, vocabularies):
    """Writes the pairs of a corpus as RecordIO-protobuf records of ids.

    The order of lines is kept; pairs with an empty side are left out.

    Args:
        file: binary file.
        texts: `Texts`.
        vocabularies: pair (source, target).

    Returns:
        `Report`.

    Raises:
        UserError: unequal numbers of lines, or no pair.
    """
    report = Report()
    for pair in texts:
        if not all(pair):
            report.skip(pair)
            continue
        ids = [v.ids(t) for v, t in zip(vocabularies, pair, strict=True)]
        report.add(ids)
        record = write_record(dict(zip(SIDES, ids, strict=True)))
        file.write(frame(record))
    if not report.pairs:
        raise UserError(
            f"{texts.source} and {texts.target}: expected sentences. "
            f"Received: {report.skipped} lines, in each of which one side "
            "is empty."
        )
    return report


class Report:
    """What was written and what was not.

    Attributes:
        pairs: int. Records written.
        skipped: int. Lines with an empty side.
    """

    def __init__(self):
        self.pairs = 0
        self.skipped = 0
        self._empty = [0, 0]
        self._tokens = [0, 0]
        self._longest = [0, 0]
        self._unknown = [0, 0]
        self._ratio = [0.0, 0.0]  # mean, and sum of squared deviations

    def skip(self, pair):
        """Counts a pair of tokens of which one side is empty."""
        self.skipped += 1
        for side, tokens in enumerate(pair):
            self._empty[side] += not tokens

    def add(self, pair):
        """Counts a pair of ids."""
        self.pairs += 1
        for side, ids in enumerate(pair):
            self._tokens[side] += len(ids)
            self._longest[side] = max(self._longest[side], len(ids))
            self._unknown[side] += ids.count(UNKNOWN)
        ratio = len(pair[1]) / len(pair[0])
        mean, squares = self._ratio
        shift = ratio - mean
        mean += shift / self.pairs
        self._ratio = [mean, squares + shift * (ratio - mean)]

    def as_json(self):
        """All numbers as a dict: `pairs`, `skipped`, for each side `empty`,
        `tokens`, `mean_length`, `longest`, `unknown_share`, and mean and
        standard deviation of target by source length."""
        described = {"pairs": self.pairs, "skipped": self.skipped}
        for side, name in enumerate(SIDES):
            tokens = self._tokens[side]
            described[name] = {
                "empty": self._empty[side],
                "tokens": tokens,
                "mean_length": round(tokens / max(self.pairs, 1), 2),
                "longest": self._longest[side],
                "unknown_share": round(self._unknown[side] / max(tokens, 1), 6),
            }
        mean, squares = self._ratio
        deviation = math.sqrt(squares / max(self.pairs, 1))
        described["length_ratio"] = {
            "mean": round(mean, 4),
            "std": round(deviation, 4),
        }
        return described
