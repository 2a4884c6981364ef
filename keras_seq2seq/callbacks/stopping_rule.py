"""When to stop: after so many evaluations without an improvement."""

import math

from keras_seq2seq.callbacks.monitored import direction


class StoppingRule:
    """Counts evaluations without improvement.

    Args:
        patience: int >= 1. Evaluations without improvement that are borne;
            None for any number.
        min_delta: float >= 0. What counts as one, in the unit of the value.
        mode: `"max"` or `"min"`: which values are better.
        worst: float or None. The first value must be better than that; None
            lets it be any number.

    Attributes:
        best: float or None. The best value so far.
        wait: int. Evaluations since then.
    """

    def __init__(self, patience, min_delta=0.0, mode="max", worst=None):
        if (patience is not None and patience < 1) or min_delta < 0:
            raise ValueError(
                "`patience` must be positive and `min_delta` not negative. "
                f"Received: patience={patience}, min_delta={min_delta}"
            )
        self.patience = patience
        self.min_delta = min_delta
        self.sign = 1 if direction("value", mode) == "max" else -1
        self.worst = worst
        self.best = None
        self.wait = 0

    def improves(self, value):
        """Takes the value of one evaluation.

        Returns:
            bool. True if it is the best so far; one that is not a number
            never is.
        """
        better = self._is_better(value)
        self.best = float(value) if better else self.best
        self.wait = 0 if better else self.wait + 1
        return better

    @property
    def stopped(self):
        """Whether patience is at its end."""
        return self.patience is not None and self.wait >= self.patience

    def get_state(self):
        """Best value and evaluations since, as JSON."""
        return {"best": self.best, "wait": self.wait}

    def set_state(self, state):
        """Takes a saved state."""
        self.best = state["best"]
        self.wait = state["wait"]

    def _is_better(self, value):
        if self.best is not None:
            return self.sign * (value - self.best) > self.min_delta
        if self.worst is None:
            return not math.isnan(value)
        return self.sign * (value - self.worst) > 0
