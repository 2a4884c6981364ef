import keras
import numpy as np
import pytest

from keras_seq2seq.optimizers import SGD, Adagrad, Adam, Ftrl, RMSprop
from tests.contracts import array, assert_close

GRADIENTS = (5.0, -0.2)
CLASSES = (Adam, SGD, RMSprop, Adagrad, Ftrl)


def values(optimizer, name="kernel", gradients=GRADIENTS):
    """A weight that begins as 1 after each update."""
    variable = keras.Variable([1.0], name=name)
    optimizer.build([variable])
    seen = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor([gradient])], [variable])
        seen.append(float(np.asarray(variable)[0]))
    return seen


def test_sgd_has_the_golden_numbers_of_mxnet():
    optimizer = SGD(0.1, momentum=0.9, coupled_decay=0.01, clip_value=1.0)
    assert values(optimizer) == pytest.approx([0.899, 0.8272010], abs=1e-7)


def test_adam_has_the_golden_numbers_of_mxnet():
    optimizer = Adam(3e-4, epsilon=1e-8, coupled_decay=0.01, clip_value=1.0)
    found = values(optimizer)
    assert found == pytest.approx([0.9997, 0.9995442103], abs=1e-7)


def test_rmsprop_clips_the_decayed_gradient():
    lr, rho, epsilon, decay = 1e-2, 0.9, 1e-8, 0.5
    weight, mean, expected = 1.0, 0.0, []
    for gradient in GRADIENTS:
        g = np.clip(gradient + decay * weight, -1, 1)
        mean = rho * mean + (1 - rho) * g * g
        weight -= lr * g / np.sqrt(mean + epsilon)
        expected.append(weight)
    optimizer = RMSprop(
        lr, rho=rho, epsilon=epsilon, coupled_decay=decay, clip_value=1.0
    )
    assert values(optimizer) == pytest.approx(expected, abs=1e-6)


def test_sgd_does_not_clip_the_decay():
    optimizer = SGD(1.0, coupled_decay=10.0, clip_value=0.5)
    assert values(optimizer, gradients=[3.0]) == pytest.approx([1 - 10.5])


@pytest.mark.parametrize("name", ["bias", "recurrent_bias", "beta"])
@pytest.mark.parametrize("kind", CLASSES)
def test_biases_do_not_decay(kind, name):
    plain = values(kind(0.1), name)
    assert values(kind(0.1, coupled_decay=0.5), name) == plain
    assert values(kind(0.1, coupled_decay=0.5)) != plain


@pytest.mark.parametrize("kind", CLASSES)
def test_without_either_it_is_the_optimizer_of_keras(kind):
    theirs = getattr(keras.optimizers, kind.__name__)
    assert_close(values(kind(0.1)), values(theirs(0.1)), 1e-6)


@pytest.mark.parametrize("off", [None, 0, 0.0])
def test_no_value_clips_nothing(off):
    assert values(SGD(1.0, clip_value=off), gradients=[7.0]) == [-6.0]


@pytest.mark.parametrize("kind", CLASSES)
def test_the_configuration_round_trip(kind):
    optimizer = kind(0.1, coupled_decay=0.5, clip_value=2.0)
    twin = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(optimizer)
    )
    assert type(twin) is kind
    assert twin.get_config() == optimizer.get_config()


@pytest.mark.parametrize(
    "options", [{"coupled_decay": -1.0}, {"clip_value": -1.0}]
)
def test_negative_numbers_are_refused(options):
    with pytest.raises(ValueError, match="Received: -1"):
        SGD(0.1, **options)


def test_gradients_are_changed_after_they_are_accumulated():
    options = {"gradient_accumulation_steps": 2, "coupled_decay": 0.5}
    optimizer = SGD(1.0, clip_value=1.0, **options)
    # The mean of 3 and -1 is 1; clipped one by one they would give 0.
    assert values(optimizer, gradients=[3.0, -1.0])[-1] == -0.5


def test_it_trains_a_plain_model_of_keras():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(SGD(0.1, coupled_decay=0.1, clip_value=1e-3), "mse")
    kernel, bias = (np.array(w) for w in model.get_weights())
    model.fit(array(4, 3), 9 * np.ones((4, 2)), batch_size=4, verbose=0)
    expected = kernel - 0.1 * 0.1 * kernel
    found, found_bias = model.get_weights()
    assert np.abs(found - expected).max() < 1.01e-4
    np.testing.assert_allclose(np.abs(found_bias - bias), 1e-4, rtol=1e-4)
