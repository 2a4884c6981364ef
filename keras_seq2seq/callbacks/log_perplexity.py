"""The logarithm of the perplexity on the development set."""

import keras


class LogPerplexity(keras.callbacks.Callback):
    """Logs the mean cross-entropy of a target token under its old name.

    google/seq2seq's `log_perplexity`: nats per real target token under
    teacher forcing, END counted, over the whole development set; it begins
    near the logarithm of the vocabulary's size. That is `val_loss` of a model
    with its own loss; it stands in the logs as `val_log_perplexity` and as
    `log_perplexity`.
    """

    def on_epoch_end(self, epoch, logs):
        if "val_loss" in logs:
            logs["val_log_perplexity"] = logs["val_loss"]
            logs["log_perplexity"] = logs["val_loss"]

    def get_state(self):
        """Has none."""
        return {}

    def set_state(self, state):
        """Takes a saved state."""
