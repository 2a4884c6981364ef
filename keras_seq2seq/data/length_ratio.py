"""How much longer targets are than sources."""

import math
from typing import NamedTuple


class LengthRatio(NamedTuple):
    """Mean and spread of target length over source length.

    Lengths are real tokens, without START and END. The mean is of ratios, not
    the ratio of means.

    Attributes:
        mean: float.
        std: float. Of the population.
    """

    mean: float
    std: float

    @property
    def limit(self):
        """The ratio beyond which a target is unlikely: mean + 2 std.

        Source:
            Sockeye 1, `inference.py`: `get_max_input_output_length`.
        """
        return self.mean + 2 * self.std


def length_ratio(source_lengths, target_lengths):
    """The `LengthRatio` of pairs; pairs with an empty side do not count.

    Args:
        source_lengths, target_lengths: int arrays `(N,)`. Tokens.

    Returns:
        `LengthRatio`; a mean of 1 and a std of 0 where no pair counts.
    """
    real = (source_lengths > 0) & (target_lengths > 0)
    if not real.any():
        return LengthRatio(1.0, 0.0)
    ratios = target_lengths[real] / source_lengths[real]
    return LengthRatio(float(ratios.mean()), float(ratios.std()))


def longest_target(ratio, source_length, step=10, longest=None):
    """Most words of a target, by the length of its source.

    Short sources get what a source of `step` tokens gets, so that one word may
    become several; a length never depends on the other sources of a batch.

    Args:
        ratio: float > 0. Target words per source token.
        source_length: int. Tokens of the source, END not counted.
        step: int. Source lengths are rounded up to its multiples.
        longest: int or None. But not beyond this.

    Returns:
        int, at least 1, END not counted.
    """
    rounded = -(-source_length // step) * step
    if longest is not None:
        rounded = max(min(rounded, longest), source_length)
    # 1.5 * 20 must be 30 however mean and std were rounded.
    return max(math.ceil(ratio * rounded - 1e-6), 1)
