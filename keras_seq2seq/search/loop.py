"""The loop that all searches share, in pieces that can be joined.

Sources end at different times. A search that stops when many have ended can
go on with the others alone, see `keras_seq2seq.search.compaction`.
"""

from typing import Any, NamedTuple

from keras import ops

from keras_seq2seq.search.carry import keep_shape
from keras_seq2seq.search.history import History, empty_history, record


class Trail(NamedTuple):
    """A search under way.

    Attributes:
        state: NamedTuple with at least `time`, int32 scalar, `words (B, K)`
            and `live`, bool `(B,)`; all other tensors in it begin with B too.
        history: History of B sources.
    """

    state: Any
    history: History


def first_step(advance, state, limits):
    """The trail of one step.

    It stands alone because its shapes differ: one hypothesis a source is
    extended to several.

    Args:
        advance: callable `state -> (state, parents, kept)`; `kept` is a dict
            of what the history holds beside words and parents.
        state: the search's state in front of it.
        limits: Limits.
    """
    state, parents, kept = advance(state)
    history = empty_history(limits.longest(), state.words, kept)
    history = record(history, 0, state.words, parents, kept)
    return Trail(state, history)


def more_steps(advance, trail, until=0):
    """Goes on until at most `until` sources are live.

    Args:
        advance: callable `state -> (state, parents, kept)`.
        trail: Trail.
        until: int or int32 scalar.
    """

    def body(state, history):
        after, parents, kept = advance(state)
        after = keep_shape(after, state)
        return after, record(history, state.time, after.words, parents, kept)

    def enough(state, history):
        return ops.sum(ops.cast(state.live, "int32")) > until

    return Trail(*ops.while_loop(enough, body, tuple(trail)))
