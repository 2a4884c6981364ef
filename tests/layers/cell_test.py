"""What all cells share; each kind has a file of its own beside this one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import BasicRNNCell, GRUCell, LSTMCell
from keras_seq2seq.layers.cell import NORMALISATION_EPSILON, normalise
from tests.contracts import array, assert_close, check_layer, randomise

B, L, D, U = 2, 4, 3, 5
CELLS = {
    "rnn": (BasicRNNCell, {}),
    "gru": (GRUCell, {}),
    "gru_after": (GRUCell, {"reset_after": True, "gate_bias": 0.5}),
    "gru_norm": (GRUCell, {"layer_norm": True}),
    "gru_after_norm": (GRUCell, {"reset_after": True, "layer_norm": True}),
    "lstm": (LSTMCell, {"forget_bias": 0.5}),
    "lstm_norm": (LSTMCell, {"layer_norm": True}),
    "lstm_all": (
        LSTMCell,
        {
            "peephole": True,
            "projection": 2,
            "cell_clip": 3.0,
            "projection_clip": 5.0,
            "layer_norm": True,
        },
    ),
}


@pytest.fixture(params=CELLS.values(), ids=CELLS.keys())
def kind(request):
    return request.param


def made(kind, **more):
    cell_class, options = kind
    return cell_class(U, **options, **more)


def states(cell, seed=1):
    return [
        array(B, size, seed=seed + i) for i, size in enumerate(cell.state_sizes)
    ]


def test_contract(kind):
    check_layer(
        lambda **options: made(kind, **options),
        lambda cell: cell.build((None, D)),
        lambda cell: cell(array(B, D), states(cell)),
    )


def test_keras_rnn_unrolls_the_cell(kind):
    cell = made(kind)
    sequence = array(B, L, D)
    outputs = keras.layers.RNN(cell, return_sequences=True)(sequence)
    randomise(cell)
    outputs = keras.layers.RNN(cell, return_sequences=True)(sequence)
    now = [np.zeros((B, size), "float32") for size in cell.state_sizes]
    for time in range(L):
        output, now = cell(sequence[:, time], now)
        assert_close(outputs[:, time], output)


def test_parts_of_a_projected_concatenation_add_up(kind):
    cell = made(kind)
    cell.build((None, D))
    randomise(cell)
    inputs = array(B, D)
    left, right = cell.projectors(1)
    joined = left(inputs[:, :1]) + right(inputs[:, 1:])
    assert_close(cell.joiner()(joined), cell.projector()(inputs))


def test_kernels_begin_uniform_within_004(kind):
    cell = made(kind)
    cell.build((None, 200))
    for weight in (cell.kernel, cell.recurrent_kernel):
        values = np.abs(np.asarray(weight))
        assert 0.03 < values.max() <= 0.04


def test_layers_begin_with_different_kernels(kind):
    one, other = made(kind), made(kind)
    one.build((None, D))
    other.build((None, D))
    assert not np.allclose(one.kernel, other.kernel)


def test_own_initialisers_reach_the_kernels():
    cell = BasicRNNCell(
        U, kernel_initializer="ones", recurrent_initializer="identity"
    )
    cell.build((None, D))
    np.testing.assert_array_equal(cell.kernel, np.ones((D, U)))
    np.testing.assert_array_equal(cell.recurrent_kernel, np.eye(U))


@pytest.mark.parametrize("name", ["gru_norm", "gru_after_norm", "lstm_norm"])
def test_normalised_cells_do_not_see_the_scale_of_their_kernels(name):
    cell = made(CELLS[name])
    cell.build((None, D))
    randomise(cell, scale=3.0)
    inputs, before = array(B, D), states(cell)
    output, _ = cell(inputs, before)
    for weight in (cell.kernel, cell.recurrent_kernel):
        weight.assign(weight * 7.0)
    assert_close(cell(inputs, before)[0], output, 1e-4)
    plain = made((type(cell), {}))
    plain.build((None, D))
    randomise(plain, scale=3.0)
    output, _ = plain(inputs, before)
    plain.kernel.assign(plain.kernel * 7.0)
    assert not np.allclose(plain(inputs, before)[0], output, atol=1e-2)


def test_normalise_centres_and_scales_each_group():
    sums = 3 + 5 * array(B, 4 * U)
    blocks = np.asarray(normalise(sums, 4)).reshape(B, 4, U)
    np.testing.assert_allclose(blocks.mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(blocks.var(axis=-1), 1, rtol=1e-4)


def test_the_gradient_of_normalise_is_that_of_its_formula():
    sums, weights = array(B, 4 * U), array(B, 4, U, seed=9)

    def formula(sums):
        blocks = tf.reshape(sums, (B, 4, U))
        mean, variance = tf.nn.moments(blocks, -1, keepdims=True)
        return (blocks - mean) / tf.sqrt(variance + NORMALISATION_EPSILON)

    found = []
    for function in (formula, lambda sums: normalise(sums, 4)):
        with tf.GradientTape() as tape:
            tape.watch(sums := tf.convert_to_tensor(sums))
            mixture = tf.reshape(function(sums), (B, 4, U)) * weights
        found.append(tape.gradient(mixture, sums))
    assert_close(found[1], found[0])


def test_units_must_be_positive(kind):
    with pytest.raises(ValueError, match="Received: units=0"):
        kind[0](0)


def test_keras_rnn_runs_the_cell_in_bfloat16(kind):
    layer = keras.layers.RNN(made(kind, dtype="mixed_bfloat16"))
    assert np.isfinite(np.asarray(layer(array(B, L, D)), "float32")).all()


def test_an_own_projection_is_never_passed_over():
    class Doubled(GRUCell):
        def projector(self):
            project = super().projector()
            return lambda inputs: 2 * project(inputs)

    cell = Doubled(3)
    cell.build((None, 5))
    with pytest.raises(NotImplementedError, match="override `projectors`"):
        cell.projectors(2)
