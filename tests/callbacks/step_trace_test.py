import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.callbacks.step_trace import TRACES, StepTrace


def train(callbacks, steps):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((steps, 2), "float32")
    model.fit(x, x[:, :1], batch_size=1, verbose=0, callbacks=callbacks)


class Profiler:
    """Stands for TensorFlow's, and notes when it is asked."""

    def __init__(self, monkeypatch, fails=()):
        self.calls = []
        self.fails = fails
        for name in ("start", "stop"):
            monkeypatch.setattr(
                tf.profiler.experimental, name, self.noted(name)
            )

    def noted(self, name):
        def call(*arguments):
            self.calls.append(name)
            if name in self.fails:
                raise RuntimeError(f"no {name}\nand more")

        return call


class Steps(keras.callbacks.Callback):
    def __init__(self, calls):
        super().__init__()
        self.calls = calls

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(batch + 1)


def test_files_appear_after_the_step_that_follows(tmp_path):
    train([StepTrace(tmp_path, step=1)], 1)
    assert not (tmp_path / TRACES).exists()
    train([StepTrace(tmp_path, step=1)], 3)
    assert len(list((tmp_path / TRACES).glob("*/*.xplane.pb"))) == 1


def test_one_step_is_traced(tmp_path, monkeypatch):
    profiler = Profiler(monkeypatch)
    steps = Steps(profiler.calls)
    train([steps, StepTrace(tmp_path, step=2)], 5)
    assert profiler.calls == [1, 2, "start", 3, "stop", 4, 5]


def test_a_restored_one_does_not_trace_again(tmp_path, monkeypatch):
    profiler = Profiler(monkeypatch)
    first, second = StepTrace(tmp_path, 0), StepTrace(tmp_path, 0)
    train([first], 1)
    second.set_state(first.get_state())
    train([second], 1)
    assert profiler.calls == ["start", "stop"]


@pytest.mark.parametrize("name", ["start", "stop"])
def test_a_failing_profiler_is_one_warning(tmp_path, monkeypatch, caplog, name):
    profiler = Profiler(monkeypatch, fails=[name])
    callback = StepTrace(tmp_path, step=1)
    with caplog.at_level(logging.WARNING, "keras_seq2seq"):
        train([Steps(profiler.calls), callback], 4)
    (record,) = (r for r in caplog.records if r.name == "keras_seq2seq")
    assert f"RuntimeError: no {name}); training goes on" in record.getMessage()
    assert profiler.calls[-1] == 4
    assert callback.get_state() == {"done": True}


def test_a_negative_step_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must not be negative"):
        StepTrace(tmp_path, -1)
