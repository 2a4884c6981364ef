"""Early stopping by the quality of what the model generates."""

import logging

import keras

from keras_seq2seq.callbacks.monitored import direction
from keras_seq2seq.callbacks.stopping_rule import StoppingRule
from keras_seq2seq.checkpoint.model_state import assign_weights, copy_weights

logger = logging.getLogger(__name__)


class BleuEarlyStopping(keras.callbacks.Callback):
    """Stops training when a corpus score no longer improves.

    Composed of a scorer, which this callback runs (do not list it again), and
    of a stopping rule. An epoch in which the scorer does not score counts
    for nothing: patience is a number of evaluations.

    Args:
        scorer: `CorpusScore`.
        patience: int >= 1. Evaluations without improvement that are borne;
            None for any number.
        min_delta: float >= 0. Least improvement, in the unit of the score.
        mode: `"max"`, `"min"` (error rates), or None to tell by the name of
            the score.
        restore_best_weights: bool. If True, the weights of the best
            evaluation are kept in memory (and in checkpoints), and the model
            has them when training ends.
        worst: float or None. Only a first score better than that is an
            improvement; None: any number is.
        may_stop: callable or None. Asked when patience is at its end;
            training goes on while it returns False, and patience is not
            renewed by that.

    Attributes:
        stopped: bool. Whether training is at its end, also after a resume.
    """

    def __init__(
        self,
        scorer,
        patience=5,
        min_delta=0.0,
        mode=None,
        restore_best_weights=True,
        worst=None,
        may_stop=None,
    ):
        super().__init__()
        self.scorer = scorer
        mode = direction(scorer.name, mode)
        self.rule = StoppingRule(patience, min_delta, mode, worst)
        self.may_stop = may_stop
        self.restore_best_weights = restore_best_weights
        self._best_weights = {}

    @property
    def stopped(self):
        """Whether patience is at its end and training may end."""
        return self.rule.stopped and (self.may_stop is None or self.may_stop())

    def set_model(self, model):
        super().set_model(model)
        self.scorer.set_model(model)

    def on_train_begin(self, logs=None):
        # `fit` still makes one step; ask `stopped` first to avoid it.
        self.model.stop_training = self.stopped or self.model.stop_training

    def on_epoch_end(self, epoch, logs):
        self.scorer.on_epoch_end(epoch, logs)
        if self.scorer.name not in logs:
            return
        if self.rule.improves(logs[self.scorer.name]):
            if self.restore_best_weights:
                self._best_weights = copy_weights(self.model)
        self._warn_of_zeros(logs[self.scorer.name])
        if self.stopped:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self._best_weights:
            assign_weights(self.model, self._best_weights)

    def _warn_of_zeros(self, score):
        rule = self.rule
        waited = rule.patience is not None and rule.wait == rule.patience
        if waited and rule.sign > 0 and score == 0 and not rule.best:
            logger.warning(
                "%s is still 0 after %d evaluations. Watch perplexity, or be "
                "more patient.",
                self.scorer.name,
                rule.wait,
            )

    def get_state(self):
        """The scorer's and the rule's state, as JSON."""
        return {
            "scorer": self.scorer.get_state(),
            "rule": self.rule.get_state(),
        }

    def set_state(self, state):
        """Takes a saved state."""
        self.scorer.set_state(state["scorer"])
        self.rule.set_state(state["rule"])

    def get_arrays(self):
        """The best weights `{name: array}`; empty before the first."""
        return self._best_weights

    def set_arrays(self, arrays):
        """Takes saved best weights."""
        self._best_weights = arrays if self.restore_best_weights else {}
