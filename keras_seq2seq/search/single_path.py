"""The loop of searches whose hypotheses never change places."""

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_seq2seq.search.carry import batch_size, keep_shape, select
from keras_seq2seq.search.history import empty_history, record
from keras_seq2seq.tokens import END, PAD, START


class Paths(NamedTuple):
    """P independent hypotheses of each source.

    Attributes:
        time: int32 scalar. Steps taken.
        words: int32 tensor `(B, P)`. The last tokens, PAD once done.
        carry: flat list of tensors `(B, P, ...)`.
        log_probs: float32 tensor `(B, P)`, nats.
        lengths: int32 tensor `(B, P)`. Tokens so far, with END.
        done: bool tensor `(B, P)`.
    """

    time: Any
    words: Any
    carry: Any
    log_probs: Any
    lengths: Any
    done: Any


def follow_paths(
    step, memory, carry, limits, choose, count=1, with_attention=False
):
    """Extends each hypothesis by one token at a time until all are done.

    Args:
        step: callable as for `BeamSearch`.
        memory: nest of tensors `(B, ...)`.
        carry: nest of tensors `(B, 1, ...)`.
        limits: Limits.
        choose: callable `(logits (B, 1 or P, V), time) -> (words, log_probs)`,
            both `(B, P)`.
        count: int. Hypotheses of each source (P).
        with_attention: bool. If True, the history holds attention.

    Returns:
        tuple `(paths, history)` of Paths and History.

    Raises:
        ValueError: if attention is wanted and the step function has none.
    """

    def advance(paths):
        before = keras.tree.pack_sequence_as(carry, paths.carry)
        logits, after, attention = step(paths.words, memory, before)
        paths = paths._replace(carry=keras.tree.flatten(after))
        chosen = choose(logits, paths.time)
        return _extend(paths, *chosen, limits), attention

    def body(paths, history):
        after, attention = advance(paths)
        after = keep_shape(after, paths)
        return after, record(history, paths.time, after.words, stay, attention)

    def live(paths, history):
        return ops.any(ops.logical_not(paths.done))

    paths, attention = advance(_first(memory, carry, count))
    if with_attention and attention is None:
        raise ValueError(
            "`with_attention` needs a step function that returns attention. "
            "Received: None as its third value"
        )
    # Step one has a single slot, whose carry all hypotheses share.
    begin = ops.zeros_like(paths.words)
    stay = begin + ops.arange(count, dtype="int32")
    paths = paths._replace(carry=select(paths.carry, begin))
    history = empty_history(
        limits.longest(), begin, attention if with_attention else None
    )
    history = record(history, 0, paths.words, stay, attention)
    return ops.while_loop(live, body, (paths, history))


def _first(memory, carry, count):
    batch = batch_size(memory, carry)
    return Paths(
        time=ops.convert_to_tensor(0, dtype="int32"),
        words=ops.full((batch, 1), START, dtype="int32"),
        carry=keras.tree.flatten(carry),
        log_probs=ops.zeros((batch, count), dtype="float32"),
        lengths=ops.zeros((batch, count), dtype="int32"),
        done=ops.zeros((batch, count), dtype="bool"),
    )


def _extend(paths, words, log_probs, limits):
    live = ops.logical_not(paths.done)
    words = ops.where(live, words, PAD)
    over = (paths.time + 1 >= limits.maxima())[:, None]
    ended = ops.logical_or(words == END, over)
    return Paths(
        time=paths.time + 1,
        words=words,
        carry=paths.carry,
        log_probs=paths.log_probs + ops.where(live, log_probs, 0.0),
        lengths=paths.lengths + ops.cast(live, "int32"),
        done=ops.logical_or(paths.done, ended),
    )
