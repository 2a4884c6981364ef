"""Learning rates as functions of the step."""

import difflib
import math

import keras

from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.checkpoint.variable_value import variable_value

FOREVER = 2**31 - 1  # steps


class LearningRateDecay(keras.callbacks.Callback):
    """Sets the optimizer's learning rate before every batch.

    The rate follows from the optimizer's own step, so a resumed training goes
    on where it was. Logs it as `learning_rate`: list this callback before
    those that read it.

    With `p = min(step, stop) - start` and `q = p / decay_steps` (rounded down
    if `staircase`), the initial rate `r` becomes

    - `"constant"`: `r`
    - `"exponential"`: `r * decay_rate ** q`
    - `"natural_exponential"`: `r * exp(-decay_rate * q)`
    - `"inverse_time"`: `r / (1 + decay_rate * q)`
    - `"polynomial"`: `(r - end) * (1 - min(q, 1)) ** power + end`
    - `"piecewise"`: `values[i]`, with `i` the number of `boundaries` below `p`
    - `"inverse_square_root"`: `r * sqrt(w / max(p + 1, w))`, with `w` the
      `warmup_steps`, at least 1
    - `"half_life_inverse"`: `r / (1 + (p + 1) / half_life)`
    - `"half_life_inverse_square_root"`: `r / sqrt(1 + 3 (p + 1) / half_life)`

    from the step after `start` on, the last two from `start` on. Then it is
    multiplied by `reduction` and raised to `minimum`, and during warm-up
    multiplied by `(step + 1) / warmup_steps`, or with `gentle_warmup` kept
    below `r * (step + 2) / (warmup_steps + 1)`.

    Args:
        kind: str. One of the above.
        decay_steps: int >= 1. Steps in which the rate decays once.
        decay_rate: float > 0, without unit.
        start: int. Last step with the initial rate.
        stop: int or None. Step from which the rate stays; None for never.
        minimum: float. Lowest rate; 0 for none.
        staircase: bool. If True, decays once every `decay_steps`.
        warmup_steps: int. Steps in which the rate rises from about zero.
        power: float. Of `"polynomial"`; 1 is linear.
        end: float. Rate in which `"polynomial"` ends.
        boundaries: ints, rising. Steps of `"piecewise"`, each the last one
            with its value.
        values: floats, one more than `boundaries`. Rates of `"piecewise"`.
        initial: float or None. The initial rate; None for the optimizer's as
            the first training begins.
        half_life: int. Updates in which the last two kinds halve the rate.
        gentle_warmup: bool. If True, the warm-up ends where it meets the
            decayed rate.
        time: callable or None. Share of a training's time that is over, such
            as `TimeLimit.share`. Where it is ahead of the share of
            `decay_steps` that are made, the rate decays by it, so that it has
            decayed when the time is over; rates then depend on the machine.

    Attributes:
        reduction: float. What `PlateauReduction` has come to; saved in the
            state.
        scale: float. Multiplies every rate; saved in the state.

    Source:
        google/seq2seq, `training/utils.py`; [Vaswani et al.,
        2017](https://arxiv.org/abs/1706.03762), 5.3 (inverse square root);
        Sockeye 1, `lr_scheduler.py` (half-lives, gentle warm-up).
    """

    def __init__(
        self,
        kind,
        decay_steps=100,
        decay_rate=0.99,
        start=0,
        stop=None,
        minimum=1e-12,
        staircase=False,
        warmup_steps=0,
        power=1.0,
        end=0.0,
        boundaries=(),
        values=(),
        initial=None,
        half_life=10_000,
        gentle_warmup=False,
        time=None,
    ):
        super().__init__()
        _check_kind(kind)
        _check_positive(
            decay_steps=decay_steps, decay_rate=decay_rate, half_life=half_life
        )
        _check_pieces(kind, boundaries, values)
        self.kind = kind
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.start = start
        self.stop = FOREVER if stop is None else stop
        self.minimum = minimum
        self.staircase = staircase
        self.warmup_steps = warmup_steps
        self.power = power
        self.end = end
        self.boundaries = tuple(boundaries)
        self.values = tuple(values)
        self.initial = initial
        self.half_life = half_life
        self.gentle_warmup = gentle_warmup
        self.time = time
        self.reduction = 1.0
        self.scale = 1.0
        self._counter = StepCounter()
        self._applied = None

    def decayed(self, step, share=0.0):
        """The learning rate with which the update after `step` is made.

        Args:
            step: int. Updates made before.
            share: float in [0, 1]. Of the time, if that counts.

        Returns:
            float.
        """
        rate = self.initial
        reached = max(step, self.start + int(share * self.decay_steps))
        # Half-lives count updates: the first one is decayed already.
        if reached > self.start - (self.kind in _HALF_LIVES):
            position = min(reached, self.stop) - self.start
            rate = _DECAYS[self.kind](self, position)
        rate = max(rate * self.reduction, self.minimum or 0.0)
        return self._warmed_up(rate, step) * self.scale

    def _warmed_up(self, rate, step):
        if step >= self.warmup_steps:
            return rate
        if self.gentle_warmup:
            highest = self.initial * (step + 2) / (self.warmup_steps + 1)
            return min(rate, highest)
        return rate * (step + 1) / self.warmup_steps

    def on_train_begin(self, logs=None):
        optimizer = self.model.optimizer
        if self.initial is None:
            self.initial = float(variable_value(optimizer.learning_rate))
        self._synchronise()

    def on_train_batch_begin(self, batch, logs=None):
        self._counter.begin(batch)
        share = 0.0 if self.time is None else self.time()
        rate = self.decayed(self._counter.step, share)
        if rate != self._applied:
            self.model.optimizer.learning_rate = rate
            self._applied = rate

    def on_train_batch_end(self, batch, logs=None):
        self._counter.end(batch)
        self._log(logs)

    def on_epoch_end(self, epoch, logs=None):
        self._log(logs)

    def get_state(self):
        """What a resumed training must know: rate, reduction and scale."""
        return {
            "initial": self.initial,
            "reduction": self.reduction,
            "scale": self.scale,
        }

    def set_state(self, state):
        """Takes a saved state, and the step from the optimizer."""
        self.initial = state["initial"]
        self.reduction = state.get("reduction", 1.0)  # not in old states
        self.scale = state["scale"]
        if self.model is not None:
            self._synchronise()

    def _synchronise(self):
        self._counter.start(self.model.optimizer)
        self._applied = None

    def _log(self, logs):
        if logs is not None and self._applied is not None:
            logs["learning_rate"] = self._applied


def _portion(decay, position):
    portion = position / decay.decay_steps
    return math.floor(portion) if decay.staircase else portion


def _constant(decay, position):
    return decay.initial


def _exponential(decay, position):
    return decay.initial * decay.decay_rate ** _portion(decay, position)


def _natural_exponential(decay, position):
    exponent = -decay.decay_rate * _portion(decay, position)
    return decay.initial * math.exp(exponent)


def _inverse_time(decay, position):
    return decay.initial / (1 + decay.decay_rate * _portion(decay, position))


def _polynomial(decay, position):
    left = 1 - min(_portion(decay, position), 1)
    return (decay.initial - decay.end) * left**decay.power + decay.end


def _piecewise(decay, position):
    return decay.values[sum(b < position for b in decay.boundaries)]


def _inverse_square_root(decay, position):
    peak = max(decay.warmup_steps, 1)
    return decay.initial * math.sqrt(peak / max(position + 1, peak))


def _half_life_inverse(decay, position):
    return decay.initial / (1 + (position + 1) / decay.half_life)


def _half_life_inverse_square_root(decay, position):
    return decay.initial / math.sqrt(1 + 3 * (position + 1) / decay.half_life)


_HALF_LIVES = {
    "half_life_inverse": _half_life_inverse,
    "half_life_inverse_square_root": _half_life_inverse_square_root,
}
_DECAYS = {
    **_HALF_LIVES,
    "constant": _constant,
    "exponential": _exponential,
    "natural_exponential": _natural_exponential,
    "inverse_time": _inverse_time,
    "polynomial": _polynomial,
    "piecewise": _piecewise,
    "inverse_square_root": _inverse_square_root,
}


def _check_kind(kind):
    if kind not in _DECAYS:
        near = difflib.get_close_matches(str(kind), _DECAYS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"`kind` must be one of {', '.join(_DECAYS)}. "
            f"Received: {kind!r}.{hint}"
        )


def _check_positive(**numbers):
    for name, number in numbers.items():
        if not number > 0:
            raise ValueError(f"`{name}` must be positive. Received: {number}")


def _check_pieces(kind, boundaries, values):
    if kind != "piecewise":
        return
    rising = all(
        a < b for a, b in zip(boundaries, boundaries[1:], strict=False)
    )
    if not rising or len(values) != len(boundaries) + 1:
        raise ValueError(
            "`boundaries` must rise and `values` have one entry more. "
            f"Received: boundaries={boundaries}, values={values}"
        )
