"""Lines of one side of a corpus to ids, as a model is fed with them."""

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np

from keras_seq2seq.data.tokenizer_protocol import Tokenizer
from keras_seq2seq.tokens import END, UNKNOWN


class EncodedLines(NamedTuple):
    """Ids of some lines, one after the other."""

    ids: np.ndarray  # (sum of lengths,)
    lengths: np.ndarray  # int32 (N,), as fed
    unsliced_lengths: np.ndarray  # int32 (N,), before truncation
    counts: np.ndarray  # int64 (3,): tokens in the text, cut off, unknown


@dataclasses.dataclass(frozen=True)
class LineEncoder:
    """Truncates and ends what a tokenizer makes of a line.

    Training and inference use the same one, so they cannot differ.

    Args:
        tokenizer: `Tokenizer`.
        max_length: int or None. Most tokens kept; the end comes on top.
        append_end: bool. If True, END follows the tokens.
        never_empty: bool. If True, a line without a token is `[UNKNOWN]`
            unless it has an END: no model may see a row without a real token.
        sampling: float. Strength of `SubwordSampling` for several texts.
    """

    tokenizer: Tokenizer
    max_length: int | None = None
    append_end: bool = False
    never_empty: bool = False
    sampling: float = 0.0

    def __post_init__(self):
        if self.max_length is not None and self.max_length < 1:
            raise ValueError(
                "A maximum length must be at least 1, or None for no limit. "
                f"Received: {self.max_length}"
            )

    @property
    def dtype(self):
        """Smallest integer type that holds every id."""
        return (
            np.uint16 if self.tokenizer.vocabulary_size <= 65536 else np.int32
        )

    def pieces(self, ids, length):
        """Ids of a text in pieces of at most `length` tokens, END apart."""
        ids = list(ids)
        begins = range(0, max(len(ids), 1), length)
        return self._finish([ids[i : i + length] for i in begins])

    def __call__(self, texts, seed=0):
        """Encodes a list of texts to `EncodedLines`; a seed draws samples."""
        if self.sampling:
            encoded = self.tokenizer.sample_all(texts, self.sampling, seed)
        else:
            encoded = self.tokenizer.encode_all(texts)
        return self.take(encoded)

    def take(self, encoded):
        """Makes `EncodedLines` of a list of lists of ids."""
        before = np.fromiter(map(len, encoded), np.int32, len(encoded))
        rows = self._finish(encoded)
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        flat = itertools.chain.from_iterable(rows)
        ids = np.fromiter(flat, self.dtype, int(lengths.sum()))
        unsliced = before + np.int32(self.append_end)
        return EncodedLines(ids, lengths, unsliced, self._counts(before, ids))

    def _finish(self, rows):
        if self.max_length is not None:
            rows = [ids[: self.max_length] for ids in rows]
        if self.append_end:
            end = [END]
            rows = [ids + end for ids in rows]
        elif self.never_empty:
            rows = [ids or [UNKNOWN] for ids in rows]
        return rows

    def _counts(self, before, ids):
        cut = 0
        if self.max_length is not None:
            cut = int(np.maximum(before - self.max_length, 0).sum())
        total = int(before.sum(dtype=np.int64))
        return np.array([total, cut, np.count_nonzero(ids == UNKNOWN)])
