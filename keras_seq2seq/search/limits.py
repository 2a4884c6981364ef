"""How long a generated sequence may and must be."""

import dataclasses
import numbers
from typing import Any

import keras
import numpy as np
from keras import ops


@dataclasses.dataclass(frozen=True, eq=False)
class Limits:
    """Bounds of a search, for all sources alike or for each its own.

    The search takes `max_length` steps, and END needs a step as a word does:
    a finished hypothesis has at most `max_length - 1` words, an unfinished one
    exactly `max_length`. END is never forced. So it was in google/seq2seq
    (`max_decode_length`).

    Args:
        max_length: int or int32 tensor `(B,)`, at least 1. Generated tokens,
            START not counted. Under JAX's `jit` an int or a numpy array,
            since it decides the shape of the result.
        min_length: int or int32 tensor `(B,)`. Words before END is allowed.

    Raises:
        ValueError: if an int is out of range, or END could never be reached.
    """

    max_length: Any
    min_length: Any = 0

    def __post_init__(self):
        for name, least in (("max_length", 1), ("min_length", 0)):
            value = getattr(self, name)
            if isinstance(value, numbers.Number) and not _whole(value, least):
                raise ValueError(
                    f"`{name}` must be a whole number of at least {least}, or "
                    f"an int tensor `(B,)`. Received: {name}={value!r}"
                )
        both = (self.max_length, self.min_length)
        if all(map(_is_int, both)) and self.min_length >= self.max_length:
            raise ValueError(
                "`min_length` must be less than `max_length`, or END is never "
                f"allowed. Received: min_length={self.min_length}, "
                f"max_length={self.max_length}"
            )

    def longest(self):
        """The greatest `max_length`: int, or int32 scalar on TensorFlow."""
        if _is_int(self.max_length):
            return int(self.max_length)
        if isinstance(self.max_length, np.ndarray):
            return max(1, int(self.max_length.max()))
        longest = ops.max(self.maxima())
        if keras.backend.backend() == "tensorflow":
            return longest
        return int(longest)

    def maxima(self):
        """`max_length` as an int32 tensor `(B,)` or `(1,)`, at least 1."""
        return ops.maximum(_vector(self.max_length), 1)

    def minima(self):
        """`min_length` as an int32 tensor `(B,)` or `(1,)`."""
        return _vector(self.min_length)

    def end_allowed(self, time):
        """Where END may be the token after `time` words; None: everywhere.

        Returns:
            bool tensor `(B, 1)` or `(1, 1)`, or None.
        """
        if _is_int(self.min_length) and self.min_length == 0:
            return None
        return (time >= self.minima())[:, None]


def _is_int(value):
    return isinstance(value, numbers.Integral)


def _whole(value, least):
    return _is_int(value) and not isinstance(value, bool) and value >= least


def _vector(value):
    return ops.reshape(ops.cast(ops.convert_to_tensor(value), "int32"), (-1,))
