"""How much of the source the attention has seen."""

from keras import ops

SMALLEST = 1e-30  # below it, attention in the first step means padding


def first_coverage(attention):
    """Coverage after the first step, which also tells padding from words.

    Attention is exactly zero at padding and nowhere else; such positions count
    as covered from the start, so the penalty never sees them.

    Args:
        attention: float tensor `(B, K, S)` of the first step.

    Returns:
        float32 tensor `(B, K, S)`, positive.
    """
    attention = ops.cast(attention, "float32")
    return ops.where(attention > SMALLEST, attention, 1.0)


def add_coverage(coverage, attention, finished):
    """Coverage after one more step; that of finished hypotheses stays.

    Args:
        coverage: float32 tensor `(B, K, S)`.
        attention: float tensor `(B, K, S)` of this step.
        finished: bool tensor `(B, K)`.

    Returns:
        float32 tensor `(B, K, S)`.
    """
    attention = ops.cast(attention, "float32")
    return coverage + ops.where(finished[..., None], 0.0, attention)


def coverage_score(coverage, weight):
    """GNMT's coverage penalty, at most 0, to be added to a score.

    It grows, if at all, with every step: coverage is a sum of what is not
    negative.

    Args:
        coverage: float32 tensor `(B, K, S)`.
        weight: float, at least 0 (GNMT's beta), in nats.

    Returns:
        float32 tensor `(B, K)`.

    Source:
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144), eq. 14.
    """
    return weight * ops.sum(ops.log(ops.minimum(coverage, 1.0)), axis=-1)
