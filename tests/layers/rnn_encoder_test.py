"""What all recurrent encoders promise."""

import keras
import numpy as np
import pytest

from keras_seq2seq.layers import (
    BidirectionalRNNEncoder,
    GRUCell,
    HybridRNNEncoder,
    LSTMCell,
    RecurrentStack,
    StackBidirectionalRNNEncoder,
    UnidirectionalRNNEncoder,
)
from tests.contracts import array, arrays, assert_close, check_layer, randomise

B, S, E, U = 3, 4, 2, 6
VALID = np.arange(S) < np.array([[4], [1], [3]])
ENCODERS = {
    "one_way": (UnidirectionalRNNEncoder, U),
    "both_ways": (BidirectionalRNNEncoder, 2 * U),
    "stacked": (StackBidirectionalRNNEncoder, 2 * U),
    "hybrid": (HybridRNNEncoder, U),
}


@pytest.fixture(params=ENCODERS.values(), ids=ENCODERS.keys())
def kind(request):
    return request.param


def stack(cell=None, **options):
    return RecurrentStack(cell or LSTMCell(U), **options)


def built(kind, cell=None, width=E, **options):
    encoder = kind[0](stack(cell, **options))
    encoder.build((None, None, width))
    return randomise(encoder)


def test_contract(kind):
    check_layer(
        lambda dtype=None: kind[0](
            stack(num_layers=2, residual=True, dtype=dtype), dtype=dtype
        ),
        lambda encoder: encoder.build((None, None, E)),
        lambda encoder: encoder(array(B, S, E), valid=VALID),
    )


def test_padding_is_never_seen(kind):
    encoder, inputs = built(kind, num_layers=2), array(B, S, E)
    before = encoder(inputs, valid=VALID)
    inputs[~VALID] = 100.0
    assert_close(encoder(inputs, valid=VALID), before, 0)


def test_wider_padding_changes_nothing(kind):
    encoder, inputs = built(kind, num_layers=2), array(B, S, E)
    before = encoder(inputs, valid=VALID)
    wide = np.concatenate([inputs, array(B, 3, E, seed=1)], axis=1)
    valid = np.concatenate([VALID, np.zeros((B, 3), bool)], axis=1)
    after = encoder(wide, valid=valid)
    assert_close(after.outputs[:, :S], before.outputs, 0)
    assert_close(after.final_state, before.final_state, 0)


def test_padded_outputs_are_zero(kind):
    encoder = built(kind, num_layers=2, residual=True)
    encoded = encoder(array(B, S, E), valid=VALID)
    assert (np.asarray(encoded.outputs)[~VALID] == 0).all()
    assert (np.asarray(encoded.attention_values)[~VALID] == 0).all()
    assert (np.asarray(encoded.outputs)[VALID] != 0).all()


def test_rows_do_not_see_each_other(kind):
    encoder, inputs = built(kind), array(B, S, E)
    together = encoder(inputs, valid=VALID)
    for row in range(B):
        count = VALID[row].sum()
        alone = encoder(
            inputs[row : row + 1, :count], valid=VALID[row : row + 1, :count]
        )
        assert_close(together.outputs[row, :count], alone.outputs[0])
        states = zip(
            arrays(together.final_state), arrays(alone.final_state), strict=True
        )
        for one, other in states:
            assert_close(one[row], other[0])


def test_sizes_are_known_once_built(kind):
    encoder = built(kind, LSTMCell(U, projection=4), num_layers=2)
    encoded = encoder(array(B, S, E), valid=VALID)
    assert encoder.output_size == encoded.outputs.shape[-1]
    assert encoder.value_size == encoded.attention_values.shape[-1]
    widths = keras.tree.map_structure(
        lambda x: x.shape[-1], encoded.final_state
    )
    assert widths == encoder.final_state_sizes


def test_values_are_the_outputs(kind):
    encoded = built(kind)(array(B, S, E), valid=VALID)
    assert encoded.outputs.shape == (B, S, kind[1])
    assert encoded.attention_values is encoded.outputs


def test_dropout_acts_in_training_only(kind):
    encoder = built(kind, output_keep_prob=0.5)
    inputs = array(B, S, E)
    clean = encoder(inputs, valid=VALID)
    assert (np.asarray(clean.outputs)[VALID] != 0).all()
    dropped = encoder(inputs, valid=VALID, training=True)
    assert (np.asarray(dropped.outputs)[VALID] == 0).any()


@pytest.mark.parametrize(
    "encoder_class",
    [BidirectionalRNNEncoder, StackBidirectionalRNNEncoder, HybridRNNEncoder],
)
def test_seeded_directions_drop_differently(encoder_class):
    encoder = encoder_class(stack(GRUCell(40), output_keep_prob=0.5, seed=3))
    encoder.build((None, None, E))
    outputs = encoder(
        array(1, 1, E), valid=np.ones((1, 1), bool), training=True
    )
    ahead, back = np.split(np.asarray(outputs.outputs)[0, 0] == 0, 2)
    assert (ahead != back).any()


def test_one_way_reads_from_left_to_right():
    encoder, inputs = built(ENCODERS["one_way"]), array(B, S, E)
    before = np.asarray(encoder(inputs, valid=VALID).outputs)
    inputs[:, 2:] = 7.0
    after = np.asarray(encoder(inputs, valid=VALID).outputs)
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert (after[0, 2] != before[0, 2]).all()


def test_the_default_is_one_lstm_of_128(kind):
    encoder = kind[0]()
    encoder.build((None, None, E))
    assert encoder.output_size == kind[1] // U * 128
    assert isinstance(encoder.recurrence.cells[0], LSTMCell)
