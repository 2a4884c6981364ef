import numpy as np
import pytest

from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    GRUCell,
    RecurrentStack,
)
from tests.contracts import array, assert_close, randomise
from tests.numpy_layers import dense, gru_step, softmax

B, S, T, E, U, D, M, A = 2, 4, 5, 6, 7, 8, 3, 9
VALID = np.arange(S) < np.array([[4], [2]])


def built(input_feeding=False, **options):
    decoder = AttentionDecoder(
        RecurrentStack(GRUCell(U), **options), input_feeding
    )
    attention = AdditiveAttention(A)
    decoder.build((None, None, E), (D, M), attention)
    randomise(decoder)
    randomise(attention, seed=1)
    memory = {
        "keys": attention.project_keys(array(B, S, D, seed=2)),
        "values": array(B, S, M, seed=3),
        "valid": VALID,
    }
    return decoder, attention, memory


def decode(decoder, attention, memory, embedded, training=False):
    carry = decoder.begin(((array(B, U, seed=4),),), memory)
    return decoder.decode(embedded, memory, carry, attention, training)


def by_hand(decoder, attention, memory, embedded, masks=None):
    """`o = cell([e; fed])`, `c = attention(o)`, `s = tanh(W [o; c] + b)`."""
    cell, h = decoder.recurrence.cells[0], array(B, U, seed=4)
    fed = np.zeros((B, U if decoder.input_feeding else M))
    features = []
    for time in range(T):
        x = np.concatenate([embedded[:, time], fed], axis=-1)
        x = x if masks is None else x * masks["input"][time]
        h = gru_step(cell, x, h)
        o = h if masks is None else h * masks["output"][time]
        query = dense(attention.query_projection, o)[:, None]
        hidden = np.tanh(np.asarray(memory["keys"]) + query)
        weights = softmax(hidden @ attention.vector.numpy(), VALID)
        c = np.einsum("bs,bsm->bm", weights, memory["values"])
        s = np.tanh(dense(decoder.mix, np.concatenate([o, c], axis=-1)))
        fed = s if decoder.input_feeding else c
        features.append(s)
    return np.stack(features, axis=1)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_equations_by_hand(input_feeding):
    decoder, attention, memory = built(input_feeding)
    embedded = array(B, T, E)
    expected = by_hand(decoder, attention, memory, embedded)
    assert_close(decode(decoder, attention, memory, embedded), expected)


@pytest.mark.parametrize("input_feeding", [False, True])
def test_dropout_acts_on_the_joined_input_and_on_the_output(input_feeding):
    decoder, attention, memory = built(
        input_feeding, input_keep_prob=0.5, output_keep_prob=0.7, seed=3
    )
    state = decoder.recurrence.seed_generator.state
    before = state.numpy().copy()
    (masks,) = decoder.recurrence.masks(T, B, training=True)
    masks = {name: np.asarray(mask) for name, mask in masks.items()}
    state.assign(before)
    embedded = array(B, T, E)
    found = decode(decoder, attention, memory, embedded, training=True)
    expected = by_hand(decoder, attention, memory, embedded, masks)
    assert_close(found, expected)


def test_steps_report_the_attention_weights():
    decoder, attention, memory = built()
    carry = decoder.begin(((array(B, U, seed=4),),), memory)
    step = decoder.stepper(memory, attention)
    _, _, weights = step(array(B, 1, E), carry)
    weights = np.asarray(weights)
    assert weights.shape == (B, 1, S)
    assert (weights[:, 0][~VALID] == 0).all()


@pytest.mark.parametrize(("input_feeding", "fed"), [(False, M), (True, U)])
def test_the_cell_reads_the_embedding_and_what_is_fed(input_feeding, fed):
    decoder, _, _ = built(input_feeding)
    assert decoder.recurrence.cells[0].kernel.shape == (E + fed, 3 * U)
    assert decoder.mix.kernel.shape == (U + M, U)
    assert decoder.output_size == U
