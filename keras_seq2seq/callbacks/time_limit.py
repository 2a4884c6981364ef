"""Training time: counted through interruptions, and limited."""

import time

import keras


class TimeLimit(keras.callbacks.Callback):
    """Counts the seconds spent training and ends it after `minutes`.

    Args:
        minutes: float or None. None: only counts.
    """

    def __init__(self, minutes=None):
        super().__init__()
        if minutes is not None and minutes <= 0:
            raise ValueError(f"`minutes` must be positive. Received: {minutes}")
        self.minutes = minutes
        self._earlier = 0.0
        self._began = None

    def seconds(self):
        """Seconds of training so far, those of earlier processes included."""
        if self._began is None:
            return self._earlier
        return self._earlier + time.monotonic() - self._began

    def share(self):
        """Share of the time that is over, in [0, 1]; 0 without a limit."""
        if self.minutes is None:
            return 0.0
        return min(self.seconds() / (60 * self.minutes), 1.0)

    @property
    def over(self):
        """Whether the time is over; never without a limit."""
        return self.share() == 1

    def on_train_begin(self, logs=None):
        self._began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        if self.over:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self._earlier, self._began = self.seconds(), None

    def get_state(self):
        """Seconds so far, as JSON."""
        return {"seconds": self.seconds()}

    def set_state(self, state):
        """Takes a saved state; what runs is counted from now on."""
        self._earlier = state["seconds"]
        if self._began is not None:
            self._began = time.monotonic()
