import numpy as np
import pytest

from keras_seq2seq.layers import (
    BidirectionalRNNEncoder,
    GRUCell,
    LSTMCell,
    RecurrentStack,
    StackBidirectionalRNNEncoder,
)
from tests.contracts import array, assert_close, randomise

B, S, E, U = 3, 4, 2, 5
COUNTS = [4, 1, 3]
VALID = np.arange(S) < np.array(COUNTS)[:, None]


def built(encoder_class, cell=None, width=E, **options):
    encoder = encoder_class(RecurrentStack(cell or GRUCell(U), **options))
    encoder.build((None, None, width))
    return randomise(encoder)


def alone(stack, sequence):
    """Outputs of a stack that reads one row without padding."""
    sequence = sequence[None].astype("float32")
    valid = np.ones(sequence.shape[:2], bool)
    outputs, _ = stack.unroll(sequence, valid, stack.zero_state(1))
    return np.asarray(outputs)[0]


def test_each_direction_reads_the_real_tokens_only():
    encoder, inputs = built(BidirectionalRNNEncoder), array(B, S, E)
    outputs = encoder(inputs, valid=VALID).outputs
    for row, count in enumerate(COUNTS):
        real = inputs[row, :count]
        expected = np.concatenate(
            [
                alone(encoder.recurrence, real),
                alone(encoder.backward, real[::-1])[::-1],
            ],
            axis=-1,
        )
        assert_close(outputs[row, :count], expected)


def test_the_backward_direction_ends_at_the_first_token():
    encoder = built(BidirectionalRNNEncoder)
    encoded = encoder(array(B, S, E), valid=VALID)
    ((ahead,),), ((back,),) = encoded.final_state
    outputs = np.asarray(encoded.outputs)
    last = np.stack([outputs[row, n - 1] for row, n in enumerate(COUNTS)])
    assert_close(ahead, last[:, :U], 0)
    assert_close(back, outputs[:, 0, U:], 0)


def test_directions_have_weights_of_their_own():
    encoder = BidirectionalRNNEncoder(RecurrentStack(GRUCell(U)))
    encoder.build((None, None, E))
    ahead, back = encoder.recurrence.cells[0], encoder.backward.cells[0]
    assert not np.allclose(ahead.kernel, back.kernel)
    assert encoder.count_params() == 2 * ahead.count_params()


def test_whole_stacks_run_before_they_are_joined():
    encoder = built(BidirectionalRNNEncoder, num_layers=2)
    assert encoder.recurrence.cells[1].kernel.shape == (U, 3 * U)


def test_stacked_layers_see_both_directions_of_the_layer_below():
    encoder, inputs = built(StackBidirectionalRNNEncoder, num_layers=2), None
    assert encoder.ahead[1].cells[0].kernel.shape == (2 * U, 3 * U)
    inputs = array(B, S, E)
    outputs = encoder(inputs, valid=VALID).outputs
    for row, count in enumerate(COUNTS):
        x = inputs[row, :count]
        for ahead, back in zip(encoder.ahead, encoder.back, strict=True):
            x = np.concatenate(
                [alone(ahead, x), alone(back, x[::-1])[::-1]], axis=-1
            )
        assert_close(outputs[row, :count], x)


def test_stacked_final_states_are_per_direction_and_layer():
    encoder = built(StackBidirectionalRNNEncoder, LSTMCell(U), num_layers=2)
    encoded = encoder(array(B, S, E), valid=VALID)
    ahead, back = encoded.final_state
    assert len(ahead) == len(back) == 2
    outputs = np.asarray(encoded.outputs)
    last = np.stack([outputs[row, n - 1] for row, n in enumerate(COUNTS)])
    assert_close(ahead[1][0], last[:, :U], 0)
    assert_close(back[1][0], outputs[:, 0, U:], 0)


@pytest.mark.parametrize("combiner", ["add", "mean"])
@pytest.mark.parametrize("dense", [False, True])
def test_stacked_residual_connections_act_on_joined_outputs(combiner, dense):
    encoder = built(
        StackBidirectionalRNNEncoder,
        num_layers=2,
        residual=True,
        combiner=combiner,
        dense=dense,
    )
    row = array(3, E)
    x = np.asarray(encoder.input_transform(row))
    seen = [x]
    for ahead, back in zip(encoder.ahead, encoder.back, strict=True):
        output = np.concatenate(
            [alone(ahead, x), alone(back, x[::-1])[::-1]], axis=-1
        )
        earlier = seen if dense else seen[-1:]
        divisor = len(earlier) if combiner == "mean" else 1
        x = output + sum(earlier) / divisor
        seen.append(x)
    found = encoder(row[None], valid=np.ones((1, 3), bool)).outputs
    assert_close(found[0], x)


def test_stacked_residual_concatenation_is_refused():
    stack = RecurrentStack(
        GRUCell(U), num_layers=2, residual=True, combiner="concat"
    )
    with pytest.raises(ValueError, match="Received: combiner='concat'"):
        StackBidirectionalRNNEncoder(stack)
