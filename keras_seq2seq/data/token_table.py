"""Rows of ids of unequal length in one flat array."""

import copy
import functools
import hashlib

import numpy as np

from keras_seq2seq.tokens import UNKNOWN

ROWS_AT_ONCE = 65536  # looked at when tokens are counted


class TokenTable:
    """One side of an encoded corpus; in memory or mapped from files.

    Args:
        ids: integer array `(M,)`. The rows, one after the other.
        offsets: int64 array `(N + 1,)`. Row `i` is
            `ids[offsets[i]:offsets[i + 1]]`.
        unsliced_lengths: int32 array `(N,)`. Lengths before truncation.
        counts: three ints: tokens of the text, cut off, unknown.
        fingerprint: str or None. `fingerprint_of` the table, where it is
            known already.
    """

    def __init__(
        self, ids, offsets, unsliced_lengths, counts, fingerprint=None
    ):
        self.ids = ids
        self.begins = offsets[:-1]
        self.unsliced_lengths = unsliced_lengths
        self.counts = tuple(int(count) for count in counts)
        self.lengths = np.diff(offsets).astype(np.int32)
        self._fingerprint = fingerprint

    @classmethod
    def join(cls, encoded):
        """Builds a table from a sequence of `EncodedLines`."""
        ids, lengths, unsliced, counts = zip(*encoded, strict=True)
        return cls(
            np.concatenate(ids),
            offsets_of(np.concatenate(lengths)),
            np.concatenate(unsliced),
            np.sum(counts, axis=0),
        )

    def __len__(self):
        return len(self.lengths)

    def row(self, index):
        """Ids of one row, int32 `(L,)`."""
        begin = self.begins[index]
        return self.ids[begin : begin + self.lengths[index]].astype(np.int32)

    def take(self, indices, specials=0):
        """Some of the rows, whose ids are not copied.

        Args:
            indices: int array `(n,)`.
            specials: int. Tokens that `unsliced_lengths` counts in a row
                beside those of the text.

        Returns:
            `TokenTable`.
        """
        taken = copy.copy(self)
        vars(taken).pop("fingerprint", None)
        taken.begins = self.begins[indices]
        taken.lengths = self.lengths[indices]
        taken.unsliced_lengths = self.unsliced_lengths[indices]
        chosen = np.ascontiguousarray(indices, "<i8").tobytes()
        digest = hashlib.sha256(self.fingerprint.encode() + chosen)
        taken._fingerprint = digest.hexdigest()
        unsliced = taken.unsliced_lengths.astype(np.int64)
        taken.counts = (
            int(unsliced.sum()) - specials * len(taken),
            int(np.maximum(unsliced - taken.lengths, 0).sum()),
            taken._count(UNKNOWN),
        )
        return taken

    def gather(self, indices):
        """Ids of several rows.

        Args:
            indices: int array `(B,)`.

        Returns:
            the ids, one row after the other `(sum of lengths,)`, and the
            lengths int32 `(B,)`.
        """
        lengths = self.lengths[indices]
        ends = np.cumsum(lengths, dtype=np.int64)
        total = int(ends[-1]) if len(ends) else 0
        # Where each row begins in `ids` minus where it begins in the result.
        shifts = self.begins[indices] - (ends - lengths)
        return self.ids[np.repeat(shifts, lengths) + np.arange(total)], lengths

    def _count(self, token):
        parts = range(0, len(self), ROWS_AT_ONCE)
        rows = np.arange(len(self))
        return sum(
            int(np.count_nonzero(self.gather(part)[0] == token))
            for part in (rows[i : i + ROWS_AT_ONCE] for i in parts)
        )

    @functools.cached_property
    def fingerprint(self):
        """Hexadecimal sha256 of the rows."""
        if self._fingerprint is not None:
            return self._fingerprint
        return fingerprint_of([self.ids], [self.lengths])

    @property
    def statistics(self):
        """Tokens in the text and the shares truncated and unknown."""
        tokens, cut, unknown = self.counts
        return {
            "tokens": tokens,
            "truncated_share": cut / max(tokens, 1),
            "unknown_share": unknown / max(tokens - cut, 1),
            "longest": int(self.unsliced_lengths.max(initial=0)),
        }


def offsets_of(lengths):
    """Offsets int64 `(N + 1,)` of rows with the lengths `(N,)`."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def fingerprint_of(ids, lengths):
    """Hexadecimal sha256 of rows, whatever the type or the parts they have.

    Args:
        ids: iterable of integer arrays, together the rows one after the other.
        lengths: iterable of integer arrays, together their lengths.
    """
    digest = hashlib.sha256()
    for parts in (ids, lengths):
        for part in parts:
            digest.update(np.ascontiguousarray(part, "<i4"))
    return digest.hexdigest()
