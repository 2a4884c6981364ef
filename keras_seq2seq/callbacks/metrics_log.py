"""One JSON object per evaluation."""

import json
import math
from pathlib import Path

import keras

from keras_seq2seq.checkpoint.storage import replace_text, storage_errors
from keras_seq2seq.checkpoint.variable_value import steps_made


class MetricsLog(keras.callbacks.Callback):
    """Appends step, seconds and every number of the logs to `metrics.jsonl`.

    Args:
        directory: path of the run.
        seconds: callable that gives the seconds of training so far.
    """

    def __init__(self, directory, seconds):
        super().__init__()
        self.path = Path(directory) / "metrics.jsonl"
        self.seconds = seconds

    def on_epoch_end(self, epoch, logs=None):
        step = steps_made(self.model.optimizer)
        record = {"step": step, "seconds": round(self.seconds(), 1)}
        for name, value in (logs or {}).items():
            value = float(value)
            record[name] = value if math.isfinite(value) else None
        lines = [*self._lines_before(step), json.dumps(record)]
        replace_text(self.path, "".join(f"{line}\n" for line in lines))

    def get_state(self):
        """Has none beside its file; steps that are made anew are replaced."""
        return {}

    def set_state(self, state):
        """Takes a saved state."""

    def _lines_before(self, step):
        if not self.path.exists():
            return []
        with storage_errors(self.path):
            lines = self.path.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if _step(line) < step]


def _step(line):
    """The step of a line; a damaged one is dropped."""
    try:
        return json.loads(line)["step"]
    except (ValueError, TypeError, KeyError):
        return math.inf
