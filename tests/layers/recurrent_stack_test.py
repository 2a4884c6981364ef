import keras
import numpy as np
import pytest

from keras_seq2seq.layers import (
    BasicRNNCell,
    GRUCell,
    LSTMCell,
    RecurrentStack,
)
from tests.contracts import array, assert_close, check_layer, randomise

B, L, D, U = 3, 4, 2, 5
VALID = np.arange(L) < np.array([[4], [1], [3]])
EVERYWHERE = np.ones((B, L), bool)


def built(cell=None, width=D, scale=0.5, **options):
    stack = RecurrentStack(cell or GRUCell(U), **options)
    stack.build((None, None, width))
    return randomise(stack, scale)


def run(stack, inputs, valid=None, training=False):
    if valid is None:
        valid = np.ones(inputs.shape[:2], bool)
    zeros = stack.zero_state(len(inputs))
    inputs = keras.ops.cast(inputs, stack.compute_dtype)
    return stack.unroll(inputs, valid, zeros, training)


def outputs(stack, inputs, training=False):
    return np.asarray(run(stack, inputs, training=training)[0])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 2, "residual": True},
        {"num_layers": 3, "residual": True, "combiner": "mean", "dense": True},
        {"num_layers": 2, "residual": True, "combiner": "concat"},
        {"num_layers": 3, "residual": True, "first_residual_layer": 2},
    ],
    ids=str,
)
def test_contract(options):
    check_layer(
        lambda **more: RecurrentStack(LSTMCell(U), **options, **more),
        lambda stack: stack.build((None, None, D)),
        lambda stack: run(stack, array(B, L, D), VALID),
    )


@pytest.mark.parametrize(
    ("combiner", "dense", "width", "expected"),
    [
        ("add", False, 2, 2),
        ("add", False, 5, 2),
        ("mean", False, 2, 2),
        ("mean", True, 5, 2),
        ("concat", False, 2, 6),
        ("concat", False, 5, 9),
        ("concat", True, 2, 8),
        ("concat", True, 5, 14),
    ],
)
def test_widths_of_residual_connections(combiner, dense, width, expected):
    """The table of google/seq2seq's own tests: 2 cells of 2 units."""
    stack = built(
        GRUCell(2),
        width,
        num_layers=2,
        residual=True,
        combiner=combiner,
        dense=dense,
    )
    assert stack.output_size == expected
    assert outputs(stack, array(B, L, width)).shape == (B, L, expected)


@pytest.mark.parametrize(
    ("combiner", "dense"),
    [(c, d) for c in ("add", "mean", "concat") for d in (False, True)],
)
def test_combiners_by_hand(combiner, dense):
    stack = built(
        BasicRNNCell(D),
        num_layers=3,
        residual=True,
        combiner=combiner,
        dense=dense,
    )
    inputs = array(B, 1, D)
    x, seen = inputs[:, 0], [inputs[:, 0]]
    for cell in stack.cells:
        output = np.asarray(cell(x, [np.zeros((B, D), "float32")])[0])
        earlier = seen if dense else seen[-1:]
        x = {
            "add": lambda o, e: o + sum(e),
            "mean": lambda o, e: o + sum(e) / len(e),
            "concat": lambda o, e: np.concatenate([o, *e], axis=-1),
        }[combiner](output, earlier)
        seen.append(x)
    assert_close(outputs(stack, inputs)[:, 0], x)


def test_the_input_is_transformed_only_where_widths_differ():
    def transform(width, combiner):
        stack = built(
            width=width, num_layers=2, residual=True, combiner=combiner
        )
        return stack.input_transform

    assert transform(U, "add") is None
    assert transform(D, "concat") is None
    assert transform(D, "mean").units == U


def test_one_layer_has_no_residual_connection():
    plain, residual = built(), built(residual=True)
    residual.set_weights(plain.get_weights())
    inputs = array(B, L, D)
    assert_close(outputs(residual, inputs), outputs(plain, inputs), 0)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_residual_connections_begin_at_a_layer(first, dense):
    options = {"num_layers": 3, "residual": True, "dense": dense}
    stack = built(BasicRNNCell(D), **options, first_residual_layer=first)
    inputs = array(B, 1, D)
    x, seen = inputs[:, 0], []
    for number, cell in enumerate(stack.cells, 1):
        seen += [x] * (number >= first)
        x = np.asarray(cell(x, [np.zeros((B, D), "float32")])[0])
        x = x + (sum(seen) if dense else sum(seen[-1:]))
    assert_close(outputs(stack, inputs)[:, 0], x)


@pytest.mark.parametrize("cell", [GRUCell(U), LSTMCell(U)])
def test_residual_connections_above_the_first_layer_have_no_weights(cell):
    plain = built(cell, num_layers=3)
    residual = built(cell, num_layers=3, residual=True, first_residual_layer=2)
    assert residual.count_params() == plain.count_params()
    late = built(cell, num_layers=3, residual=True, first_residual_layer=4)
    inputs = array(B, L, D)
    assert_close(outputs(late, inputs), outputs(plain, inputs), 0)
    assert not np.allclose(outputs(residual, inputs), outputs(plain, inputs))


def test_a_single_layer_is_connected_where_that_is_said():
    plain = built(width=U)
    residual = built(width=U, residual=True, first_residual_layer=1)
    inputs = array(B, L, U)
    assert_close(outputs(residual, inputs), outputs(plain, inputs) + inputs)


@pytest.mark.parametrize("combiner", ["add", "concat"])
def test_upper_layers_get_a_context_beside_what_lies_below(combiner):
    stack = RecurrentStack(
        BasicRNNCell(D), num_layers=3, residual=True, combiner=combiner
    )
    stack.build((None, None, D), context_size=4)
    randomise(stack)
    x, context = array(B, D), array(B, 4, seed=1)
    zero, seen = np.zeros((B, D), "float32"), []

    def attend(first):
        seen.append(np.asarray(first))
        return context

    def attend_projected(first):
        return stack.context_projector()(attend(first))

    masks = stack.masks(1, 1, training=False)
    for projected, give in ((False, attend), (True, attend_projected)):
        project, step = stack.stepper(context_projected=projected)
        found, _ = step(project(x, masks), None, ((zero,),) * 3, masks, give)
        y = x
        for index, cell in enumerate(stack.cells):
            joined = np.concatenate([y, context], -1) if index else y
            output = np.asarray(cell(joined, [zero])[0])
            # The context is no part of the connection.
            join = {"add": np.add, "concat": lambda *o: np.concatenate(o, -1)}
            y = join[combiner](output, y)
            if not index:
                assert_close(seen[-1], y)
        assert_close(found, y)


def test_the_first_residual_layer_is_counted_from_one():
    with pytest.raises(ValueError, match="positive or None. Received: 0"):
        RecurrentStack(first_residual_layer=0)


def test_layers_have_weights_of_their_own():
    stack = built(width=U, num_layers=2)
    first, second = stack.cells
    assert first.kernel is not second.kernel
    second.kernel.assign(second.kernel * 0)
    assert np.abs(first.kernel).max() > 0


@pytest.mark.parametrize("cell", [GRUCell(U), LSTMCell(U, projection=3)])
def test_unroll_steps_the_cells_one_after_the_other(cell):
    stack = built(cell, num_layers=2)
    inputs = array(B, L, D)
    states = [list(each) for each in stack.zero_state(B)]
    for time in range(L):
        x = inputs[:, time]
        for index, each in enumerate(stack.cells):
            x, states[index] = each(x, states[index])
        assert_close(outputs(stack, inputs)[:, time], x)
    assert_close(run(stack, inputs)[1], states)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("fed", [0, 1])
def test_the_stepper_gives_what_unroll_gives(residual, fed):
    stack = built(LSTMCell(U), 3, num_layers=2, residual=residual)
    inputs = array(B, L, 3)
    masks = stack.masks(1, 1, training=False)
    (project, step), states = stack.stepper(fed), stack.zero_state(B)
    expected = outputs(stack, inputs)
    for time in range(L):
        x = inputs[:, time]
        known = project(x[:, : 3 - fed], masks)
        output, states = step(
            known, x[:, 3 - fed :] if fed else None, states, masks
        )
        assert_close(output, expected[:, time])


def test_padding_is_never_seen():
    stack = built(LSTMCell(U), num_layers=2, residual=True)
    inputs = array(B, L, D)
    before = run(stack, inputs, VALID)
    inputs[~VALID] = 100.0
    assert_close(run(stack, inputs, VALID), before, 0)


def test_padded_outputs_are_zero():
    stack = built(num_layers=2, residual=True)
    padded = np.asarray(run(stack, array(B, L, D), VALID)[0])[~VALID]
    assert (padded == 0).all()


def test_the_final_state_lies_behind_the_last_real_position():
    stack = built()
    inputs = array(B, L, D)
    found, ((state,),) = run(stack, inputs, VALID)
    found = np.asarray(found)
    assert_close(state, np.stack([found[0, 3], found[1, 0], found[2, 2]]), 0)


# Dropout ------------------------------------------------------------------


def constant_output_stack(**options):
    """Gives tanh(1) everywhere, whatever it reads."""
    stack = RecurrentStack(BasicRNNCell(50), **options)
    stack.build((None, None, D))
    cell = stack.cells[0]
    cell.set_weights([np.zeros((D, 50)), np.zeros((50, 50)), np.ones(50)])
    return stack


def test_output_dropout_keeps_its_share_scaled_up():
    stack = constant_output_stack(output_keep_prob=0.8, seed=3)
    found = outputs(stack, array(8, 20, D), True) / np.tanh(1.0)
    np.testing.assert_allclose(np.unique(found.round(5)), [0, 1.25])
    assert abs((found > 0).mean() - 0.8) < 0.02


def test_input_dropout_keeps_its_share_scaled_up():
    stack = RecurrentStack(BasicRNNCell(50), input_keep_prob=0.5, seed=3)
    stack.build((None, None, 50))
    stack.cells[0].set_weights([np.eye(50), np.zeros((50, 50)), np.zeros(50)])
    found = outputs(stack, np.ones((8, 20, 50), "float32"), True)
    expected = np.float32([0, np.tanh(2.0)]).round(5)
    np.testing.assert_allclose(np.unique(found.round(5)), expected)
    assert abs((found > 0).mean() - 0.5) < 0.02


def test_each_layer_drops_its_own_inputs():
    stack = RecurrentStack(
        BasicRNNCell(50), num_layers=2, input_keep_prob=0.5, seed=3
    )
    stack.build((None, None, 50))
    for cell in stack.cells:
        cell.set_weights([np.eye(50), np.zeros((50, 50)), np.zeros(50)])
    found = outputs(stack, np.ones((8, 20, 50), "float32"), True)
    assert abs((found > 0).mean() - 0.25) < 0.02


def test_dropout_is_fresh_at_each_step():
    stack = constant_output_stack(output_keep_prob=0.5, seed=3)
    dropped = outputs(stack, array(B, L, D), True) == 0
    assert (dropped[:, 0] != dropped[:, 1]).any()


def test_variational_dropout_is_the_same_at_each_step_of_a_sequence():
    stack = constant_output_stack(
        output_keep_prob=0.5, variational=True, seed=3
    )
    dropped = outputs(stack, array(B, L, D), True) == 0
    assert (dropped == dropped[:, :1]).all()
    assert (dropped[0] != dropped[1]).any()


def test_state_dropout_leaves_the_first_step_alone():
    stack = built(state_keep_prob=0.5, seed=3)
    inputs = array(B, L, D)
    trained, clean = outputs(stack, inputs, True), outputs(stack, inputs)
    assert_close(trained[:, 0], clean[:, 0], 0)
    assert not np.allclose(trained[:, 1], clean[:, 1], atol=1e-3)


@pytest.mark.parametrize("reset_after", [False, True])
def test_state_dropout_leaves_alone_what_a_gru_carries_over(reset_after):
    cell = GRUCell(U, reset_after=reset_after, gate_bias=100.0)
    stack = RecurrentStack(cell, state_keep_prob=0.5, variational=True)
    stack.build((None, None, D))
    states = ((array(B, U),),)
    found, _ = stack.unroll(array(B, L, D), EVERYWHERE, states, True)
    # Update gates of 1 hand the state on as it is.
    assert_close(found[:, -1], states[0][0])


def test_state_dropout_leaves_alone_what_an_lstm_carries_over():
    stack = built(LSTMCell(U), state_keep_prob=0.5)
    cell = stack.cells[0]
    cell.set_weights([0 * w for w in cell.get_weights()])
    states = ((array(B, U), array(B, U, seed=1)),)
    _, ((_, memory),) = stack.unroll(array(B, L, D), EVERYWHERE, states, True)
    forget = 1 / (1 + np.exp(-1.0))
    assert_close(memory, states[0][1] * forget**L)


def test_nothing_is_dropped_at_evaluation():
    plain = built()
    stack = built(
        input_keep_prob=0.5, output_keep_prob=0.5, state_keep_prob=0.5
    )
    inputs = array(B, L, D)
    assert_close(outputs(stack, inputs), outputs(plain, inputs), 0)


def test_evaluation_leaves_the_seed_alone():
    stack = built(output_keep_prob=0.5, seed=3)
    before = np.asarray(stack.seed_generator.state)
    run(stack, array(B, L, D))
    np.testing.assert_array_equal(stack.seed_generator.state, before)
    run(stack, array(B, L, D), training=True)
    assert (np.asarray(stack.seed_generator.state) != before).any()


def test_equal_seeds_drop_the_same_and_calls_differ():
    options = {"input_keep_prob": 0.5, "state_keep_prob": 0.5}
    one, two, other = (built(seed=s, **options) for s in (3, 3, 4))
    inputs = array(B, L, D)
    first = outputs(one, inputs, True)
    assert_close(outputs(two, inputs, True), first, 0)
    assert not np.allclose(outputs(one, inputs, True), first, atol=1e-3)
    assert not np.allclose(outputs(other, inputs, True), first, atol=1e-3)


def test_the_kinds_of_dropout_draw_different_masks():
    stack = built(
        GRUCell(30),
        30,
        num_layers=2,
        input_keep_prob=0.5,
        output_keep_prob=0.5,
        state_keep_prob=0.5,
        seed=3,
    )
    drawn = [m for layer in stack.masks(2, B, True) for m in layer.values()]
    assert len({np.asarray(mask).tobytes() for mask in drawn}) == 6


def test_a_copy_drops_differently():
    stack = built(output_keep_prob=0.5, seed=3)
    assert stack.copy("other").seed != stack.seed


# Errors -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_keep_prob": 0.0}, r"input_keep_prob=0\.0"),
        ({"output_keep_prob": 1.5}, r"output_keep_prob=1\.5"),
        ({"num_layers": 0}, "Received: 0"),
        ({"combiner": "sum"}, "'sum'"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        RecurrentStack(**options)


def test_the_default_is_one_lstm_of_128():
    stack = RecurrentStack()
    assert isinstance(stack.cells[0], LSTMCell)
    assert stack.state_sizes == ((128, 128),)


def test_own_cells_can_be_stacked():
    @keras.saving.register_keras_serializable("tests")
    class Doubling(BasicRNNCell):
        """A cell of the user's."""

    stack = RecurrentStack.from_config(built(Doubling(U)).get_config())
    assert isinstance(stack.cells[0], Doubling)
