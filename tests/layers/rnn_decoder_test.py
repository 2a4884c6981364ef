"""What both decoders promise, and how beams fold into the batch."""

import keras
import numpy as np
import pytest

from keras_seq2seq.layers import (
    AttentionDecoder,
    BasicDecoder,
    DotAttention,
    GRUCell,
    LSTMCell,
    RecurrentStack,
)
from keras_seq2seq.layers.rnn_decoder import (
    add_beams,
    drop_beams,
    merge_beams,
    split_beams,
)
from tests.contracts import array, assert_close, randomise

B, K, S, T, E, U, D, A = 2, 3, 4, 5, 6, 7, 8, 9
VALID = np.arange(S) < np.array([[4], [2]])
DECODERS = {
    "basic": (BasicDecoder, {}),
    "context": (AttentionDecoder, {}),
    "fed": (AttentionDecoder, {"input_feeding": True}),
    "upper": (AttentionDecoder, {"attention_in_upper_layers": True}),
    "upper_fed": (
        AttentionDecoder,
        {"attention_in_upper_layers": True, "input_feeding": True},
    ),
}
STACKS = {
    "gru": (GRUCell(U), {}),
    "lstms": (LSTMCell(U, projection=3), {"num_layers": 2}),
    "residual": (GRUCell(U), {"num_layers": 2, "residual": True}),
    "late": (
        LSTMCell(U),
        {"num_layers": 3, "residual": True, "first_residual_layer": 2},
    ),
    "wide": (
        GRUCell(U),
        {
            "num_layers": 2,
            "residual": True,
            "combiner": "concat",
            "dense": True,
        },
    ),
}


@pytest.fixture(params=DECODERS.values(), ids=DECODERS.keys())
def kind(request):
    return request.param


def built(kind, stack="gru", **options):
    """A decoder, its attention, and the memory it looks at."""
    cell, more = STACKS[stack]
    stack = RecurrentStack(cell, **more, **options)
    decoder, attention = kind[0](stack, **kind[1]), DotAttention(A)
    decoder.build((None, None, E), (D, D), attention)
    if kind[0] is BasicDecoder:
        attention.build(1, D)
    randomise(decoder)
    randomise(attention, seed=1)
    outputs = array(B, S, D, seed=2)
    keys = attention.project_keys(outputs)
    memory = {"keys": keys, "values": outputs, "valid": VALID}
    return decoder, attention, memory


def start(decoder, memory):
    states = keras.tree.map_structure(
        lambda x: array(*x.shape, seed=3), decoder.zero_state(B)
    )
    return decoder.begin(states, memory)


@pytest.mark.parametrize("stack", STACKS)
def test_stepping_gives_what_decode_gives(kind, stack):
    decoder, attention, memory = built(kind, stack)
    begin, embedded = start(decoder, memory), array(B, T, E)
    features = decoder.decode(embedded, memory, begin, attention)
    assert features.shape == (B, T, decoder.output_size)
    # A search's memory holds projections of what the memory holds.
    for looked_at in (memory, decoder.search_memory(memory)):
        step, carry = decoder.stepper(looked_at, attention), begin
        for time in range(T):
            found, carry, _ = step(embedded[:, time : time + 1], carry)
            assert_close(found[:, 0], features[:, time])


def test_beams_do_not_see_each_other(kind):
    decoder, attention, memory = built(kind)
    step = decoder.stepper(memory, attention)
    carry = keras.tree.map_structure(
        lambda x: np.repeat(x, K, axis=1), start(decoder, memory)
    )
    embedded = array(B, K, E)
    for _ in range(2):
        together, after, weights = step(embedded, carry)
        for k in range(K):
            single = keras.tree.map_structure(
                lambda x, k=k: x[:, k : k + 1], carry
            )
            alone, _, _ = step(embedded[:, k : k + 1], single)
            assert_close(together[:, k : k + 1], alone)
        carry = after
    assert weights is None or weights.shape == (B, K, S)


def test_an_output_sees_no_later_token(kind):
    decoder, attention, memory = built(kind, "lstms")
    carry, embedded = start(decoder, memory), array(B, T, E)
    before = decoder.decode(embedded, memory, carry, attention).numpy()
    embedded[:, 3:] = 5.0
    after = decoder.decode(embedded, memory, carry, attention).numpy()
    np.testing.assert_array_equal(after[:, :3], before[:, :3])
    assert (after[:, 3] != before[:, 3]).all()


def test_dropout_acts_in_training_only(kind):
    decoder, attention, memory = built(kind, output_keep_prob=0.5)
    plain, _, _ = built(kind)
    carry, embedded = start(decoder, memory), array(B, T, E)
    clean = decoder.decode(embedded, memory, carry, attention)
    assert_close(clean, plain.decode(embedded, memory, carry, attention), 0)
    trained = decoder.decode(embedded, memory, carry, attention, True)
    assert not np.allclose(trained, clean, atol=1e-3)


def test_the_configuration_keeps_everything(kind):
    decoder, _, _ = built(kind, "wide")
    twin = type(decoder).from_config(decoder.get_config())
    assert twin.get_config() == decoder.get_config()


def test_the_default_is_one_lstm_of_128(kind):
    cells = kind[0](**kind[1]).recurrence.cells
    assert [(type(c), c.units) for c in cells] == [(LSTMCell, 128)]


def test_beams_fold_into_the_batch_and_back():
    nest = {"a": array(B, K, 2), "b": (array(B, K, 4, seed=1),)}
    merged = merge_beams(nest)
    assert_close(merged["a"], nest["a"].reshape(B * K, 2), 0)
    assert_close(split_beams(merged, K), nest, 0)
    single = {"a": array(B, 2)}
    assert add_beams(single)["a"].shape == (B, 1, 2)
    assert_close(drop_beams(add_beams(single)), single, 0)
