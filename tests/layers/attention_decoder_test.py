import numpy as np
import pytest

from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    GRUCell,
    LSTMCell,
    RecurrentStack,
)
from tests.contracts import array, assert_close, randomise
from tests.numpy_layers import dense, gru_step, lstm_step, softmax

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


# Sockeye's decoder --------------------------------------------------------


def sockeye(seed=None, layers=3, **options):
    """Layers of LSTM cells that are residual from the second on."""
    decoder = AttentionDecoder(
        RecurrentStack(
            LSTMCell(U, forget_bias=0.0),
            num_layers=layers,
            residual=True,
            first_residual_layer=2,
            seed=seed,
        ),
        input_feeding=True,
        **options,
    )
    attention = AdditiveAttention(A, use_bias=False)
    decoder.build((None, None, E), (D, M), attention)
    randomise(decoder)
    randomise(attention, seed=1)
    memory = {
        "keys": attention.project_keys(array(B, S, D, seed=2)),
        "values": array(B, S, M, seed=3),
        "valid": VALID,
    }
    return decoder, attention, memory


def run(decoder, attention, memory, embedded, training=False):
    states = decoder.zero_state(B)
    carry = decoder.begin(states, memory)
    return decoder.decode(embedded, memory, carry, attention, training)


def sockeye_by_hand(decoder, attention, memory, embedded, masks=None):
    """As Sockeye describes a step, layer by layer."""
    cells = decoder.recurrence.cells
    states = [(np.zeros((B, U)), np.zeros((B, U))) for _ in cells]
    fed, features = np.zeros((B, U)), []

    def attend(query):
        query = dense(attention.query_projection, query)[:, None]
        hidden = np.tanh(np.asarray(memory["keys"]) + query)
        weights = softmax(hidden @ attention.vector.numpy(), VALID)
        return np.einsum("bs,bsm->bm", weights, memory["values"])

    for time in range(T):
        x, context = np.concatenate([embedded[:, time], fed], axis=-1), None
        for index, cell in enumerate(cells):
            seen = x
            if index and decoder.attention_in_upper_layers:
                seen = np.concatenate([x, context], axis=-1)
            output, memory_cell = lstm_step(cell, seen, *states[index])
            states[index] = (output, memory_cell)
            x = output + x if index else output
            if not index:
                context = attend(x)
        if not decoder.attention_in_upper_layers:
            context = attend(x)
        joined = np.concatenate([x, context], axis=-1)
        joined = joined if masks is None else joined * masks[time]
        fed = np.tanh(dense(decoder.mix, joined))
        features.append(fed)
    return np.stack(features, axis=1)


@pytest.mark.parametrize("upper", [False, True])
def test_layers_above_the_first_see_the_context_of_their_step(upper):
    parts = sockeye(attention_in_upper_layers=upper)
    embedded = array(B, T, E)
    assert_close(run(*parts, embedded), sockeye_by_hand(*parts, embedded))


def test_upper_cells_read_the_layer_below_and_the_context():
    decoder, attention, _ = sockeye(attention_in_upper_layers=True)
    rows = [cell.kernel.shape[0] for cell in decoder.recurrence.cells]
    assert rows == [E + U, U + M, U + M]
    assert attention.query_projection.kernel.shape == (U, A)


def test_one_layer_has_no_upper_layers():
    embedded = array(B, T, E)
    on, off = (
        run(*sockeye(layers=1, attention_in_upper_layers=upper), embedded)
        for upper in (True, False)
    )
    assert_close(on, off, 0)


def drawn_masks(decoder):
    """The masks that the next decoding in training draws, `(T, B, U + M)`."""
    state = decoder.recurrence.seed_generator.state
    before = state.numpy().copy()
    (masks,) = decoder._hidden_masks(T, B, training=True).values()
    state.assign(before)
    return np.asarray(masks)[:, :, 0]


@pytest.mark.parametrize("upper", [False, True])
def test_hidden_dropout_acts_on_output_and_context_and_is_fed_back(upper):
    options = {"attention_in_upper_layers": upper, "hidden_keep_prob": 0.5}
    parts = sockeye(seed=3, **options)
    masks, embedded = drawn_masks(parts[0]), array(B, T, E)
    assert set(np.unique(masks)) == {0.0, 2.0}
    assert (masks[0] != masks[1]).any()  # drawn for each step
    expected = sockeye_by_hand(*parts, embedded, masks)
    assert_close(run(*parts, embedded, training=True), expected)
    # Elsewhere nothing is dropped.
    assert_close(run(*parts, embedded), sockeye_by_hand(*parts, embedded))


def test_hidden_dropout_without_input_feeding():
    decoder, attention, memory = built(seed=3)
    decoder.hidden_keep_prob = 0.5
    masks, embedded = drawn_masks(decoder), array(B, T, E)
    ones = decode(decoder, attention, memory, embedded)
    found = decode(decoder, attention, memory, embedded, training=True)
    # With no weight on what is dropped, or kept, the features show the mask.
    kernel = np.zeros((U + M, U), "float32")
    kernel[0] = 1e-3
    decoder.mix.kernel.assign(kernel)
    decoder.mix.bias.assign(np.zeros(U))
    clean = decode(decoder, attention, memory, embedded)
    assert not np.allclose(found, ones)
    dropped = decode(decoder, attention, memory, embedded, training=True)
    kept = np.asarray(dropped[..., 0]) != 0
    assert (np.asarray(clean) != 0).all()
    assert 0 < kept.sum() < kept.size
    assert masks.shape == (T, B, U + M)


def test_a_seed_repeats_the_hidden_dropout():
    embedded, options = array(B, T, E), {"hidden_keep_prob": 0.5}
    one, two, other = (
        run(*sockeye(seed, **options), embedded, training=True)
        for seed in (3, 3, 4)
    )
    assert_close(one, two, 0)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_kept_share_lies_between_zero_and_one(share):
    with pytest.raises(ValueError, match="`hidden_keep_prob` must lie in"):
        AttentionDecoder(hidden_keep_prob=share)


def test_the_configuration_keeps_every_option():
    options = {"attention_in_upper_layers": True, "hidden_keep_prob": 0.5}
    config = sockeye(**options)[0].get_config()
    twin = AttentionDecoder.from_config(config)
    assert twin.get_config() == config
    assert options.items() <= config.items()
