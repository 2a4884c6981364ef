import types

import numpy as np
import pytest

from keras_seq2seq.layers import (
    ConcatInputBridge,
    EncoderOutput,
    EncoderOutputBridge,
    InitialStateBridge,
    PassThroughBridge,
    ZeroBridge,
)
from tests.contracts import array, assert_close, check_layer, randomise
from tests.numpy_layers import dense

B, S, D, M = 2, 4, 6, 7
VALID = np.arange(S) < np.array([[4], [2]])
STATE = ((array(B, 3, seed=1), array(B, 2, seed=2)), (array(B, 5, seed=3),))
ENCODED = EncoderOutput(
    outputs=array(B, S, D) * VALID[..., None],
    final_state=STATE,
    attention_values=array(B, S, M, seed=4) * VALID[..., None],
    valid=VALID,
)
ENCODER = types.SimpleNamespace(
    final_state_sizes=((3, 2), (5,)), output_size=D, value_size=M
)
SIZES = ((4, 8), (1,))
ZEROS = tuple(
    tuple(np.zeros((B, size), "float32") for size in sizes) for sizes in SIZES
)


def built(bridge, sizes=SIZES):
    bridge.build(ENCODER, sizes)
    return randomise(bridge)


FIELDS = ["final_state", "outputs", "attention_values"]


@pytest.mark.parametrize("bridge_input", FIELDS)
def test_contract(bridge_input):
    check_layer(
        lambda **options: InitialStateBridge(bridge_input, **options),
        lambda bridge: bridge.build(ENCODER, SIZES),
        lambda bridge: bridge(ENCODED, ZEROS),
    )


def test_zero_bridge_gives_zeros():
    assert_close(built(ZeroBridge())(ENCODED, ZEROS), ZEROS, 0)


def test_pass_through_gives_the_final_state():
    bridge = built(PassThroughBridge(), ENCODER.final_state_sizes)
    assert_close(bridge(ENCODED, STATE), STATE, 0)


@pytest.mark.parametrize(
    "sizes", [((3, 2),), ((3, 2), (4,)), ((2, 3), (5,)), (((3, 2), (5,)),)]
)
def test_pass_through_refuses_another_structure(sizes):
    message = "same structure. Received.*Use `InitialStateBridge`"
    with pytest.raises(ValueError, match=message):
        PassThroughBridge().build(ENCODER, sizes)


def split(flat):
    """Layers in order, within each its states in order."""
    return (flat[:, :4], flat[:, 4:12]), (flat[:, 12:],)


def test_one_linear_layer_fills_all_states_in_order():
    bridge = built(InitialStateBridge())
    joined = np.concatenate([STATE[0][0], STATE[0][1], STATE[1][0]], axis=-1)
    expected = split(dense(bridge.projection, joined))
    assert_close(bridge(ENCODED, ZEROS), expected)


@pytest.mark.parametrize("field", ["outputs", "attention_values"])
def test_sequences_are_averaged_over_their_real_positions(field):
    bridge = built(InitialStateBridge(field))
    sequence = getattr(ENCODED, field)
    mean = np.stack([sequence[0].mean(axis=0), sequence[1, :2].mean(axis=0)])
    assert_close(bridge(ENCODED, ZEROS), split(dense(bridge.projection, mean)))


def test_the_activation_is_applied():
    plain, bent = (
        built(InitialStateBridge()),
        InitialStateBridge(activation="tanh"),
    )
    built(bent)
    expected = [
        [np.tanh(x) for x in states] for states in plain(ENCODED, ZEROS)
    ]
    assert_close(bent(ENCODED, ZEROS), expected)


def test_an_activation_is_resolved_at_construction():
    with pytest.raises(ValueError, match="tangh"):
        InitialStateBridge(activation="tangh")


def test_an_unknown_input_is_refused():
    message = r"'final_state', 'attention_values'.*Received: 'states'"
    with pytest.raises(ValueError, match=message):
        InitialStateBridge("states")


# From outputs -------------------------------------------------------------

LAST = np.stack([ENCODED.outputs[0, 3], ENCODED.outputs[1, 1]])
MEAN = np.stack(
    [ENCODED.outputs[0].mean(axis=0), ENCODED.outputs[1, :2].mean(axis=0)]
)


@pytest.mark.parametrize("mode", ["last", "avg"])
def test_contract_of_layers_over_outputs(mode):
    check_layer(
        lambda **options: EncoderOutputBridge(mode, **options),
        lambda bridge: bridge.build(ENCODER, SIZES),
        lambda bridge: bridge(ENCODED, ZEROS),
    )


@pytest.mark.parametrize(("mode", "seen"), [("last", LAST), ("avg", MEAN)])
def test_each_state_has_a_tanh_layer_of_its_own(mode, seen):
    bridge = built(EncoderOutputBridge(mode))
    expected = [np.tanh(dense(layer, seen)) for layer in bridge.projections]
    assert_close(bridge(ENCODED, ZEROS), expected)
    sizes = [size for sizes in SIZES for size in sizes]
    assert bridge.count_params() == sum((D + 1) * size for size in sizes)


@pytest.mark.parametrize("mode", ["last", "avg"])
def test_layers_over_outputs_do_not_see_padding(mode):
    bridge, outputs = built(EncoderOutputBridge(mode)), ENCODED.outputs.copy()
    outputs[~VALID] = 100.0
    found = bridge(ENCODED._replace(outputs=outputs), ZEROS)
    assert_close(found, bridge(ENCODED, ZEROS), 0)


def test_states_that_begin_with_zeros_have_no_weights():
    bridge = built(EncoderOutputBridge("zero"))
    assert bridge.count_params() == 0
    assert_close(bridge(ENCODED, ZEROS), ZEROS, 0)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="'avg', 'zero'.*mode='mean'"):
        EncoderOutputBridge("mean")


@pytest.mark.parametrize("bridge_input", FIELDS)
def test_contract_of_what_is_fed(bridge_input):
    check_layer(
        lambda **options: ConcatInputBridge(5, bridge_input, **options),
        lambda bridge: bridge.build(ENCODER, SIZES),
        lambda bridge: bridge.feed(ENCODED),
    )


def test_a_projection_is_fed_and_the_decoder_begins_with_zeros():
    bridge = built(ConcatInputBridge(5, activation="tanh"))
    joined = np.concatenate([STATE[0][0], STATE[0][1], STATE[1][0]], axis=-1)
    expected = np.tanh(dense(bridge.projection, joined))
    assert_close(bridge.feed(ENCODED), expected)
    assert_close(bridge(ENCODED, ZEROS), ZEROS, 0)
    assert bridge.fed_size == 5


def test_other_bridges_feed_nothing():
    for bridge in (ZeroBridge(), PassThroughBridge(), InitialStateBridge()):
        assert bridge.fed_size == 0
        assert bridge.feed(ENCODED) is None


def test_a_width_below_one_is_refused():
    with pytest.raises(ValueError, match="Received: 0"):
        ConcatInputBridge(0)
