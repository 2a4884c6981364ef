import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import AdditiveAttention, ConvS2SDecoder
from tests.contracts import array, assert_close, randomise
from tests.numpy_layers import softmax

B, S, T, E, M = 2, 6, 4, 5, 5
VALID = np.arange(S) < np.array([6, 3])[:, None]
LAYERS = [(4, 3), (7, 2), (7, 1, 2)]
SOCKEYE = {"layers": [(5, 3), (5, 2)], "variant": "sockeye"}
HALF = 0.5**0.5


def built(sizes=(E, M), **options):
    decoder = ConvS2SDecoder(
        **{
            "layers": LAYERS,
            "dropout": 0.0,
            "num_positions": 9,
            "out_units": 8,
            **options,
        }
    )
    decoder.build((None, None, E), sizes)
    return randomise(decoder)


def memory_of(decoder, keys=None, values=None):
    keys = array(B, S, E, seed=1) if keys is None else keys
    values = array(B, S, M, seed=2) if values is None else values
    return decoder.remember(keys, values, VALID, None)


def decoded(decoder, embedded, memory=None, **options):
    memory = memory_of(decoder) if memory is None else memory
    carry = decoder.begin((), memory)
    return np.asarray(decoder.decode(embedded, memory, carry, None, **options))


def by_hand(decoder, embedded, keys, values):
    """Features and mean attention, by the formulas of both papers."""
    stack, convs2s = decoder.stack, decoder.variant == "convs2s"
    scale = HALF if convs2s else 1.0
    g = embedded + np.asarray(decoder.positions.table)[:T]
    outputs, looked = [np.asarray(stack.enter(g))], []
    for index, convolution in enumerate(stack.convolutions):
        value, gate = np.split(np.asarray(convolution(outputs[-1])), 2, -1)
        h = value / (1 + np.exp(-gate))
        attention = decoder.attentions[index]
        if attention is not None:
            query, k, v = h, keys, values
            if convs2s:
                query = (np.asarray(attention.query(h)) + g) * HALF
            elif decoder.project_qkv:
                query = np.asarray(attention.query(h)) / np.sqrt(5)
                k = np.asarray(attention.key(keys))
                v = np.asarray(attention.value(values))
            scores = np.einsum("bta,bsa->bts", query, k)
            weights = softmax(scores, VALID[:, None])
            context = np.einsum("bts,bsm->btm", weights, v)
            if convs2s:
                context *= np.sqrt(VALID.sum(1))[:, None, None]
                context = np.asarray(attention.context(context))
            h = (h + context) * scale
            looked.append(weights)
        offset = stack.layers[index].residual
        below, resize = outputs[-offset], stack.resizes[index]
        below = below if resize is None else np.asarray(resize(below))
        outputs.append((h + below) * scale)
    features = outputs[-1]
    if convs2s:
        features = np.asarray(decoder.leave(features))
    return features, np.mean(looked, axis=0)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"attention": [False, True, False]},
        SOCKEYE,
        {**SOCKEYE, "project_qkv": True},
    ],
)
def test_teacher_forcing_and_steps_equal_the_formulas(given):
    decoder = built(**given)
    keys, values = array(B, S, E, seed=1), array(B, S, M, seed=2)
    embedded = array(B, T, E, seed=3)
    expected, looked = by_hand(decoder, embedded, keys, values)
    memory = memory_of(decoder, keys, values)
    assert_close(decoded(decoder, embedded, memory), expected, 1e-4)
    carry = decoder.begin((), memory)
    step = decoder.stepper(decoder.search_memory(memory), None)
    for time in range(T):
        features, carry, weights = step(embedded[:, time : time + 1], carry)
        assert_close(features[:, 0], expected[:, time], 1e-4)
        assert_close(weights[:, 0], looked[:, time], 1e-4)
        assert_close(np.sum(weights, axis=-1), np.ones((B, 1)))
        assert not np.any(np.asarray(weights)[:, 0][~VALID])


@pytest.mark.parametrize("given", [{}, SOCKEYE])
def test_no_output_sees_a_later_input(given):
    decoder, embedded = built(**given), tf.constant(array(B, T, E))
    memory = memory_of(decoder)
    for time in range(T):
        with tf.GradientTape() as tape:
            tape.watch(embedded)
            carry = decoder.begin((), memory)
            found = decoder.decode(embedded, memory, carry, None)
            total = tf.reduce_sum(found[:, time])
        gradient = np.abs(tape.gradient(total, embedded)).max(axis=(0, 2))
        assert (gradient[: time + 1] > 0).all()
        assert (gradient[time + 1 :] == 0).all()


def test_the_carry_does_not_grow():
    decoder = built()
    memory = memory_of(decoder)
    carry = decoder.begin((), memory)
    shapes = [each.shape for each in keras.tree.flatten(carry)]
    # k - 1 inputs of each layer, 2 x 4 and 1 x 4 numbers, and a position.
    assert sorted(int(np.prod(shape[2:])) for shape in shapes) == [1, 4, 8]
    _, carry, _ = decoder.stepper(memory, None)(array(B, 1, E), carry)
    assert [each.shape for each in keras.tree.flatten(carry)] == shapes


def test_contexts_are_scaled_by_the_root_of_the_length():
    decoder = built(attention=[True, False, False])
    values = np.asarray(memory_of(decoder, values=np.ones((B, S, M)))["values"])
    assert_close(values[0], np.full((S, M), np.sqrt(6)))
    assert_close(values[1], np.full((S, M), np.sqrt(3)))


@pytest.mark.parametrize(
    ("given", "dropped"),
    [
        ({"dropout": None}, True),
        ({**SOCKEYE, "dropout": None}, False),
        ({**SOCKEYE, "dropout": 0.5}, True),
    ],
)
def test_what_is_dropped_in_training(given, dropped):
    decoder, embedded = built(**given), array(B, T, E)
    plain = decoded(decoder, embedded)
    trained = decoded(decoder, embedded, training=True)
    assert np.allclose(plain, trained) != dropped


def test_features_are_dropped_in_front_of_the_projection():
    decoder = built(dropout=0.9, seed=3)
    features = decoded(decoder, array(B, T, E), training=True)
    assert (features == 0).mean() > 0.5


@pytest.mark.parametrize(
    ("given", "sizes", "told"),
    [
        ({}, (6, 3), "as wide as its embedding.* encoder 6, embedding 5"),
        (SOCKEYE, (9, 9), "as wide as its layers.* encoder 9, layers 5"),
    ],
)
def test_widths_must_agree_or_be_projected(given, sizes, told):
    with pytest.raises(ValueError, match=told) as error:
        built(sizes, **given)
    assert "project_memory=True" in str(error.value)
    decoder = built(sizes, project_memory=True, **given)
    keys, values = (array(B, S, size) for size in sizes)
    memory = memory_of(decoder, keys, values)
    assert decoded(decoder, array(B, T, E), memory).shape[:2] == (B, T)


def test_projected_queries_keys_and_values_fit_any_width():
    decoder = built((9, 6), project_qkv=True, **SOCKEYE)
    memory = memory_of(decoder, array(B, S, 9), array(B, S, 6))
    assert decoded(decoder, array(B, T, E), memory).shape == (B, T, 5)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"attention": [True]}, r"list of 3 booleans.*Received: \[True\]"),
        ({"attention": [1, 0, 0]}, "booleans"),
        ({"attention": False}, "At least one layer"),
        ({"out_units": 0}, "Received: out_units=0"),
        ({"project_qkv": True}, "Received: variant='convs2s'"),
    ],
)
def test_wrong_arguments_are_refused(given, told):
    with pytest.raises(ValueError, match=told):
        built(**given)


def test_a_model_may_give_it_no_other_attention():
    decoder = ConvS2SDecoder(LAYERS)
    with pytest.raises(ValueError, match="Received: AdditiveAttention"):
        decoder.build((None, None, E), (E, M), AdditiveAttention())
