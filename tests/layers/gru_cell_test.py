import keras
import numpy as np
import pytest

from keras_seq2seq.layers import GRUCell
from tests.contracts import array, assert_close, randomise
from tests.numpy_layers import gru_step, sigmoid

B, D, U = 2, 3, 5


def built(**options):
    cell = GRUCell(U, **options)
    cell.build((None, D))
    return randomise(cell)


@pytest.mark.parametrize("reset_after", [False, True])
def test_equals_keras_with_copied_weights(reset_after):
    ours = built(reset_after=reset_after)
    theirs = keras.layers.GRUCell(U, reset_after=reset_after)
    theirs.build((None, D))
    # Keras orders the gates (update, reset, new), we (reset, update, new).
    order = np.r_[U : 2 * U, 0:U, 2 * U : 3 * U]
    bias = np.asarray(ours.bias)[order]
    if reset_after:
        inner = np.zeros(3 * U, "float32")
        inner[2 * U :] = ours.recurrent_bias
        bias = np.stack([bias, inner])
    theirs.set_weights(
        [
            np.asarray(ours.kernel)[:, order],
            np.asarray(ours.recurrent_kernel)[:, order],
            bias,
        ]
    )
    x, h = array(B, D), array(B, U, seed=1)
    assert_close(ours(x, [h]), theirs(x, [h]))


@pytest.mark.parametrize("reset_after", [False, True])
def test_equals_hand_arithmetic(reset_after):
    cell = built(reset_after=reset_after)
    x, h = array(B, D), array(B, U, seed=1)
    assert_close(cell(x, [h])[0], gru_step(cell, x, h))


def test_two_biases_as_in_mxnet_are_their_sum():
    cell = GRUCell(U, reset_after=True, gate_bias=0.0)
    cell.build((None, D))
    assert (np.asarray(cell.bias) == 0).all()
    randomise(cell)
    bias, inner_bias = array(3 * U, seed=7), array(3 * U, seed=8)
    # The inner bias of the candidate is reset with the product, so it stays.
    summed = bias + inner_bias
    summed[2 * U :] = bias[2 * U :]
    cell.bias.assign(summed)
    cell.recurrent_bias.assign(inner_bias[2 * U :])
    x, h = array(B, D), array(B, U, seed=1)
    given = np.split(x @ np.asarray(cell.kernel) + bias, 3, axis=1)
    inner = h @ np.asarray(cell.recurrent_kernel) + inner_bias
    inner = np.split(inner, 3, axis=1)
    reset, update = (sigmoid(given[i] + inner[i]) for i in range(2))
    new = np.tanh(given[2] + reset * inner[2])
    assert_close(cell(x, [h])[0], (1 - update) * new + update * h)


def test_the_two_reset_conventions_differ():
    before, after = built(), built(reset_after=True)
    after.set_weights([*before.get_weights(), np.zeros(U)])
    x, h = array(B, D), array(B, U, seed=1)
    assert not np.allclose(before(x, [h])[0], after(x, [h])[0], atol=1e-3)


def test_gates_begin_open_for_the_state():
    cell = GRUCell(U)
    cell.build((None, D))
    expected = np.r_[np.ones(2 * U), np.zeros(U)]
    np.testing.assert_array_equal(cell.bias, expected)


def test_a_single_bias_per_gate_unless_reset_comes_after():
    cell = GRUCell(U)
    cell.build((None, D))
    assert cell.count_params() == 3 * U * (D + U) + 3 * U


def test_normalised_sums_are_those_of_the_layer_norm_formula():
    cell = built(layer_norm=True)
    x, h = array(B, D), array(B, U, seed=1)
    kernel, recurrent, bias, gain, state_gain = (
        np.asarray(w)
        for w in (
            cell.kernel,
            cell.recurrent_kernel,
            cell.bias,
            cell.input_gain,
            cell.state_gain,
        )
    )

    def norm(sums):
        blocks = sums.reshape(B, -1, U)
        blocks = blocks - blocks.mean(-1, keepdims=True)
        blocks = blocks / np.sqrt(blocks.var(-1, keepdims=True) + 1e-6)
        return blocks.reshape(B, -1)

    given = norm(x @ kernel) * gain + bias
    sums = norm(h @ recurrent[:, : 2 * U]) * state_gain[: 2 * U]
    gates = 1 / (1 + np.exp(-(given[:, : 2 * U] + sums)))
    reset, update = gates[:, :U], gates[:, U:]
    inner = norm((reset * h) @ recurrent[:, 2 * U :]) * state_gain[2 * U :]
    new = np.tanh(given[:, 2 * U :] + inner)
    assert_close(cell(x, [h])[0], update * h + (1 - update) * new)
