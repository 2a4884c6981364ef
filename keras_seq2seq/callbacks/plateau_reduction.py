"""A learning rate that falls when a score no longer gets better."""

import keras

from keras_seq2seq.callbacks.monitored import direction
from keras_seq2seq.callbacks.stopping_rule import StoppingRule
from keras_seq2seq.checkpoint.model_state import (
    assign_slots,
    assign_weights,
    copy_slots,
    copy_weights,
    fresh_slots,
)

WEIGHTS = ("keep", "best")
SLOTS = ("keep", "initial", "best")


class PlateauReduction(keras.callbacks.Callback):
    """Multiplies the learning rate by a factor at a plateau.

    An evaluation is an epoch whose logs have `monitor`. It improves, strictly,
    on the best before, or is counted; when `patience` of them were counted the
    rate is reduced and the count begins anew. Early stopping counts for
    itself. List this callback after what logs the score.

    Args:
        decay: `LearningRateDecay` of the same training, which carries it out.
        factor: float in (0, 1]. 1 changes nothing.
        patience: int >= 1. Evaluations without improvement.
        monitor: str. The value in the logs.
        mode: `"max"`, `"min"`, or None to tell by the name of `monitor`.
        weights: `"keep"`, or `"best"` to go on from the best weights.
        slots: `"keep"`, `"initial"` or `"best"`: what the optimizer goes on
            with of its means and momenta. Its step stays in any case.
        worst: float or None. Only a first value better than that improves;
            None: any number does.

    Attributes:
        went_back: bool. Whether the newest evaluation was of other weights
            than the model has by now.

    Raises:
        ValueError: an argument out of range.

    Source:
        Sockeye 1, `lr_scheduler.py`, `LearningRateSchedulerPlateauReduce`,
        with `--learning-rate-decay-param-reset` and
        `--learning-rate-decay-optimizer-states-reset`.
    """

    def __init__(
        self,
        decay,
        factor=0.5,
        patience=3,
        monitor="val_loss",
        mode=None,
        weights="keep",
        slots="keep",
        worst=None,
    ):
        super().__init__()
        if not 0 < factor <= 1:
            raise ValueError(f"`factor` must lie in (0, 1]. Received: {factor}")
        if weights not in WEIGHTS or slots not in SLOTS:
            raise ValueError(
                f"`weights` must be one of {WEIGHTS} and `slots` one of "
                f"{SLOTS}. Received: weights={weights!r}, slots={slots!r}"
            )
        self.decay = decay
        self.factor = factor
        self.monitor = monitor
        self.weights = weights
        self.slots = slots
        self.rule = StoppingRule(
            patience, mode=direction(monitor, mode), worst=worst
        )
        self.went_back = False
        self._best = {}

    def on_epoch_end(self, epoch, logs=None):
        self.went_back = False
        value = (logs or {}).get(self.monitor)
        if value is None:
            return
        if self.rule.improves(value):
            self._best = self._copy()
        elif self.rule.stopped:
            self.rule.wait = 0
            self.decay.reduction *= self.factor
            self._go_back()

    def get_state(self):
        """Best value and evaluations since, as JSON."""
        return self.rule.get_state()

    def set_state(self, state):
        """Takes a saved state; the rate's is the decay's."""
        self.rule.set_state(state)

    def get_arrays(self):
        """What training may go back to, `{name: array}`."""
        return self._best

    def set_arrays(self, arrays):
        """Takes what `get_arrays` gave."""
        self._best = arrays

    def _copy(self):
        copied = {}
        if self.weights == "best":
            copied |= _prefixed("weights/", copy_weights(self.model))
        if self.slots == "best":
            copied |= _prefixed("slots/", copy_slots(self.model))
        return copied

    def _go_back(self):
        kept = {
            part: {
                name.removeprefix(part): array
                for name, array in self._best.items()
                if name.startswith(part)
            }
            for part in ("weights/", "slots/")
        }
        if kept["weights/"]:
            assign_weights(self.model, kept["weights/"])
            self.went_back = True
        if kept["slots/"]:
            assign_slots(self.model, kept["slots/"])
        elif self.slots == "initial":
            assign_slots(self.model, fresh_slots(self.model))


def _prefixed(prefix, arrays):
    return {prefix + name: array for name, array in arrays.items()}
