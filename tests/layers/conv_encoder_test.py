import numpy as np
import pytest

from keras_seq2seq.layers import ConvEncoder
from tests.contracts import array, assert_close, randomise

B, S, E = 2, 6, 4
COUNTS = [6, 3]
VALID = np.arange(S) < np.array(COUNTS)[:, None]


def convolution(layer, x):
    """A row `(L, n)` through a layer, zeros around it, by the formula."""
    kernel, size = np.asarray(layer.kernel), layer.kernel_size[0]
    before = (size - 1) // 2
    padded = np.pad(x, [(before, size - 1 - before), (0, 0)])
    taps = [padded[i : i + len(x)] @ kernel[i] for i in range(size)]
    return sum(taps) + np.asarray(layer.bias)


def stacked(convolutions, x):
    first, *others = convolutions
    x = np.tanh(convolution(first, x))
    for layer in others:
        x = np.tanh(convolution(layer, x) + x)
    return x


def test_rows_equal_the_formula():
    encoder = ConvEncoder(5, 3, 3, 7, 2, 2, num_positions=None)
    encoder.build((None, None, E))
    randomise(encoder)
    inputs = array(B, S, E)
    encoded = encoder(inputs, valid=VALID)
    ((state,),) = encoded.final_state
    for row, count in enumerate(COUNTS):
        real = inputs[row, :count]
        keys = stacked(encoder.key_convolutions, real)
        values = stacked(encoder.value_convolutions, real)
        assert_close(encoded.outputs[row, :count], keys)
        assert_close(encoded.attention_values[row, :count], values)
        assert_close(state[row], values.mean(axis=0))


def test_original_shapes():
    encoder = ConvEncoder(attention_units=5, output_units=6)
    encoder.build((None, None, 10))
    encoded = encoder(array(4, 16, 10), valid=np.ones((4, 16), bool))
    ((state,),) = encoded.final_state
    assert encoded.outputs.shape == (4, 16, 5)
    assert encoded.attention_values.shape == (4, 16, 6)
    assert state.shape == (4, 6)


def test_weights_are_counted_as_in_the_original():
    encoder = ConvEncoder()
    encoder.build((None, None, 512))

    def layer(kernel, inputs, units):
        return kernel * inputs * units + units

    keys = 15 * layer(3, 512, 512)
    values = layer(3, 512, 256) + 4 * layer(3, 256, 256)
    assert encoder.count_params() == keys + values


def test_biases_start_at_zero_and_kernels_as_glorot_says():
    encoder = ConvEncoder(40, 3, 1, 1, 1, 1)
    encoder.build((None, None, 50))
    (layer,) = encoder.key_convolutions
    bound = np.sqrt(6 / (3 * 50 + 3 * 40))
    kernel = np.asarray(layer.kernel)
    assert (np.asarray(layer.bias) == 0).all()
    assert 0.95 * bound < np.abs(kernel).max() <= bound


@pytest.mark.parametrize("name", ["units", "kernel_size", "layers"])
@pytest.mark.parametrize("role", ["attention", "output"])
def test_wrong_arguments_are_refused(role, name):
    with pytest.raises(ValueError, match=f"Received: {role}_{name}=0"):
        ConvEncoder(**{f"{role}_{name}": 0})
