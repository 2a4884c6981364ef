"""Sampling: texts drawn from the model's own distribution."""

import dataclasses
import numbers
from typing import Any

import keras
from keras import ops

from keras_seq2seq.search.carry import batch_size
from keras_seq2seq.search.history import read
from keras_seq2seq.search.hypotheses import Hypotheses
from keras_seq2seq.search.single_path import PathLoop
from keras_seq2seq.tokens import END, PAD, START, UNKNOWN


@dataclasses.dataclass(frozen=True)
class SamplingSearch:
    """Draws each token at random, the likelier the more often.

    The options apply in the order temperature, `top_k`, `top_p`, each time
    renormalised.

    Args:
        temperature: float above 0, without unit. Below 1 the text is more
            predictable, above 1 less.
        top_k: int or None. Draw from the k likeliest tokens only.
        top_p: float in `(0, 1]`. Draw from the fewest likeliest tokens that
            hold this share of the probability ("nucleus").
        seed: int, `keras.random.SeedGenerator` or None. With an int each call
            on the same batch gives the same text; a generator moves on.
        n_best: int. Independent samples of each source, returned in the order
            of `log_probs`. They may be equal.
        ban_unknown: bool. If True, UNKNOWN is never generated.
        with_attention: bool. If True, attention is returned; costs memory.

    Call arguments:
        step: callable as for `BeamSearch`.
        memory: nest of tensors `(B, ...)`, handed on untouched.
        carry: nest of tensors `(B, 1, ...)`.
        limits: Limits.

    Returns:
        Hypotheses with N = `n_best`. `log_probs` and `scores` are the model's
        log-probability, whatever the options made of it.

    Raises:
        ValueError: if an option is out of range, or attention is wanted and
            the step function has none.

    Source:
        [Holtzman et al., 2020](https://arxiv.org/abs/1904.09751) for `top_p`.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    seed: Any = None
    n_best: int = 1
    ban_unknown: bool = False
    with_attention: bool = False

    def __post_init__(self):
        if not 0 < self.temperature < float("inf"):
            raise ValueError(
                "`temperature` must be a finite number above 0 (for the "
                "likeliest text use `GreedySearch`). Received: "
                f"{self.temperature!r}"
            )
        if not 0 < self.top_p <= 1:
            raise ValueError(
                f"`top_p` must lie in (0, 1]. Received: {self.top_p!r}"
            )
        for name in ("top_k", "n_best"):
            value = getattr(self, name)
            if name == "top_k" and value is None:
                continue
            if not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(
                    f"`{name}` must be a positive int. Received: {value!r}"
                )

    def __call__(self, step, memory, carry, limits):
        # All chance is drawn before the loop: inside it, a generator's state
        # could not change on every backend.
        chance = keras.random.uniform(
            (limits.longest(), batch_size(memory, carry), self.n_best),
            seed=self.seed,
        )

        def choose(logits, time):
            logits = ops.cast(logits, "float32")
            allowed = self._allow(logits, limits.end_allowed(time))
            words = self._draw(allowed, chance[time])
            chosen = ops.take_along_axis(
                logits + ops.zeros_like(words, dtype="float32")[..., None],
                words[..., None],
                axis=-1,
            )
            return words, chosen[..., 0] - ops.logsumexp(logits, axis=-1)

        loop = PathLoop(
            step, memory, limits, choose, self.n_best, self.with_attention
        )
        return self._sorted(*loop.extend(loop.start(carry)))

    def _allow(self, logits, end_allowed):
        """Logits with -inf at tokens that must not be drawn."""
        ids = ops.arange(logits.shape[-1], dtype="int32")
        banned = ops.logical_or(ids == PAD, ids == START)
        if self.ban_unknown:
            banned = ops.logical_or(banned, ids == UNKNOWN)
        if end_allowed is not None:
            too_early = ops.logical_not(end_allowed)[..., None]  # (B, 1, 1)
            banned = ops.logical_or(
                banned, ops.logical_and(ids == END, too_early)
            )
        return ops.where(banned, -float("inf"), logits)

    def _draw(self, logits, chance):
        """Tokens `(B, P)` for numbers `(B, P)` in [0, 1)."""
        logits = logits / self.temperature
        ids = None
        if self.top_k is not None or self.top_p < 1:
            size = logits.shape[-1]
            logits, ids = ops.top_k(logits, min(self.top_k or size, size))
        # Shares of the likeliest; the sum takes the place of normalising.
        shares = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
        if self.top_p < 1:
            total = ops.sum(shares, axis=-1, keepdims=True)
            before = ops.cumsum(shares, axis=-1) - shares
            # The likeliest stays in any case: nothing comes before it.
            shares = ops.where(before < self.top_p * total, shares, 0.0)
        cumulative = ops.cumsum(shares, axis=-1)  # (B, 1 or P, M)
        level = chance[..., None] * cumulative[..., -1:]
        place = ops.sum(ops.cast(cumulative <= level, "int32"), axis=-1)
        if ids is None:
            return place
        ids = ops.cast(ids, "int32") + ops.zeros_like(place)[..., None]
        return ops.take_along_axis(ids, place[..., None], axis=-1)[..., 0]

    def _sorted(self, paths, history):
        log_probs, order = ops.top_k(paths.log_probs, self.n_best)
        order = ops.cast(order, "int32")
        lengths = ops.take_along_axis(paths.lengths, order, axis=1)
        ids, attention = read(history, lengths - 1, order)
        return Hypotheses(ids, lengths, log_probs, log_probs, attention)
