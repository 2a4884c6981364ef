"""Greedy search: the likeliest token, step by step."""

import dataclasses

from keras import ops

from keras_seq2seq.search.beam_step import forbid_end
from keras_seq2seq.search.history import read
from keras_seq2seq.search.hypotheses import Hypotheses
from keras_seq2seq.search.single_path import PathLoop
from keras_seq2seq.search.temperature import (
    check_temperature,
    with_temperature,
)
from keras_seq2seq.search.top_tokens import top_tokens


@dataclasses.dataclass(frozen=True)
class GreedySearch:
    """Takes the likeliest token at each step.

    Args:
        ban_unknown: bool. If True, UNKNOWN is never generated.
        temperature: float above 0, without unit. Divides the logits, which
            changes `log_probs` and not the text.
        with_attention: bool. If True, attention is returned; costs memory.

    Call arguments:
        step: callable as for `BeamSearch`.
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
            logits = with_temperature(logits, self.temperature)
            ids, log_probs = top_tokens(logits, 1, self.ban_unknown)
            log_probs = forbid_end(log_probs, limits.end_allowed(time))
            best = ops.argmax(log_probs, axis=-1, keepdims=True)  # (B, 1, 1)
            return (
                ops.take_along_axis(ids, best, axis=-1)[..., 0],
                ops.max(log_probs, axis=-1),
            )

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
        return Hypotheses(
            ids, paths.lengths, paths.log_probs, paths.log_probs, attention
        )
