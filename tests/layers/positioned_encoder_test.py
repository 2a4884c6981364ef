"""What the encoders without recurrence promise."""

import functools

import keras
import numpy as np
import pytest

from keras_seq2seq.layers import ConvEncoder, PoolingEncoder
from keras_seq2seq.layers.position_encoding import position_encodings
from tests.contracts import array, arrays, assert_close, check_layer, randomise

B, S, E, A, M = 3, 7, 4, 5, 6
COUNTS = [7, 1, 4]
VALID = np.arange(S) < np.array(COUNTS)[:, None]
conv = functools.partial(
    ConvEncoder,
    attention_units=A,
    attention_layers=3,
    output_units=M,
    output_kernel_size=4,
    output_layers=2,
)
ENCODERS = {
    "average": PoolingEncoder,
    "max": functools.partial(PoolingEncoder, pooling="max"),
    "even": functools.partial(PoolingEncoder, pool_size=4, pooling="max"),
    "strided": functools.partial(PoolingEncoder, strides=2),
    "sparse": functools.partial(PoolingEncoder, pool_size=2, strides=3),
    "convolutions": conv,
}


@pytest.fixture(params=ENCODERS.values(), ids=ENCODERS.keys())
def kind(request):
    return request.param


def built(kind, **options):
    encoder = kind(**options)
    encoder.build((None, None, E))
    return randomise(encoder)


def test_contract(kind):
    check_layer(
        lambda dtype=None: kind(dtype=dtype),
        lambda encoder: encoder.build((None, None, E)),
        lambda encoder: encoder(array(B, S, E), valid=VALID),
    )


@pytest.mark.parametrize("combiner", ["multiply", "add"])
def test_padding_is_never_seen(kind, combiner):
    encoder, inputs = built(kind, combiner=combiner), array(B, S, E)
    before = encoder(inputs, valid=VALID)
    inputs[~VALID] = 100.0
    assert_close(encoder(inputs, valid=VALID), before, 0)


@pytest.mark.parametrize("combiner", ["multiply", "add"])
@pytest.mark.parametrize("more", [1, 2, 150])  # more than there are positions
def test_wider_padding_changes_nothing(kind, combiner, more):
    encoder, inputs = built(kind, combiner=combiner), array(B, S, E)
    before = encoder(inputs, valid=VALID)
    wide = np.concatenate([inputs, array(B, more, E, seed=1)], axis=1)
    valid = np.concatenate([VALID, np.zeros((B, more), bool)], axis=1)
    after = encoder(wide, valid=valid)
    assert_close(after.outputs[:, :S], before.outputs)
    assert_close(after.attention_values[:, :S], before.attention_values)
    assert_close(after.final_state, before.final_state)


def test_padded_outputs_are_zero(kind):
    encoded = built(kind, combiner="add")(array(B, S, E), valid=VALID)
    for found in (encoded.outputs, encoded.attention_values):
        assert (np.asarray(found)[~VALID] == 0).all()
        assert (np.asarray(found)[VALID] != 0).all()


def test_rows_do_not_see_each_other(kind):
    encoder, inputs = built(kind), array(B, S, E)
    together = encoder(inputs, valid=VALID)
    for row, count in enumerate(COUNTS):
        alone = encoder(
            inputs[row : row + 1, :count], valid=VALID[row : row + 1, :count]
        )
        assert_close(together.outputs[row, :count], alone.outputs[0])
        assert_close(
            together.attention_values[row, :count], alone.attention_values[0]
        )
        (one,), (other,) = arrays(together.final_state), arrays(alone[1])
        assert_close(one[row], other[0])


def test_everything_inside_is_built_with_the_encoder(kind):
    # Else Keras runs the model, and on two replicas with ids that are floats.
    assert all(layer.built for layer in built(kind)._flatten_layers())


def test_sizes_are_known_once_built(kind):
    encoder = built(kind)
    encoded = encoder(array(B, S, E), valid=VALID)
    assert encoder.output_size == encoded.outputs.shape[-1]
    assert encoder.value_size == encoded.attention_values.shape[-1]
    widths = keras.tree.map_structure(
        lambda x: x.shape[-1], encoded.final_state
    )
    assert widths == encoder.final_state_sizes


def test_keys_values_and_valid_belong_to_the_same_tokens(kind):
    encoded = built(kind)(array(B, S, E), valid=VALID)
    assert encoded.outputs.shape[:2] == (B, S)
    assert encoded.attention_values.shape[:2] == (B, S)
    assert encoded.valid is VALID or (np.asarray(encoded.valid) == VALID).all()


@pytest.mark.parametrize("combiner", ["multiply", "add"])
def test_positions_are_combined_with_the_inputs(kind, combiner):
    inputs = array(B, S, E)
    table = np.asarray(position_encodings(S, E, num_positions=9))
    combined = inputs * table if combiner == "multiply" else inputs + table
    with_positions = built(kind, num_positions=9, combiner=combiner)
    without = built(kind, num_positions=None)
    assert_close(
        with_positions(inputs, valid=VALID), without(combined, valid=VALID)
    )


def test_a_fifth_of_the_inputs_is_dropped_in_training_only():
    for kind in (PoolingEncoder, ConvEncoder):
        assert kind().dropout == pytest.approx(1 - 0.8)
    encoder = built(PoolingEncoder, num_positions=None, dropout=0.25)
    ones = np.ones((B, 500, E), "float32")
    valid = np.ones((B, 500), bool)
    assert_close(encoder(ones, valid=valid).attention_values, ones, 0)
    dropped = encoder(ones, valid=valid, training=True).attention_values
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    assert np.mean(np.asarray(dropped) == 0) == pytest.approx(0.25, abs=0.03)


def test_dropout_is_drawn_from_its_seed(kind):
    inputs = array(B, S, E)
    one, same, other = (
        built(kind, seed=seed)(inputs, valid=VALID, training=True)
        for seed in (3, 3, 4)
    )
    assert_close(one, same, 0)
    assert (np.asarray(one.outputs) != np.asarray(other.outputs)).any()


def test_a_dropout_of_everything_is_refused(kind):
    with pytest.raises(ValueError, match="Received: dropout=1"):
        kind(dropout=1)
