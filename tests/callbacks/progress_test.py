import io

import keras
import numpy as np

from keras_seq2seq.callbacks.progress import ProgressBar
from keras_seq2seq.callbacks.token_rate import TokenRate


class Terminal(io.StringIO):
    def isatty(self):
        return True


def train(bar, steps=6, **options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.ones((steps, 2), "float32")
    model.fit(x, x[:, :1], batch_size=1, verbose=0, callbacks=[bar], **options)


def test_without_a_terminal_a_line_is_printed_every_so_many_steps():
    stream = io.StringIO()
    train(ProgressBar(every_n_steps=2, stream=stream))
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["2/6", "4/6", "6/6"]
    assert all("loss" in line and "ETA" in line for line in lines)


def test_on_a_terminal_the_bar_ends_at_the_total():
    stream = Terminal()
    train(ProgressBar(stream=stream), epochs=2)
    assert "12/12" in stream.getvalue().split("\r")[-1]
    assert "loss" in stream.getvalue()


def test_tokens_come_from_the_callable():
    counts = iter([100.0, 200.0, 300.0])
    stream = io.StringIO()
    bar = ProgressBar(
        tokens=lambda logs: next(counts), every_n_steps=2, stream=stream
    )
    train(bar)
    first, *others = stream.getvalue().splitlines()
    assert "tokens/s" not in first
    assert all("tokens/s" in line for line in others)


def test_evaluations_get_a_line():
    stream = io.StringIO()
    x = np.ones((2, 2), "float32")
    train(ProgressBar(stream=stream), validation_data=(x, x[:, :1]))
    assert "step 6 val_loss" in stream.getvalue()


def test_a_rate_is_the_growth_between_readings():
    rate = TokenRate()
    assert rate.read(100, 10.0) is None
    assert rate.read(400, 12.0) == 150


def test_a_new_epoch_makes_no_negative_rate():
    rate = TokenRate()
    rate.read(100, 10.0)
    rate.read(400, 12.0)
    rate.read(50, 13.0)
    assert rate.read(150, 14.0) == 100


def test_time_between_epochs_is_left_out():
    rate = TokenRate()
    rate.read(100, 10.0)
    rate.restart()
    assert rate.read(200, 1000.0) is None
