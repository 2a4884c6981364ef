"""Rows of unequal length as one array."""

import numpy as np


def real_places(lengths, width):
    """Bool `(B, width)`, True in front of each row's length."""
    return np.arange(width) < lengths[:, None]


def padded_rows(ids, lengths, rows, width):
    """Int32 `(rows, width)` of ids that follow one another, right-padded.

    Args:
        ids: int array `(sum of lengths,)`.
        lengths: int array `(n,)`, n at most `rows`.
        rows, width: int. What is not in a row is 0.
    """
    table = np.zeros((rows, width), np.int32)
    table[: len(lengths)][real_places(lengths, width)] = ids
    return table
