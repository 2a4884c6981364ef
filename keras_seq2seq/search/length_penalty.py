"""The divisor that makes hypotheses of unequal length comparable."""

import dataclasses

from keras import ops


@dataclasses.dataclass(frozen=True)
class LengthPenalty:
    """`((offset + n) / (offset + 1)) ** weight`, a divisor of nats.

    Weight 0 ranks by summed log-probability; weight 1 with offset 0 by its
    mean.

    Args:
        weight: float, at least 0, without unit (GNMT's alpha).
        offset: float, at least 0, in tokens (5 in GNMT, 0 in Sockeye).
        count_end: bool. Whether n counts END (not in google/seq2seq, so in
            Sockeye).

    Call arguments:
        lengths: int tensor of any shape. The n of the formula.

    Returns:
        float32 tensor of that shape.

    Raises:
        ValueError: if an argument is out of range, or an empty hypothesis
            would be divided by zero.

    Source:
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144), eq. 14.
    """

    weight: float = 0.0
    offset: float = 5.0
    count_end: bool = False

    def __post_init__(self):
        # Written so that NaN is refused too.
        if not (0 <= self.weight < float("inf")):
            raise ValueError(
                "The length penalty must be a finite number of at least 0. "
                f"Received: {self.weight!r}"
            )
        if not (0 <= self.offset < float("inf")):
            raise ValueError(
                "The penalty's offset must be a finite number of at least 0. "
                f"Received: {self.offset!r}"
            )
        if self.weight and not self.offset and not self.count_end:
            raise ValueError(
                "With a penalty offset of 0 an empty hypothesis is divided by "
                "zero: use `count_end=True`, or an offset above 0. Received: "
                f"offset={self.offset!r}, count_end={self.count_end!r}"
            )

    def __call__(self, lengths):
        lengths = ops.cast(lengths, "float32")
        if not self.weight:
            return ops.ones_like(lengths)
        ratio = (self.offset + lengths) / (self.offset + 1.0)
        return ops.power(ratio, float(self.weight))
