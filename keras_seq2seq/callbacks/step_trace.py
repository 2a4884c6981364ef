"""What the devices did in one training step."""

import contextlib
import logging
from pathlib import Path

import keras
import tensorflow as tf

from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.checkpoint.variable_value import steps_made

LOGGER = logging.getLogger("keras_seq2seq")
# Where TensorBoard's profile plugin looks: beside events of the run.
TRACES = Path("train") / "plugins" / "profile"


class StepTrace(keras.callbacks.Callback):
    """google/seq2seq's MetadataCaptureHook: traces one step, once in a run.

    The trace is TensorFlow's profiler's, for the tab "Profile" of TensorBoard
    and for `keras-seq2seq profile`. A profiler that fails is a warning; the
    training goes on.

    Args:
        directory: path of the run.
        step: int >= 0. The step that follows it is traced.
    """

    def __init__(self, directory, step=10):
        super().__init__()
        if step < 0:
            raise ValueError(f"`step` must not be negative. Received: {step}")
        self.directory = Path(directory) / TRACES.parts[0]
        self.step = step
        self.done = False
        self._counter = StepCounter()
        self._running = contextlib.ExitStack()
        self._tracing = False

    def on_train_begin(self, logs=None):
        self._counter.start(self.model.optimizer)

    def on_train_batch_begin(self, batch, logs=None):
        self._counter.begin(batch)
        if not self.done and self._counter.step >= self.step:
            self._tracing = self._safely(self._start)
            self.done = not self._tracing

    def on_train_batch_end(self, batch, logs=None):
        self._counter.end(batch)
        self._end()

    def on_train_end(self, logs=None):
        self._end()

    def get_state(self):
        """Whether the step has been traced."""
        return {"done": self.done}

    def set_state(self, state):
        """Takes a saved state, and the step from the optimizer."""
        self.done = state["done"]
        if self.model is not None:
            self._counter.start(self.model.optimizer)

    def _start(self):
        tf.profiler.experimental.start(str(self.directory))
        self._running.callback(tf.profiler.experimental.stop)
        marker = tf.profiler.experimental.Trace(
            "train", step_num=self._counter.step, _r=1
        )
        self._running.enter_context(marker)

    def _end(self):
        if self._tracing:
            self._tracing, self.done = False, True
            steps_made(self.model.optimizer)  # waits for the device
            self._safely(self._running.close)

    def _safely(self, function):
        """Whether the profiler did what it was told; else says why not."""
        try:
            function()
            return True
        except Exception as error:  # whatever it is, it is no reason to stop
            first = (str(error).splitlines() or [""])[0]
            LOGGER.warning(
                "MetadataCaptureHook: the step cannot be traced (%s: %s); "
                "training goes on.",
                type(error).__name__,
                first,
            )
            return False
