from typing import NamedTuple

import keras
import numpy as np
import pytest

from keras_seq2seq.callbacks.corpus_score import CorpusScore


class Value(NamedTuple):
    value: float
    signature: str


def shout(model, sources):
    return [source.upper() for source in sources]


def exact(hypotheses, references):
    pairs = zip(hypotheses, references, strict=True)
    return 100 * np.mean([h == r for h, r in pairs])


def train(callbacks, epochs=1):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.ones((2, 2), "float32")
    return model.fit(
        x, x[:, :1], epochs=epochs, verbose=0, callbacks=callbacks
    ).history


def test_the_score_reaches_callbacks_further_down():
    stopping = keras.callbacks.EarlyStopping("val_bleu", mode="max")
    train([CorpusScore(shout, ["a", "b"], ["A", "c"], exact), stopping])
    assert stopping.best == 50


def test_a_score_with_a_signature_is_taken_by_its_value():
    score = CorpusScore(shout, ["a"], ["A"], lambda h, r: Value(7.5, "x"))
    assert train([score])["val_bleu"] == [7.5]


def test_one_score_may_stand_under_several_names():
    score = CorpusScore(
        shout, ["a"], ["A"], exact, name="val_x", also=("x", "y")
    )
    history = train([score])
    assert history["val_x"] == history["x"] == history["y"] == [100]


def test_only_every_so_many_epochs_are_scored():
    score = CorpusScore(shout, ["a"], ["A"], exact, every=3)
    assert len(train([score], epochs=7)["val_bleu"]) == 2


def test_the_rhythm_goes_on_after_a_resume():
    first = CorpusScore(shout, ["a"], ["A"], exact, every=3)
    train([first], epochs=2)
    second = CorpusScore(shout, ["a"], ["A"], exact, every=3)
    second.set_state(first.get_state())
    assert train([second], epochs=1)["val_bleu"] == [100]


def test_a_lost_translation_is_an_error():
    score = CorpusScore(lambda m, s: s[:1], ["a", "b"], ["A", "B"], exact)
    with pytest.raises(ValueError, match="must return 2 texts"):
        train([score])


def test_unequal_lists_are_refused():
    with pytest.raises(ValueError, match="Received: 2 and 1"):
        CorpusScore(shout, ["a", "b"], ["A"], exact)
