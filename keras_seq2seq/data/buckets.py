"""Which lengths share a bucket: the exact rule, and boundaries from data."""

import numpy as np

CANDIDATES = 512  # lengths at which `choose_boundaries` tries to cut, at most


def check_boundaries(boundaries):
    """Boundaries as a tuple of ints.

    Raises:
        ValueError: unless they are positive and strictly increasing.
    """
    values = tuple(int(b) for b in boundaries)
    if any(b < 1 for b in values) or list(values) != sorted(set(values)):
        raise ValueError(
            "Bucket boundaries must be positive and strictly increasing. "
            f"Received: {list(boundaries)}"
        )
    return values


def assign(lengths, boundaries):
    """Bucket of each length; bucket i holds `b[i-1] <= length < b[i]`.

    Args:
        lengths: int array `(N,)`. The source, END included, before truncation.
        boundaries: n strictly increasing ints; they make n + 1 buckets.

    Returns:
        int array `(N,)` in `[0, n]`, of the smallest type that holds n.

    Source:
        google/seq2seq, `training/utils.py`: `bucket_by_sequence_length`.
    """
    boundaries = check_boundaries(boundaries)
    edges = np.asarray(boundaries, np.int64)
    # Sorting by a narrow type is a fast radix sort.
    dtype = np.uint8 if len(boundaries) < 256 else np.uint32
    return np.searchsorted(edges, lengths, side="right").astype(dtype)


def choose_boundaries(lengths, count, rows=1):
    """Boundaries that pad least if every row is as wide as its bucket.

    Dynamic programming over the lengths that occur; exact unless more than 512
    different ones do, which are then thinned. Fewer buckets are made where
    more would pad more, because of their incomplete batches.

    Args:
        lengths: int array `(N,)`.
        count: int. Number of buckets, at most.
        rows: int. Rows of a batch, dummies included.

    Returns:
        tuple of at most `count - 1` ints for `assign`.
    """
    if count < 1 or rows < 1:
        raise ValueError(
            "`count` and `rows` must be at least 1. "
            f"Received: count={count}, rows={rows}"
        )
    tops, pairs = _candidates(np.asarray(lengths))
    before = np.concatenate([[0], np.cumsum(pairs)])
    # cost[i, j]: cells of one bucket that holds the candidates i to j.
    members = before[None, 1:] - before[:-1, None]
    cost = tops[None, :] * (-(-members // rows) * rows).astype(float)
    cost[np.tril_indices(len(tops), -1)] = np.inf
    totals, cuts = [cost[0]], []
    for _ in range(min(count, len(tops)) - 1):
        # total[i, j]: the bucket that ends at j begins at i.
        total = np.append(np.inf, totals[-1][:-1])[:, None] + cost
        cuts.append(total.argmin(axis=0))
        totals.append(total.min(axis=0))
    best = int(np.argmin([total[-1] for total in totals]))
    return _trace_back(tops, cuts[:best])


def _candidates(lengths):
    values, rows = np.unique(lengths, return_counts=True)
    if len(values) <= CANDIDATES:
        return values, rows
    # Keep the top of each group; its rows are counted as long as the top.
    ends = np.linspace(0, len(values) - 1, CANDIDATES).round().astype(int)
    below = np.concatenate([[0], np.cumsum(rows)[ends]])
    return values[ends], np.diff(below)


def _trace_back(tops, cuts):
    boundaries, end = [], len(tops) - 1
    for begins in reversed(cuts):
        begin = int(begins[end])
        end = begin - 1
        boundaries.append(int(tops[end]) + 1)
    return tuple(reversed(boundaries))
