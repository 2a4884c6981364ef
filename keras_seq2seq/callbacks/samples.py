"""Files of sample predictions, written again and again while a model learns."""

import time
from pathlib import Path

import keras

from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.checkpoint import replace_text
from keras_seq2seq.checkpoint.storage import make_directory


class Samples(keras.callbacks.Callback):
    """Writes a file of samples at step 0 and every so often.

    A subclass gives `sample()` and says what its files are called.

    Args:
        directory: path of the run; `samples/` is made in it.
        every_n_steps: int or None. Fires when the step is a multiple.
        every_n_seconds: float or None. Fires after so many seconds of
            training. One of the two must be given.
        text: callable or None. `text(name, lines, step)` gets the same lines,
            such as `TensorBoardLog(...).text`.
    """

    file_name = "samples_{step:06d}.txt"
    title = "Prediction followed by Target @ Step {step}"

    def __init__(
        self, directory, every_n_steps=None, every_n_seconds=None, text=None
    ):
        super().__init__()
        if (every_n_steps is None) == (every_n_seconds is None):
            raise ValueError(
                "Exactly one of `every_n_steps` and `every_n_seconds` must be "
                f"given. Received: {every_n_steps} and {every_n_seconds}"
            )
        self.directory = Path(directory) / "samples"
        self.every_n_steps = every_n_steps
        self.every_n_seconds = every_n_seconds
        self.text = text
        self._counter = StepCounter()
        self._clock = time.monotonic  # never goes back
        self._earlier = 0.0
        self._fired_at = self._clock()

    def sample(self):
        """Predictions and targets: two lists of str, equally long."""
        raise NotImplementedError

    def on_train_begin(self, logs=None):
        make_directory(self.directory)
        self._counter.start(self.model.optimizer)
        self._fired_at = self._clock() - self._earlier
        if self._counter.step == 0:
            self.fire()

    def on_train_batch_begin(self, batch, logs=None):
        self._counter.begin(batch)

    def on_train_batch_end(self, batch, logs=None):
        before = self._counter.step
        if self._is_time(before, self._counter.end(batch)):
            self.fire()

    def on_train_end(self, logs=None):
        self._earlier = self._seconds()

    def fire(self):
        """Writes once, for the step reached.

        Raises:
            StorageError: if the file cannot be written.
        """
        step = self._counter.step
        lines = sample_lines(self.title.format(step=step), *self.sample())
        path = self.directory / self.file_name.format(step=step)
        replace_text(path, "\n".join(lines) + "\n")
        if self.text is not None:
            self.text("samples", lines, step)
        self._fired_at = self._clock()

    def get_state(self):
        """Seconds of training since the last samples."""
        return {"seconds": self._seconds()}

    def set_state(self, state):
        """Takes a saved state, and the step from the optimizer."""
        self._earlier = state["seconds"]
        self._fired_at = self._clock() - self._earlier
        if self.model is not None:
            self._counter.start(self.model.optimizer)

    def _seconds(self):
        return self._clock() - self._fired_at

    def _is_time(self, before, step):
        if self.every_n_steps is not None:
            return step // self.every_n_steps > before // self.every_n_steps
        return self._seconds() >= self.every_n_seconds


def sample_lines(title, predictions, targets):
    """Lays samples out as google/seq2seq's TrainSampleHook did.

    Returns:
        list of str, without line ends.
    """
    lines = [title, "=" * 100]
    for prediction, target in zip(predictions, targets, strict=True):
        lines += [prediction, target, ""]
    return [*lines, "=" * 100]
