import keras
import numpy as np
import pytest

from keras_seq2seq.layers import LSTMCell
from tests.contracts import array, assert_close, randomise
from tests.numpy_layers import lstm_step, sigmoid

B, D, U, P = 2, 3, 5, 4


def built(**options):
    cell = LSTMCell(U, **options)
    cell.build((None, D))
    return randomise(cell)


def given(cell):
    return array(B, D), array(B, cell.output_size, seed=1), array(B, U, seed=2)


@pytest.mark.parametrize("forget_bias", [0.0, 1.0])
def test_equals_keras_with_copied_weights(forget_bias):
    ours = built(forget_bias=forget_bias)
    theirs = keras.layers.LSTMCell(U, unit_forget_bias=False)
    theirs.build((None, D))
    # Keras orders the gates (i, f, j, o), we (i, j, f, o).
    order = np.r_[0:U, 2 * U : 3 * U, U : 2 * U, 3 * U : 4 * U]
    bias = np.asarray(ours.bias)[order]
    bias[U : 2 * U] += forget_bias
    theirs.set_weights(
        [
            np.asarray(ours.kernel)[:, order],
            np.asarray(ours.recurrent_kernel)[:, order],
            bias,
        ]
    )
    x, h, c = given(ours)
    assert_close(ours(x, [h, c]), theirs(x, [h, c]))


def test_two_biases_as_in_mxnet_are_their_sum():
    cell = built(forget_bias=0.0)
    bias, inner_bias = array(4 * U, seed=7), array(4 * U, seed=8)
    cell.bias.assign(bias + inner_bias)
    x, h, c = given(cell)
    sums = x @ np.asarray(cell.kernel) + bias
    sums = sums + h @ np.asarray(cell.recurrent_kernel) + inner_bias
    i, j, f, o = np.split(sums, 4, axis=1)
    new = sigmoid(f) * c + sigmoid(i) * np.tanh(j)
    expected = sigmoid(o) * np.tanh(new)
    assert_close(cell(x, [h, c])[1], [expected, new])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"peephole": True},
        {"projection": P},
        {"cell_clip": 0.3},
        {"projection": P, "projection_clip": 0.1},
        {"peephole": True, "projection": P, "cell_clip": 0.5},
    ],
    ids=str,
)
def test_equals_hand_arithmetic(options):
    cell = built(**options)
    x, h, c = given(cell)
    output, (state, memory) = cell(x, [h, c])
    expected_state, expected_memory = lstm_step(cell, x, h, c)
    assert_close(output, expected_state)
    assert_close((state, memory), (expected_state, expected_memory))


def test_the_clips_bound_state_and_output():
    cell = built(cell_clip=0.3, projection=P, projection_clip=0.1)
    x, h, c = given(cell)
    output, (_, memory) = cell(x, [h, 10 * c])
    assert np.abs(memory).max() == np.float32(0.3)
    assert np.abs(output).max() == np.float32(0.1)


def test_the_output_gate_looks_at_the_new_cell_state():
    cell = built(peephole=True)
    for weight in cell.weights:
        weight.assign(weight * 0)
    peepholes = np.zeros((3, U), "float32")
    peepholes[2] = 1.0  # only the output gate looks
    cell.peepholes.assign(peepholes)
    x, h, c = given(cell)
    # Without weights c' = c * sigmoid(1) + sigmoid(0) * tanh(0).
    new = c * sigmoid(1.0)
    assert_close(cell(x, [h, c])[0], np.tanh(new) * sigmoid(new))


def test_the_forget_bias_is_a_constant_and_no_weight():
    cell = LSTMCell(U)
    cell.build((None, D))
    np.testing.assert_array_equal(cell.bias, np.zeros(4 * U))
    assert cell.count_params() == 4 * U * (D + U) + 4 * U


def test_the_cell_state_stays_float32():
    cell = LSTMCell(U, dtype="mixed_bfloat16")
    cell.build((None, D))
    assert cell.state_dtypes == ("bfloat16", "float32")
    x, h, c = given(cell)
    output, (_, memory) = cell(x, [h.astype("float16"), c])
    assert memory.dtype == "float32"


def test_normalised_cell_state_has_gain_and_bias():
    cell = built(layer_norm=True)
    for weight in cell.weights:
        if weight.path.endswith(("kernel", "gain")):
            weight.assign(weight * 0)
    bias = array(U, seed=5)
    cell.cell_bias.assign(bias)
    x, h, c = given(cell)
    gate = sigmoid(np.asarray(cell.bias)[3 * U :])
    # Gains of 0 leave the biases alone.
    assert_close(cell(x, [h, c])[0], np.tanh(bias) * gate + 0 * h)


def test_a_projection_must_be_positive():
    with pytest.raises(ValueError, match="Received: projection=0"):
        LSTMCell(U, projection=0)


def test_a_projection_clip_needs_a_projection():
    with pytest.raises(ValueError, match="needs `projection`"):
        LSTMCell(U, projection_clip=1.0)
