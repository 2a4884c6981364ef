"""What happened at each step: written once, never reordered, read at the end.

Prefixes are not moved from slot to slot while the search runs; each step
stores who extended whom, and the winners are traced back once.
"""

from typing import Any, NamedTuple

from keras import ops

from keras_seq2seq.search.trace_back import (
    read_attention,
    read_path,
    trace_back,
)


class History(NamedTuple):
    """All steps of a search over K slots.

    Attributes:
        words: int32 tensor `(L, B, K)`. What each slot wrote.
        parents: int32 tensor `(L, B, K)`. The slot it extended.
        attention: float tensor `(L, B, K, S)` of the slots before they were
            reordered, or `()`.
    """

    words: Any
    parents: Any
    attention: Any = ()


def empty_history(length, words, attention=None):
    """Room for `length` steps.

    Args:
        length: int or int32 scalar.
        words: int32 tensor `(B, K)`, for its shape.
        attention: float tensor `(B, 1, S)` or `(B, K, S)` for its shape and
            dtype, or None if it shall not be kept.
    """
    batch, slots = ops.shape(words)
    blank = ops.zeros((length, batch, slots), dtype="int32")
    if attention is None:
        return History(blank, blank)
    shape = (length, batch, slots, ops.shape(attention)[-1])
    return History(blank, blank, ops.zeros(shape, dtype=attention.dtype))


def record(history, time, words, parents, attention=None):
    """The history with one more step.

    Args:
        history: History.
        time: int or int32 scalar, from 0.
        words: int32 tensor `(B, K)`.
        parents: int32 tensor `(B, K)`.
        attention: float tensor `(B, 1, S)` or `(B, K, S)`; ignored if the
            history has no room for it.
    """
    kept = ()
    if not isinstance(history.attention, tuple):
        # The first step has one slot, the parent of all: give each its copy.
        attention = attention + ops.zeros_like(history.attention[0])
        kept = _write(history.attention, time, attention)
    return History(
        _write(history.words, time, words),
        _write(history.parents, time, parents),
        kept,
    )


def read(history, last_steps, last_slots):
    """Follows hypotheses back to their first token.

    Args:
        history: History.
        last_steps: int32 tensor `(B, N)`; -1 for an empty hypothesis.
        last_slots: int32 tensor `(B, N)`.

    Returns:
        tuple of ids `(B, N, L)` and attention `(B, N, L, S)` or None.
    """
    words, parents, attention = history
    slots = trace_back(parents, last_steps, last_slots)
    ids = read_path(words, slots, last_steps)
    if isinstance(attention, tuple):
        return ids, None
    return ids, read_attention(attention, parents, slots, last_steps)


def _write(steps, time, entry):
    index = ops.reshape(ops.convert_to_tensor(time, dtype="int32"), (1, 1))
    return ops.scatter_update(steps, index, entry[None])
