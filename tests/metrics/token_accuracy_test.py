import keras
import numpy as np
import pytest

from keras_seq2seq.metrics import TokenAccuracy

LABELS = np.array([[4, 5, 3], [4, 3, 0]])
WEIGHTS = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])


def logits_for(tokens, size=7):
    return 3.0 * np.eye(size, dtype="float32")[tokens]


def test_share_of_real_tokens_that_are_right():
    predicted = np.array([[4, 6, 3], [4, 4, 0]])  # the last is padding
    metric = TokenAccuracy()
    metric.update_state(LABELS, logits_for(predicted), WEIGHTS)
    assert float(metric.result()) == pytest.approx(3 / 5)
    metric.update_state([5], logits_for(np.array([5])))
    assert float(metric.result()) == pytest.approx(4 / 6)


def test_padding_that_is_right_earns_nothing():
    wrong = np.where(LABELS == 0, 0, 6)
    assert float(TokenAccuracy()(LABELS, logits_for(wrong), WEIGHTS)) == 0.0


def test_is_a_weighted_metric_of_compile():
    inputs = keras.Input((3, 7))
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[TokenAccuracy()],
    )
    found = model.evaluate(
        logits_for(np.array([[4, 6, 3], [4, 4, 0]])),
        LABELS,
        sample_weight=WEIGHTS,
        verbose=0,
        return_dict=True,
    )
    assert found["token_accuracy"] == pytest.approx(3 / 5)


def test_no_tokens_is_zero():
    assert float(TokenAccuracy().result()) == 0.0
