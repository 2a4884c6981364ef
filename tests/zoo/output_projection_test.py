import json

import keras
import numpy as np
import pytest

from keras_seq2seq.layers import TokenEmbedding
from keras_seq2seq.zoo.output_projection import OutputProjection
from tests.contracts import array, assert_close, randomise

V, U, E = 7, 5, 3


def table():
    embedding = TokenEmbedding(V, E)
    embedding.build()
    return embedding


def test_logits_by_hand():
    layer = OutputProjection(V)
    layer.build((None, U))
    randomise(layer)
    features = array(2, 4, U)
    expected = features @ np.asarray(layer.kernel) + np.asarray(layer.bias)
    assert_close(layer(features), expected)


def test_features_of_any_rank_give_the_same_logits():
    layer = OutputProjection(V)
    layer.build((None, U))
    features = array(2, 4, U)
    whole = np.asarray(layer(features))
    np.testing.assert_array_equal(layer(features[1]), whole[1])


def test_a_tied_projection_has_no_kernel_of_its_own():
    layer = OutputProjection(V, tied_to=table())
    layer.build((None, E))
    assert [v.name for v in layer.variables] == ["bias"]


def test_features_of_another_width_pass_a_linear_layer_first():
    layer = OutputProjection(V, tied_to=table())
    layer.build((None, U))
    assert layer.count_params() == U * E + E + V
    assert layer(array(2, U)).shape == (2, V)


@pytest.mark.parametrize("tied", [False, True])
def test_logits_are_float32_whatever_the_policy(tied):
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = OutputProjection(V, tied_to=table() if tied else None)
    layer.build((None, E))
    assert layer(array(2, E)).dtype == "float32"


def test_in_bfloat16_a_call_and_a_search_give_the_same_logits():
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = OutputProjection(V, weight_norm=True)
    layer.build((None, E))
    randomise(layer)
    layer.bias.assign(np.full(V, -8.3))  # no number of bfloat16
    features = array(2, E)
    called = np.asarray(layer(features))
    searched = layer.projector()(keras.ops.cast(features, "bfloat16"))
    np.testing.assert_array_equal(called, searched)


def test_the_configuration_is_json():
    config = json.dumps(OutputProjection(V, name="to_logits").get_config())
    assert OutputProjection.from_config(json.loads(config)).vocabulary_size == V


def test_norms_follow_a_kernel_that_is_drawn_anew():
    layer = OutputProjection(4, weight_norm=True)
    layer.build((None, 3))
    layer.kernel.assign(array(3, 4))
    layer.weights_drawn()
    features = array(2, 3)
    assert_close(layer(features), features @ np.asarray(layer.kernel))


def projections():
    """Built layers of each kind, and the width of their features."""
    for options, width in (
        ({}, U),
        ({"weight_norm": True}, U),
        ({"tied_to": table()}, E),
        ({"tied_to": table()}, U),
    ):
        layer = OutputProjection(V, **options)
        layer.build((None, width))
        yield randomise(layer), width


def test_logits_of_chosen_tokens_are_those_among_all():
    tokens = np.array([[0, 1, 4, 6], [0, 5, 0, 0]], "int32")
    for layer, width in projections():
        features = array(2, 3, width)
        chosen = layer.projector_onto(layer.columns(tokens))(features)
        whole = np.asarray(layer(features))
        expected = np.take_along_axis(whole, tokens[:, None], axis=-1)
        expected[1, :, 2:] = -np.inf  # nothing but PAD behind the last token
        assert_close(chosen, expected)
