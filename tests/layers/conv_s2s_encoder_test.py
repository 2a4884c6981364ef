import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import ConvS2SEncoder
from tests.contracts import array, assert_close, check_layer, randomise

B, S, E = 2, 6, 5
COUNTS = [6, 3]
VALID = np.arange(S) < np.array(COUNTS)[:, None]
LAYERS = [(4, 3), (7, 4), (7, 1, 2)]
SOCKEYE = {"layers": [(4, 3), (4, 1)], "variant": "sockeye"}
HALF = 0.5**0.5


def built(**options):
    encoder = ConvS2SEncoder(
        **{"layers": LAYERS, "dropout": 0.0, "num_positions": 9, **options}
    )
    encoder.build((None, None, E))
    return randomise(encoder)


@pytest.mark.parametrize("given", [{"layers": LAYERS}, SOCKEYE])
def test_contract(given):
    check_layer(
        lambda **options: ConvS2SEncoder(
            **given, num_positions=S, dropout=0.0, **options
        ),
        lambda layer: layer.build((None, None, E)),
        lambda layer: layer(array(B, S, E), valid=VALID)[0:3:2],
        tolerance=0.3,
    )


def convolved(encoder, x, scale):
    """A row `(L, E)` through the stack, by the formula."""
    stack = encoder.stack
    outputs = [np.asarray(stack.enter(x))]
    for index, convolution in enumerate(stack.convolutions):
        below = outputs[-stack.layers[index].residual]
        if stack.resizes[index] is not None:
            below = np.asarray(stack.resizes[index](below))
        value, gate = np.split(
            np.asarray(convolution(outputs[-1][None]))[0], 2, axis=-1
        )
        outputs.append((value / (1 + np.exp(-gate)) + below) * scale)
    return outputs[-1]


@pytest.mark.parametrize("given", [{}, SOCKEYE])
def test_rows_equal_the_formula(given):
    encoder, inputs = built(**given), array(B, S, E)
    found = encoder(inputs, valid=VALID)
    for row, count in enumerate(COUNTS):
        e = inputs[row, :count] + np.asarray(encoder.positions.table)[:count]
        if given:
            keys = values = convolved(encoder, e, 1.0)
        else:
            keys = np.asarray(encoder.leave(convolved(encoder, e, HALF)))
            values = (keys + e) * HALF
        assert_close(found.outputs[row, :count], keys)
        assert_close(found.attention_values[row, :count], values)
        assert_close(found.final_state[0][0][row], values.mean(axis=0))


@pytest.mark.parametrize("given", [{}, SOCKEYE])
def test_padding_is_unseen_and_zero(given):
    encoder, inputs = built(**given), array(B, S, E)
    before = encoder(inputs, valid=VALID)
    inputs[~VALID] = 100.0
    longer = np.concatenate([inputs, array(B, 2, E)], axis=1)
    valid = np.pad(VALID, [(0, 0), (0, 2)])
    after = encoder(longer, valid=valid)
    for one, other in zip(before[0:3:2], after[0:3:2], strict=True):
        assert_close(other[:, :S], one)
        assert (np.asarray(other)[~valid] == 0).all()


def test_the_gradient_is_divided_by_twice_the_readers():
    """But not that of the inputs, which the values hold beside the keys."""
    encoder, inputs = built(), tf.constant(array(B, S, E))

    def gradient(readers, field):
        encoder.readers = readers
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(encoder(inputs, valid=VALID)[field])
        return np.asarray(tape.gradient(total, encoder.leave.bias.value))

    for field in (0, 2):  # keys and values
        once, thrice = gradient(1, field), gradient(3, field)
        assert_close(once, 3 * thrice)
    assert_close(gradient(1, 0), np.full(E, 0.5 * VALID.sum()))
    assert_close(gradient(3, 2), np.full(E, HALF / 6 * VALID.sum()))


@pytest.mark.parametrize(
    ("given", "dropped"),
    [
        ({"dropout": None}, True),
        ({**SOCKEYE, "dropout": None}, False),  # Sockeye dropped nothing
        ({**SOCKEYE, "dropout": 0.5}, True),
    ],
)
def test_what_is_dropped_in_training(given, dropped):
    encoder, inputs = built(**given), array(B, S, E)
    plain = encoder(inputs, valid=VALID).outputs
    trained = encoder(inputs, valid=VALID, training=True).outputs
    assert np.allclose(plain, trained) != dropped


def test_sockeye_drops_inputs_of_convolutions_only():
    given = {**SOCKEYE, "positions": "none", "dropout": 0.9, "seed": 1}
    encoder = built(**given)
    seen = []
    encoder.stack.convolve = lambda index, x, training: seen.append(x) or x
    inputs = array(B, S, E)
    encoder(inputs, valid=VALID, training=True)
    real = VALID[..., None]
    assert_close(seen[0], np.asarray(encoder.stack.enter(inputs)) * real)
