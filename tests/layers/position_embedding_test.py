import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import PositionEmbedding, SinusoidEmbedding
from keras_seq2seq.layers.position_embedding import NoPositions, positions_of
from tests.contracts import array, assert_close, check_layer

B, L, D = 2, 3, 5


def built(layer):
    layer.build((None, None, D))
    return layer


def test_contract():
    check_layer(
        lambda **options: PositionEmbedding(L, **options),
        lambda layer: layer.build((None, None, D)),
        lambda layer: layer(array(B, L, D)),
    )


def test_each_position_has_its_row():
    layer = built(PositionEmbedding(9))
    x = array(B, L, D)
    assert_close(layer(x) - x, np.stack([layer.table[:L]] * B), 1e-6)
    assert abs(np.std(built(PositionEmbedding(999)).table) - 0.1) < 0.005


@pytest.mark.parametrize("graph", [False, True])
def test_a_sequence_that_is_too_long_is_refused_with_the_remedy(graph):
    layer = built(PositionEmbedding(L))
    kind, call = ValueError, layer
    if graph:
        kind = tf.errors.InvalidArgumentError
        call = tf.function(
            layer, input_signature=[tf.TensorSpec((None, None, D))]
        )
    assert call(array(B, L, D)).shape == (B, L, D)
    with pytest.raises(kind, match=f"for {L} tokens.*num_positions.*") as told:
        call(array(B, L + 1, D))
    assert str(L + 1) in str(told.value)


def test_sinusoids_by_hand():
    found = built(SinusoidEmbedding())(np.zeros((1, L, D), "float32"))[0]
    for position in range(L):
        angles = [position, position * 10000 ** (-2 / D)]
        row = [*np.sin(angles), *np.cos(angles), 0.0]
        assert_close(found[position], np.array(row) / D**0.5)


@pytest.mark.parametrize("kind", ["learned", "sinusoid", "none"])
def test_vectors_of_single_positions_are_those_of_sequences(kind):
    layer = built(positions_of(kind, 9, "float32"))
    zeros = np.zeros((1, 4, D), "float32")
    at = layer.reader()(np.array([[3, 1]], "int32"))
    assert_close(zeros[:, :2] + at, np.asarray(layer(zeros))[:, [3, 1]])
    assert layer.longest_input == (9 if kind == "learned" else None)


def test_no_positions_change_nothing():
    x = array(B, L, D)
    assert_close(built(NoPositions())(x), x, 0)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="Received: num_positions=0"):
        PositionEmbedding(0)
    with pytest.raises(ValueError, match="'sinusoid'.*Received: 'fixed'"):
        positions_of("fixed", 9, "float32")
