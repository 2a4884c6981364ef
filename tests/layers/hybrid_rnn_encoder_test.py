import numpy as np
import pytest

from keras_seq2seq.layers import (
    BidirectionalRNNEncoder,
    GRUCell,
    HybridRNNEncoder,
    LSTMCell,
    PassThroughBridge,
    RecurrentStack,
)
from tests.contracts import array, arrays, assert_close, randomise

B, S, E, U = 3, 4, 2, 6
VALID = np.arange(S) < np.array([[4], [1], [3]])


def built(cell=None, **options):
    encoder = HybridRNNEncoder(RecurrentStack(cell or LSTMCell(U), **options))
    encoder.build((None, None, E))
    return randomise(encoder)


def bottom(encoder, inputs):
    """What a bidirectional encoder with the weights of the first layer does."""
    twin = BidirectionalRNNEncoder(RecurrentStack(LSTMCell(U // 2)))
    twin.build((None, None, E))
    twin.recurrence.set_weights(encoder.ahead.get_weights())
    twin.backward.set_weights(encoder.back.get_weights())
    return twin(inputs, valid=VALID)


def above(cells, x, first=None):
    """Layers that read left to right, the first of them number 2."""
    for number, cell in enumerate(cells, 2):
        states = [np.zeros((B, U), "float32")] * len(cell.state_sizes)
        output = np.zeros_like(x)
        for time in range(S):
            output[:, time], states = cell(x[:, time], states)
        x = output + x if first is not None and number >= first else output
    return x


def test_a_single_layer_reads_both_ways_with_half_of_the_units_each():
    encoder, inputs = built(), array(B, S, E)
    encoded = encoder(inputs, valid=VALID)
    assert encoder.upper is None
    assert encoder.ahead.cells[0].units == U // 2
    assert_close(encoded.outputs, bottom(encoder, inputs).outputs, 0)


@pytest.mark.parametrize("first", [None, 2, 3, 4])
def test_layers_above_read_from_left_to_right(first):
    residual = {} if first is None else {"residual": True}
    encoder = built(num_layers=3, **residual, first_residual_layer=first)
    inputs = array(B, S, E)
    x = np.asarray(bottom(encoder, inputs).outputs)
    expected = above(encoder.upper.cells, x, first) * VALID[..., None]
    assert_close(encoder(inputs, valid=VALID).outputs, expected)


def test_residual_connections_begin_at_the_second_layer():
    inputs, options = array(B, S, E), {"num_layers": 3, "residual": True}
    default, second = built(**options), built(**options, first_residual_layer=2)
    assert default.count_params() == built(num_layers=3).count_params()
    assert_close(
        default(inputs, valid=VALID).outputs,
        second(inputs, valid=VALID).outputs,
        0,
    )


def test_a_residual_stack_of_two_layers_connects_the_upper_one():
    encoder = built(num_layers=2, residual=True)
    inputs = array(B, S, E)
    x = np.asarray(bottom(encoder, inputs).outputs)
    expected = above(encoder.upper.cells, x, 2) * VALID[..., None]
    assert_close(encoder(inputs, valid=VALID).outputs, expected)


@pytest.mark.parametrize("cell", [GRUCell(U), LSTMCell(U, projection=4)])
def test_the_final_state_is_that_of_equally_wide_layers(cell):
    encoder = built(cell, num_layers=3)
    decoder = RecurrentStack(cell, num_layers=3)
    bridge = PassThroughBridge()
    bridge.build(encoder, decoder.state_sizes)
    encoded = encoder(array(B, S, E), valid=VALID)
    zeros = decoder.zero_state(B)
    for found, zero in zip(
        arrays(bridge(encoded, zeros)), arrays(zeros), strict=True
    ):
        assert found.shape == zero.shape


def test_the_first_state_joins_both_directions():
    encoder, inputs = built(num_layers=2), array(B, S, E)
    (h, c), _ = encoder(inputs, valid=VALID).final_state
    ((one, two),), ((three, four),) = bottom(encoder, inputs).final_state
    assert_close(h, np.concatenate([one, three], axis=-1), 0)
    assert_close(c, np.concatenate([two, four], axis=-1), 0)


@pytest.mark.parametrize(
    ("cell", "named"),
    [(GRUCell(5), "units=5"), (LSTMCell(6, projection=3), "projection=3")],
)
def test_odd_widths_have_no_half(cell, named):
    message = f"must be a multiple of 2. Received: {named}"
    with pytest.raises(ValueError, match=message):
        HybridRNNEncoder(RecurrentStack(cell))


def test_the_first_layer_has_no_residual_connection():
    stack = RecurrentStack(LSTMCell(U), residual=True, first_residual_layer=1)
    with pytest.raises(ValueError, match="at least 2 or None. Received"):
        HybridRNNEncoder(stack)
