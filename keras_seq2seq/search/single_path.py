"""The loop of searches whose hypotheses never change places."""

from typing import Any, NamedTuple

from keras import ops

from keras_seq2seq.search.carry import batch_size, select
from keras_seq2seq.search.loop import first_step, more_steps
from keras_seq2seq.tokens import END, PAD, START


class Paths(NamedTuple):
    """P independent hypotheses of each source.

    Attributes:
        time: int32 scalar. Steps taken.
        words: int32 tensor `(B, P)`. The last tokens, PAD once done.
        carry: nest of tensors `(B, P, ...)`.
        log_probs: float32 tensor `(B, P)`, nats.
        lengths: int32 tensor `(B, P)`. Tokens so far, with END.
        done: bool tensor `(B, P)`.
        live: bool tensor `(B,)`. Where not all are done.
    """

    time: Any
    words: Any
    carry: Any
    log_probs: Any
    lengths: Any
    done: Any
    live: Any


class PathLoop(NamedTuple):
    """Extends each hypothesis by one token at a time.

    Attributes:
        step: callable as for `BeamSearch`.
        memory: nest of tensors `(B, ...)`.
        limits: Limits.
        choose: callable `(logits (B, 1 or P, V), time) -> (words, log_probs)`,
            both `(B, P)`.
        count: int. Hypotheses of each source (P).
        with_attention: bool. If True, the history holds attention.
    """

    step: Any
    memory: Any
    limits: Any
    choose: Any
    count: int = 1
    with_attention: bool = False

    def start(self, carry):
        """The Trail of the first step.

        Args:
            carry: nest of tensors `(B, 1, ...)`.

        Raises:
            ValueError: if attention is wanted and the step function has none.
        """
        trail = first_step(
            self._advance,
            _first(self.memory, carry, self.count),
            self.limits,
        )
        # Step one has a single slot, whose carry all hypotheses share.
        begin = ops.zeros_like(trail.state.words)
        carry = select(trail.state.carry, begin)
        return trail._replace(state=trail.state._replace(carry=carry))

    def extend(self, trail, until=0):
        """Goes on until at most `until` sources are live."""
        return more_steps(self._advance, trail, until)

    def _advance(self, paths):
        logits, carry, attention = self.step(
            paths.words, self.memory, paths.carry
        )
        if self.with_attention and attention is None:
            raise ValueError(
                "`with_attention` needs a step function that returns "
                "attention. Received: None as its third value"
            )
        chosen = self.choose(logits, paths.time)
        paths = _extend(paths._replace(carry=carry), *chosen, self.limits)
        stay = ops.zeros_like(paths.words)
        stay = stay + ops.arange(self.count, dtype="int32")
        kept = {"attention": attention} if self.with_attention else {}
        return paths, stay, kept


def _first(memory, carry, count):
    batch = batch_size(memory, carry)
    return Paths(
        time=ops.convert_to_tensor(0, dtype="int32"),
        words=ops.full((batch, 1), START, dtype="int32"),
        carry=carry,
        log_probs=ops.zeros((batch, count), dtype="float32"),
        lengths=ops.zeros((batch, count), dtype="int32"),
        done=ops.zeros((batch, count), dtype="bool"),
        live=ops.ones((batch,), dtype="bool"),
    )


def _extend(paths, words, log_probs, limits):
    live = ops.logical_not(paths.done)
    words = ops.where(live, words, PAD)
    over = (paths.time + 1 >= limits.maxima())[:, None]
    ended = ops.logical_or(words == END, over)
    done = ops.logical_or(paths.done, ended)
    return Paths(
        time=paths.time + 1,
        words=words,
        carry=paths.carry,
        log_probs=paths.log_probs + ops.where(live, log_probs, 0.0),
        lengths=paths.lengths + ops.cast(live, "int32"),
        done=done,
        live=ops.any(ops.logical_not(done), axis=1),
    )
