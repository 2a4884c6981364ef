"""The best closed hypotheses so far, which no live one can push out."""

from typing import Any, NamedTuple

from keras import ops


class Pool(NamedTuple):
    """N hypotheses of each source, best first; all tensors `(B, N)`.

    Attributes:
        scores: float32, -inf where there is none yet.
        log_probs: float32, nats.
        steps: int32. The step of the last token, -1 where there is none yet.
        slots: int32. Its slot at that step.
    """

    scores: Any
    log_probs: Any
    steps: Any
    slots: Any


def empty_pool(batch, count):
    """A pool without hypotheses."""
    nothing = ops.full((batch, count), -float("inf"), dtype="float32")
    nowhere = ops.full((batch, count), -1, dtype="int32")
    return Pool(nothing, nothing, nowhere, ops.zeros_like(nowhere))


def admit(pool, closed, scores, log_probs, time):
    """The best of the pool and of the hypotheses just closed.

    Args:
        pool: Pool with `(B, N)` tensors.
        closed: bool tensor `(B, K)`. Which slots are candidates.
        scores: float32 tensor `(B, K)`.
        log_probs: float32 tensor `(B, K)`.
        time: int32 scalar. The step of their last token.

    Returns:
        Pool. At equal scores the earlier hypothesis comes first.
    """
    closed = ops.logical_and(closed, log_probs > -float("inf"))
    slots = ops.arange(scores.shape[1], dtype="int32")
    slots = ops.zeros_like(closed, dtype="int32") + slots
    entrants = Pool(
        ops.where(closed, scores, -float("inf")),
        ops.where(closed, log_probs, -float("inf")),
        ops.where(closed, ops.cast(time, "int32"), -1),
        slots,
    )
    joined = [
        ops.concatenate(pair, axis=1)
        for pair in zip(pool, entrants, strict=True)
    ]
    index = ops.top_k(joined[0], pool.scores.shape[1])[1]
    return Pool(*(ops.take_along_axis(rows, index, axis=1) for rows in joined))
