"""From back-pointers to sequences, once, when the search has ended."""

from keras import ops

from keras_seq2seq.search.carry import select
from keras_seq2seq.tokens import PAD


def trace_back(parents, last_steps, last_slots):
    """The slots that each hypothesis lived in.

    Args:
        parents: int32 tensor `(L, B, K)`. The slot, one step earlier, of the
            hypothesis that slot k extends.
        last_steps: int32 tensor `(B, N)`. The step of the last token.
        last_slots: int32 tensor `(B, N)`. The slot at that step.

    Returns:
        int32 tensor `(L, B, N)`; at steps past the last, `last_slots`.
    """

    def going_on(time, slots, visited):
        return time >= 0

    def back(time, slots, visited):
        index = ops.reshape(time, (1, 1))
        visited = ops.scatter_update(visited, index, slots[None])
        earlier = ops.take_along_axis(parents[time], slots, axis=1)
        slots = ops.where(time <= last_steps, earlier, slots)
        return time - 1, slots, visited

    visited = ops.zeros_like(parents[:, :, :1]) + last_slots  # (L, B, N)
    first = ops.cast(ops.max(last_steps), "int32")
    return ops.while_loop(going_on, back, (first, last_slots, visited))[2]


def read_path(words, slots, last_steps):
    """The tokens along a path.

    Args:
        words: int32 tensor `(L, B, K)`. The token written in each slot.
        slots: int32 tensor `(L, B, N)`, from `trace_back`.
        last_steps: int32 tensor `(B, N)`; -1 for an empty hypothesis.

    Returns:
        int32 tensor `(B, N, L)`, PAD after the last step.
    """
    ids = ops.take_along_axis(words, slots, axis=2)
    ids = ops.where(_within(ids, last_steps), ids, PAD)
    return ops.transpose(ids, (1, 2, 0))


def read_attention(attention, parents, slots, last_steps):
    """The attention along a path: each row is what the parent looked at.

    Args:
        attention: float tensor `(L, B, K, S)`, before reordering.
        parents: int32 tensor `(L, B, K)`.
        slots: int32 tensor `(L, B, N)`, from `trace_back`.
        last_steps: int32 tensor `(B, N)`.

    Returns:
        float tensor `(B, N, L, S)`, zero after the last step.
    """
    looked = ops.take_along_axis(parents, slots, axis=2)  # (L, B, N)
    length, batch, count = ops.shape(looked)
    _, _, beams, positions = ops.shape(attention)
    rows = select(
        ops.reshape(attention, (-1, beams, positions)),
        ops.reshape(looked, (-1, count)),
    )
    rows = ops.reshape(rows, (length, batch, count, positions))
    within = _within(looked, last_steps)[..., None]
    rows = ops.where(within, rows, ops.zeros_like(rows))
    return ops.transpose(rows, (1, 2, 0, 3))


def _within(steps, last_steps):
    times = ops.arange(ops.shape(steps)[0], dtype="int32")
    return times[:, None, None] <= last_steps
