"""One line that tells how training goes."""

import sys
import time

import keras
import tqdm

from keras_seq2seq.callbacks.step_counter import StepCounter
from keras_seq2seq.callbacks.token_rate import TokenRate

REFRESH = 0.3  # seconds between readings of the logs


class ProgressBar(keras.callbacks.Callback):
    """A bar with loss, real target tokens per second and time to go.

    On a terminal a bar, elsewhere a plain line every so many steps; always on
    standard error. Use it with `fit(verbose=0)`, in place of Keras's bar.

    Args:
        total: int or None. Steps of the whole run; None for what `fit` says.
        tokens: callable or None. `tokens(logs)` returns the real target
            tokens of this epoch; None for the metric `tokens` in the logs.
        every_n_steps: int >= 1. Steps between plain lines.
        stream: text stream or None; None for standard error.
    """

    def __init__(self, total=None, tokens=None, every_n_steps=100, stream=None):
        super().__init__()
        if every_n_steps < 1:
            raise ValueError(
                f"`every_n_steps` must be positive. Received: {every_n_steps}"
            )
        self.total = total
        self.tokens = _tokens_metric if tokens is None else tokens
        self.every_n_steps = every_n_steps
        self.stream = stream
        self._counter = StepCounter()
        self._rate = TokenRate()
        self._bar = None
        self._read_at = 0.0
        self._steps = 0
        self._seconds = 0.0
        self._batch_began = 0.0

    def on_train_begin(self, logs=None):
        self._counter.start(self.model.optimizer)
        self._steps, self._seconds = 0, 0.0
        stream = sys.stderr if self.stream is None else self.stream
        if stream.isatty():
            self._bar = tqdm.tqdm(
                total=self._total(),
                initial=self._counter.step,
                file=stream,
                unit="step",
                dynamic_ncols=True,
            )

    def on_epoch_begin(self, epoch, logs=None):
        self._rate.restart()

    def on_train_batch_begin(self, batch, logs=None):
        self._counter.begin(batch)
        self._batch_began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        before = self._counter.step
        step = self._counter.end(batch)
        now = time.monotonic()
        self._steps += step - before
        self._seconds += now - self._batch_began
        if self._bar is not None:
            if now - self._read_at >= REFRESH:
                self._read_at = now
                self._draw(self._shown(logs or {}, now))
        elif step // self.every_n_steps > before // self.every_n_steps:
            self._say(f"{self._place()} {self._shown(logs or {}, now)}")

    def on_epoch_end(self, epoch, logs=None):
        values = {
            name: value
            for name, value in (logs or {}).items()
            if name.startswith("val_")
        }
        if values:
            shown = " ".join(f"{k} {float(v):.4g}" for k, v in values.items())
            self._say(f"step {self._counter.step} {shown}")

    def on_train_end(self, logs=None):
        if self._bar is not None:
            self._draw(self._bar.postfix or "")
            self._bar.close()
            self._bar = None

    def get_state(self):
        """Nothing: the step is the optimizer's."""
        return {}

    def set_state(self, state):
        """Takes the step from the optimizer."""
        if self.model is not None:
            self._counter.start(self.model.optimizer)

    def _total(self):
        if self.total is not None:
            return self.total
        steps, epochs = self.params.get("steps"), self.params.get("epochs")
        return steps * epochs if steps and epochs else None

    def _shown(self, logs, now):
        parts = [f"loss {float(logs['loss']):.4f}"] if "loss" in logs else []
        tokens = self.tokens(logs)
        if tokens is not None:
            rate = self._rate.read(float(tokens), now)
            parts += [] if rate is None else [f"{rate:,.0f} tokens/s"]
        return " ".join(parts)

    def _place(self):
        step, total = self._counter.step, self._total()
        if not total:
            return f"step {step}"
        left = max(total - step, 0) * self._seconds / max(self._steps, 1)
        ending = tqdm.tqdm.format_interval(left)
        return f"step {step}/{total} ETA {ending}"

    def _draw(self, text):
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(self._counter.step - self._bar.n)

    def _say(self, line):
        stream = sys.stderr if self.stream is None else self.stream
        if self._bar is None:
            print(line, file=stream, flush=True)
        else:
            self._bar.write(line, file=stream)


def _tokens_metric(logs):
    return logs.get("tokens")
