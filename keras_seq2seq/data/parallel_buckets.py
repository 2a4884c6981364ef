"""Buckets of both sides at once: pairs of lengths, as in Sockeye."""

import dataclasses

import numpy as np

MANY = 32  # buckets; each is a shape that a compiler compiles for
SHORTEST = 2  # tokens of a bucket's side


@dataclasses.dataclass(frozen=True)
class PairBuckets:
    """Which buckets of both sides are wanted.

    Args:
        width: int or None. Tokens by which the longer side grows from bucket
            to bucket; None for one bucket that holds everything.
        max_buckets: int or None. Most buckets; the least populated
            neighbours are merged.
        max_source, max_target: int or None. Tokens of the largest bucket's
            sides; None for those of the longest text.
    """

    width: int | None = 10
    max_buckets: int | None = None
    max_source: int | None = None
    max_target: int | None = None

    def __post_init__(self):
        for name, value in dataclasses.asdict(self).items():
            if value is not None and value < 1:
                raise ValueError(
                    f"`{name}` must be at least 1, or None. Received: {value}"
                )

    def of(self, source_lengths, target_lengths, ratio):
        """The buckets of pairs, and the bucket of each pair.

        Args:
            source_lengths, target_lengths: int arrays `(N,)`. Tokens.
            ratio: float. Mean of target length over source length.

        Returns:
            list of pairs `(source, target)` of int, rising, and int array
            `(N,)` of places in it.

        Raises:
            ValueError: a pair that is longer than the largest bucket.
        """
        buckets = parallel_buckets(
            self.max_source or int(source_lengths.max(initial=1)),
            self.max_target or int(target_lengths.max(initial=1)),
            self.width,
            ratio,
        )
        places = assign_pairs(source_lengths, target_lengths, buckets)
        over = np.count_nonzero(places == len(buckets))
        if over:
            raise ValueError(
                f"{over} pairs are longer than the largest bucket "
                f"{buckets[-1]}. Leave them out or cut them off before."
            )
        if self.max_buckets is not None:
            counts = np.bincount(places, minlength=len(buckets))
            buckets = merge_buckets(buckets, counts, self.max_buckets)
            places = assign_pairs(source_lengths, target_lengths, buckets)
        return buckets, places


def parallel_buckets(max_source, max_target, width=10, ratio=1.0):
    """Pairs of lengths whose longer side grows by `width`.

    Args:
        max_source, max_target: int >= 1. Sides of the largest bucket.
        width: int >= 1; None for the largest bucket alone.
        ratio: float > 0. Mean of target length over source length.

    Returns:
        list of pairs `(source, target)` of int, rising in both.

    Source:
        Sockeye 1.18, `data_io.py`: `define_parallel_buckets`.
    """
    largest = (max(max_source, SHORTEST), max(max_target, SHORTEST))
    if width is None:
        return [largest]
    steps = (width, max(1, round(width * ratio)))
    if ratio >= 1:
        steps = (max(1, round(width / ratio)), width)
    sides = [
        [*range(step, most, step), most]
        for step, most in zip(steps, (max_source, max_target), strict=True)
    ]
    count = max(map(len, sides))
    sides = [side + side[-1:] * (count - len(side)) for side in sides]
    pairs = zip(*sides, strict=True)
    return sorted({(max(s, SHORTEST), max(t, SHORTEST)) for s, t in pairs})


def assign_pairs(source_lengths, target_lengths, buckets):
    """The first bucket that holds both sides of each pair.

    Args:
        source_lengths, target_lengths: int arrays `(N,)`. Tokens.
        buckets: of `parallel_buckets`.

    Returns:
        int array `(N,)` in `[0, len(buckets)]`; the last: none holds it.
    """
    # Both sides rise along the list, so the later of two places holds both.
    sources, targets = np.transpose(buckets)
    return np.maximum(
        np.searchsorted(sources, source_lengths),
        np.searchsorted(targets, target_lengths),
    )


def merge_buckets(buckets, counts, most):
    """Fewer buckets: neighbours that hold least together become one.

    Args:
        buckets: of `parallel_buckets`.
        counts: ints, as many. Pairs in each.
        most: int >= 1. Buckets that may remain.

    Returns:
        list of pairs, a part of `buckets`.
    """
    left = [(*bucket, int(count)) for bucket, count in
            zip(buckets, counts, strict=True)]  # fmt: skip
    while len(left) > most:
        together = [a[2] + b[2] for a, b in zip(left, left[1:], strict=False)]
        first = together.index(min(together))
        left[first : first + 2] = [(*left[first + 1][:2], together[first])]
    return [(source, target) for source, target, _ in left]
