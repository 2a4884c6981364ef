"""Curves, texts and pictures for TensorBoard."""

import time
from pathlib import Path

import keras
import tensorflow as tf

from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.callbacks.token_rate import TokenRate
from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.checkpoint.variable_value import variable_value


class TensorBoardLog(keras.callbacks.Callback):
    """Writes TensorBoard events to `train/` and `eval/` of a directory.

    In `train/`: every number in the logs (loss, perplexity, accuracy,
    gradient norm), the learning rate and real target tokens per second. In
    `eval/`: the epoch's `val_` values, without that prefix. Look at them with
    `tensorboard --logdir DIRECTORY`.

    Histograms of the trainable weights come, if asked for, at the end of each
    epoch in `train/`, under the names that `weight_names` gives.

    Args:
        directory: path of the run.
        every_n_steps: int >= 1. Logs are read, which waits for the device,
            only when the step is a multiple.
        histograms: bool. Whether to write those of the weights.
    """

    def __init__(self, directory, every_n_steps=100, histograms=False):
        super().__init__()
        if every_n_steps < 1:
            raise ValueError(
                f"`every_n_steps` must be positive. Received: {every_n_steps}"
            )
        self.directory = Path(directory)
        self.every_n_steps = every_n_steps
        self.histograms = histograms
        self._counter = StepCounter()
        self._rate = TokenRate()
        self._writers = {}

    def on_train_begin(self, logs=None):
        self._counter.start(self.model.optimizer)

    def on_epoch_begin(self, epoch, logs=None):
        self._rate.restart()

    def on_train_batch_begin(self, batch, logs=None):
        self._counter.begin(batch)

    def on_train_batch_end(self, batch, logs=None):
        before = self._counter.step
        step = self._counter.end(batch)
        if step // self.every_n_steps > before // self.every_n_steps:
            self._write("train", self._training_values(logs or {}), step)

    def on_epoch_end(self, epoch, logs=None):
        values = {
            name.removeprefix("val_"): value
            for name, value in (logs or {}).items()
            if name.startswith("val_")
        }
        self._write("eval", values, self._counter.step)
        if self.histograms:
            self._write_histograms(self._counter.step)
        self.flush()

    def on_train_end(self, logs=None):
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def text(self, name, lines, step):
        """Shows lines of text, as they are.

        Args:
            name: str. The title.
            lines: sequence of str.
            step: int.
        """
        # Four spaces make Markdown leave a line alone.
        block = "\n".join(f"    {line}" for line in lines)
        with self._writer("train").as_default(step=step):
            tf.summary.text(name, block)

    def image(self, name, picture, step):
        """Shows a picture.

        Args:
            name: str. The title.
            picture: uint8 array `(H, W, 3)` or `(H, W, 4)`.
            step: int.
        """
        with self._writer("train").as_default(step=step):
            tf.summary.image(name, picture[None])

    def flush(self):
        """Hands what was written to the file system."""
        for writer in self._writers.values():
            writer.flush()

    def get_state(self):
        """Nothing: the step is the optimizer's."""
        return {}

    def set_state(self, state):
        """Takes the step from the optimizer."""
        if self.model is not None:
            self._counter.start(self.model.optimizer)

    def _training_values(self, logs):
        values = {name: float(value) for name, value in logs.items()}
        if "learning_rate" not in values:
            rate = variable_value(self.model.optimizer.learning_rate)
            values["learning_rate"] = float(rate)
        if "tokens" in values:
            tokens = values.pop("tokens")
            rate = self._rate.read(tokens, time.monotonic())
            if rate is not None:
                values["tokens_per_second"] = rate
        return values

    def _write(self, part, values, step):
        if not values:
            return
        with self._writer(part).as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, float(value))

    def _write_histograms(self, step):
        with self._writer("train").as_default(step=step):
            for name, weight in weight_names(self.model).items():
                if weight.trainable:
                    tf.summary.histogram(name, variable_value(weight))

    def _writer(self, part):
        if part not in self._writers:
            path = str(self.directory / part)
            self._writers[part] = tf.summary.create_file_writer(path)
        return self._writers[part]
