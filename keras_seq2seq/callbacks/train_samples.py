"""Translations of a few sentences, again and again while a model learns."""

import time
from pathlib import Path

import keras

from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.checkpoint import replace_text
from keras_seq2seq.checkpoint.storage import make_directory


class TrainSamples(keras.callbacks.Callback):
    """Decodes a few sources before training and every so often.

    Writes `samples/samples_<step>.txt`: a header, then for each source the
    prediction, the target and a blank line. The prediction is generated, not
    teacher-forced, so it is what the model would answer.

    Args:
        translate: callable `translate(model, sources)` that returns one
            string per source. It must not run `model.evaluate`, which would
            reset the running metrics.
        sources: sequence of str.
        references: sequence of str, as long.
        directory: path of the run; `samples/` is made in it.
        every_n_steps: int or None. Fires when the step is a multiple.
        every_n_seconds: float or None. Fires after so many seconds. One of
            the two must be given.
        text: callable or None. `text(name, lines, step)` gets the same lines,
            such as `TensorBoardLog(...).text`.
    """

    def __init__(
        self,
        translate,
        sources,
        references,
        directory,
        every_n_steps=None,
        every_n_seconds=None,
        text=None,
    ):
        super().__init__()
        if (every_n_steps is None) == (every_n_seconds is None):
            raise ValueError(
                "Exactly one of `every_n_steps` and `every_n_seconds` must be "
                f"given. Received: {every_n_steps} and {every_n_seconds}"
            )
        self.translate = translate
        self.sources = sources
        self.references = references
        self.directory = Path(directory) / "samples"
        self.every_n_steps = every_n_steps
        self.every_n_seconds = every_n_seconds
        self.text = text
        self._counter = StepCounter()
        self._fired_at = time.monotonic()

    def on_train_begin(self, logs=None):
        make_directory(self.directory)
        self._counter.start(self.model.optimizer)
        self._fired_at = time.monotonic()
        if self._counter.step == 0:
            self.fire()

    def on_train_batch_begin(self, batch, logs=None):
        self._counter.begin(batch)

    def on_train_batch_end(self, batch, logs=None):
        before = self._counter.step
        if self._is_time(before, self._counter.end(batch)):
            self.fire()

    def fire(self):
        """Decodes and writes once, for the step reached.

        Raises:
            StorageError: if the file cannot be written.
        """
        step = self._counter.step
        predictions = self.translate(self.model, self.sources)
        lines = sample_lines(predictions, self.references, step)
        path = self.directory / f"samples_{step:06d}.txt"
        replace_text(path, "\n".join(lines) + "\n")
        if self.text is not None:
            self.text("samples", lines, step)
        self._fired_at = time.monotonic()

    def get_state(self):
        """Seconds since the last samples."""
        return {"seconds": time.monotonic() - self._fired_at}

    def set_state(self, state):
        """Takes a saved state, and the step from the optimizer."""
        self._fired_at = time.monotonic() - state["seconds"]
        if self.model is not None:
            self._counter.start(self.model.optimizer)

    def _is_time(self, before, step):
        if self.every_n_steps is not None:
            return step // self.every_n_steps > before // self.every_n_steps
        return time.monotonic() - self._fired_at >= self.every_n_seconds


def sample_lines(predictions, targets, step):
    """Lays samples out as google/seq2seq's TrainSampleHook did.

    Returns:
        list of str, without line ends.
    """
    lines = [f"Prediction followed by Target @ Step {step}", "=" * 100]
    for prediction, target in zip(predictions, targets, strict=True):
        lines += [prediction, target, ""]
    return [*lines, "=" * 100]
