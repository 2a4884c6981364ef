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
        kept: dict of tensors `(L, B, K, ...)`. What else the search keeps of
            its steps, such as `"attention" (L, B, K, S)` of the slots before
            they were reordered.
    """

    words: Any
    parents: Any
    kept: dict


def empty_history(length, words, kept):
    """Room for `length` steps.

    Args:
        length: int or int32 scalar.
        words: int32 tensor `(B, K)`, for its shape.
        kept: dict of tensors `(B, 1, ...)` or `(B, K, ...)`, for their shapes
            and types.
    """
    batch, slots = ops.shape(words)
    blank = ops.zeros((length, batch, slots), dtype="int32")

    def room(entry):
        shape = (length, batch, slots, *ops.shape(entry)[2:])
        return ops.zeros(shape, dtype=entry.dtype)

    return History(blank, blank, {name: room(kept[name]) for name in kept})


def record(history, time, words, parents, kept):
    """The history with one more step.

    Args:
        history: History.
        time: int or int32 scalar, from 0.
        words: int32 tensor `(B, K)`.
        parents: int32 tensor `(B, K)`.
        kept: dict of tensors `(B, 1, ...)` or `(B, K, ...)`, the names of the
            history's own.
    """

    def write(name, steps):
        # The first step has one slot, the parent of all: give each its copy.
        return _write(steps, time, kept[name] + ops.zeros_like(steps[0]))

    return History(
        _write(history.words, time, words),
        _write(history.parents, time, parents),
        {name: write(name, steps) for name, steps in history.kept.items()},
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
    words, parents, kept = history
    slots = trace_back(parents, last_steps, last_slots)
    ids = read_path(words, slots, last_steps)
    if "attention" not in kept:
        return ids, None
    return ids, read_attention(kept["attention"], parents, slots, last_steps)


def _write(steps, time, entry):
    index = ops.reshape(ops.convert_to_tensor(time, dtype="int32"), (1, 1))
    return ops.scatter_update(steps, index, entry[None])
