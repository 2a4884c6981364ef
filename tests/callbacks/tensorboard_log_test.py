import collections

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_file_loader

from keras_seq2seq.callbacks.learning_rate_decay import LearningRateDecay
from keras_seq2seq.callbacks.tensorboard_log import TensorBoardLog
from keras_seq2seq.checkpoint.variable_names import weight_names

X = np.ones((6, 2), "float32")


class Tokens(keras.callbacks.Callback):
    """Logs 10 tokens per batch, as our training step does."""

    def on_train_batch_end(self, batch, logs=None):
        logs["tokens"] = 10.0 * (batch + 1)


def train(callbacks):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=True)
    model.fit(
        X, X[:, :1], batch_size=1, verbose=0, callbacks=callbacks,
        validation_data=(X, X[:, :1]),
    )  # fmt: skip
    return model


def read(directory):
    """`{tag: [(step, tensor)]}` of the event files in a directory."""
    found = collections.defaultdict(list)
    for path in directory.iterdir():
        for event in event_file_loader.EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                array = tf.make_ndarray(value.tensor)
                found[value.tag].append((event.step, array))
    return found


def test_training_values_are_written_every_so_many_steps(tmp_path):
    train([TensorBoardLog(tmp_path, every_n_steps=2)])
    steps = [step for step, _ in read(tmp_path / "train")["loss"]]
    assert steps == [2, 4, 6]


def test_the_learning_rate_is_the_one_in_force(tmp_path):
    decay = LearningRateDecay("exponential", 1, 0.5)
    train([decay, TensorBoardLog(tmp_path, every_n_steps=3)])
    rates = [float(v) for _, v in read(tmp_path / "train")["learning_rate"]]
    assert rates == pytest.approx([0.5 * 0.5**2, 0.5 * 0.5**5])


def test_tokens_become_a_rate(tmp_path):
    train([Tokens(), TensorBoardLog(tmp_path, every_n_steps=1)])
    found = read(tmp_path / "train")
    assert "tokens" not in found
    assert len(found["tokens_per_second"]) == 5
    assert all(value > 0 for _, value in found["tokens_per_second"])


def test_evaluation_values_go_to_their_own_curve(tmp_path):
    model = train([TensorBoardLog(tmp_path)])
    [(step, value)] = read(tmp_path / "eval")["loss"]
    assert step == 6
    assert float(value) == pytest.approx(model.history.history["val_loss"][0])


def test_histograms_count_each_weight_at_the_end_of_an_epoch(tmp_path):
    model = train([TensorBoardLog(tmp_path, histograms=True)])
    found = read(tmp_path / "train")
    names = weight_names(model)
    assert set(names) <= set(found)
    for name, weight in names.items():
        ((step, rows),) = found[name]  # rows: from, to, how many
        assert step == 6
        assert rows[:, 2].sum() == np.size(weight)
        assert rows[0, 0] <= np.min(weight)
        assert rows[-1, 1] >= np.max(weight)


def test_without_histograms_no_weight_is_written(tmp_path):
    model = train([TensorBoardLog(tmp_path, every_n_steps=1)])
    assert not set(weight_names(model)) & set(read(tmp_path / "train"))


def test_texts_keep_their_lines(tmp_path):
    log = TensorBoardLog(tmp_path)
    log.text("samples", ["*a*", "b"], 3)
    log.on_train_end()
    [(step, value)] = read(tmp_path / "train")["samples"]
    assert (step, value.item()) == (3, b"    *a*\n    b")


def test_pictures_keep_their_colours(tmp_path):
    picture = np.zeros((4, 5, 3), "uint8")
    picture[1, 2] = (255, 128, 7)
    log = TensorBoardLog(tmp_path)
    log.image("attention", picture, 3)
    log.on_train_end()
    [(_, value)] = read(tmp_path / "train")["attention"]
    np.testing.assert_array_equal(tf.io.decode_png(value[2]), picture)


def test_between_two_readings_the_logs_are_not_touched(tmp_path):
    class Untouchable(dict):
        def items(self):
            raise AssertionError("waits for the device")

    log = TensorBoardLog(tmp_path, every_n_steps=100)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    log.set_model(model)
    log.on_train_begin()
    log.on_train_batch_begin(0)
    log.on_train_batch_end(0, Untouchable(loss=1.0))
    assert not (tmp_path / "train").exists()
