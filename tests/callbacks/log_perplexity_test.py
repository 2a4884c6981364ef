import keras
import numpy as np

from keras_seq2seq.callbacks.log_perplexity import LogPerplexity


def train(**options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.ones((2, 2), "float32")
    return model.fit(
        x, x[:, :1], verbose=0, callbacks=[LogPerplexity()], **options
    ).history


def test_the_loss_of_validation_has_its_historical_names_too():
    x = np.ones((2, 2), "float32")
    history = train(validation_data=(x, x[:, :1]))
    assert history["log_perplexity"] == history["val_loss"]
    assert history["val_log_perplexity"] == history["val_loss"]


def test_without_validation_nothing_is_logged():
    assert set(train()) == {"loss"}
