"""Greedy search: the likeliest token, step by step."""

import dataclasses

from keras import ops

from keras_seq2seq.search.beam_step import forbid_end
from keras_seq2seq.search.history import read
from keras_seq2seq.search.hypotheses import Hypotheses
from keras_seq2seq.search.screened import Screened
from keras_seq2seq.search.single_path import PathLoop
from keras_seq2seq.search.temperature import (
    check_temperature,
    with_temperature,
)
from keras_seq2seq.search.top_tokens import (
    allowed,
    top_logits,
    top_tokens,
)


@dataclasses.dataclass(frozen=True)
class GreedySearch:
    """Takes the likeliest token at each step.

    Args:
        ban_unknown: bool. If True, UNKNOWN is never generated.
        temperature: float above 0, without unit. Divides the logits, which
            changes `log_probs` and not the text.
        with_attention: bool. If True, attention is returned; costs memory.
        with_log_probs: bool. If False, `log_probs` and `scores` are None,
            which is faster.

    Call arguments:
        step: callable as for `BeamSearch`; without `with_log_probs` it may
            return `Screened` in place of logits.
        memory: nest of tensors `(B, ...)`, handed on untouched.
        carry: nest of tensors `(B, 1, ...)`.
        limits: Limits.

    Returns:
        Hypotheses with N = 1; `scores` is `log_probs`.

    Raises:
        ValueError: if the temperature is out of range, or attention is wanted
            and the step function has none.
    """

    ban_unknown: bool = False
    temperature: float = 1.0
    with_attention: bool = False
    with_log_probs: bool = True

    def __post_init__(self):
        check_temperature(self.temperature)

    def __call__(self, step, memory, carry, limits):
        trail = self.start(step, memory, carry, limits)
        return self.finish(self.extend(step, memory, trail, limits))

    def start(self, step, memory, carry, limits):
        """The Trail of the first step."""
        return self._loop(step, memory, limits).start(carry)

    def extend(self, step, memory, trail, limits, until=0):
        """Goes on until at most `until` sources are live."""
        return self._loop(step, memory, limits).extend(trail, until)

    def _loop(self, step, memory, limits):
        def choose(logits, time):
            end_allowed = limits.end_allowed(time)
            if not self.with_log_probs:
                words = best_tokens(logits, end_allowed, self.ban_unknown)
                return words, ops.zeros_like(words, dtype="float32")
            logits = with_temperature(logits, self.temperature)
            ids, log_probs = top_tokens(logits, 1, self.ban_unknown)
            log_probs = forbid_end(log_probs, end_allowed)
            return _first_best(ids, log_probs), ops.max(log_probs, axis=-1)

        return PathLoop(
            step,
            memory,
            limits,
            choose,
            with_attention=self.with_attention,
        )

    def finish(self, trail):
        """Hypotheses of a Trail none of whose sources is live."""
        paths = trail.state
        last_steps = paths.lengths - 1
        ids, attention = read(
            trail.history, last_steps, ops.zeros_like(last_steps)
        )
        log_probs = paths.log_probs if self.with_log_probs else None
        return Hypotheses(ids, paths.lengths, log_probs, log_probs, attention)


def best_tokens(logits, end_allowed=None, ban_unknown=False):
    """The likeliest token after each hypothesis.

    Args:
        logits: float tensor `(B, K, V)`, or `Screened`.
        end_allowed: bool tensor `(B, 1)` or `(1, 1)`, or None for everywhere.
        ban_unknown: bool. If True, UNKNOWN is none.

    Returns:
        int32 tensor `(B, K)`.
    """
    if not isinstance(logits, Screened):
        ids, values = top_logits(logits, 1, ban_unknown)
        return _first_best(ids, forbid_end(values, end_allowed))
    ids, values = allowed(logits.logits, logits.ids, logits.end, ban_unknown)
    values = forbid_end(values, end_allowed)
    words = _first_best(ids, values)
    sure = ops.all(ops.max(values, axis=-1) > logits.bound, axis=-1)

    def with_all_logits():
        (rows,) = ops.nonzero(ops.logical_not(sure))
        rows = ops.cast(rows, "int32")
        allowed_here = end_allowed
        if end_allowed is not None:
            of_each = ops.logical_and(end_allowed, ops.ones_like(sure)[:, None])
            allowed_here = ops.take(of_each, rows, axis=0)
        found = best_tokens(logits.all_logits(rows), allowed_here, ban_unknown)
        return ops.scatter_update(words, rows[:, None], found)

    return ops.cond(ops.all(sure), lambda: words, with_all_logits)


def _first_best(ids, values):
    best = ops.argmax(values, axis=-1, keepdims=True)
    return ops.take_along_axis(ids, best, axis=-1)[..., 0]
