"""A value that is in the logs already."""

import keras


class LoggedValue(keras.callbacks.Callback):
    """Stands where a scorer is wanted, for what Keras itself logs.

    `BleuEarlyStopping(LoggedValue("val_loss"), mode="min")` stops by the loss.

    Args:
        name: str. The key in the logs.
    """

    def __init__(self, name):
        super().__init__()
        self.name = name

    def get_state(self):
        """Has none."""
        return {}

    def set_state(self, state):
        """Takes a saved state."""
