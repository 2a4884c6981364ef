import collections

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq import ops
from tests.contracts import array, assert_close

T, B, D, U = 5, 3, 2, 4
COUNTS = np.array([4, 1, 3], np.int32)
VALID = np.arange(4) < COUNTS[:, None]


def loop(run, weight, inputs, start):
    """A small recurrence with a carry and outputs of different shapes."""

    def step(carry, slices):
        x, shift = slices["x"], slices["shift"]
        state = tf.tanh(carry["state"] @ weight + x @ weight[:D] + shift)
        carry = {"state": state, "count": carry["count"] + 1}
        return carry, (state, tf.reduce_sum(state, axis=1))

    carry = {"state": start, "count": tf.constant(0)}
    return run(step, inputs, carry)


def unrolled(step, inputs, carry):
    collected = []
    for time in range(len(keras.tree.flatten(inputs)[0])):
        slices = keras.tree.map_structure(lambda x, t=time: x[t], inputs)
        carry, outputs = step(carry, slices)
        collected.append(outputs)
    return carry, tuple(tf.stack(x) for x in zip(*collected, strict=True))


def values_and_gradients(run):
    weight = tf.constant(array(U, U, scale=0.5))
    inputs = {
        "x": tf.constant(array(T, B, D, seed=1)),
        "shift": tf.constant(array(T, B, 1, seed=2)),
    }
    start = tf.constant(array(B, U, seed=3))
    sources = [weight, inputs["x"], inputs["shift"], start]
    with tf.GradientTape() as tape:
        for each in sources:
            tape.watch(each)
        carry, (states, sums) = loop(run, weight, inputs, start)
        mixture = tf.reduce_sum(states * array(T, B, U, seed=4))
        mixture += tf.reduce_sum(sums**2) + tf.reduce_sum(carry["state"])
    return (carry, states, sums), tape.gradient(mixture, sources)


@pytest.mark.parametrize("graph", [False, True])
def test_scan_equals_an_unrolled_loop_gradients_included(graph):
    def scanned():
        return values_and_gradients(ops.scan)

    scanned = tf.function(scanned) if graph else scanned
    values, slopes = scanned()
    expected_values, expected_slopes = values_and_gradients(unrolled)
    assert_close(values, expected_values, 1e-6)
    assert_close(slopes, expected_slopes, 1e-5)


def gradients_of_products(run, steps):
    """Of a loop that multiplies by one kernel twice and by another once."""
    inputs = tf.constant(array(steps, B, D, seed=1))
    start = tf.constant(array(B, U, seed=2))
    kernel = tf.constant(array(U, U, scale=0.5, seed=3))
    own = tf.constant(array(B, D, U, scale=0.5, seed=4))  # for each sentence

    def step(state, x):
        own_product = ops.product(x[:, None], own)[:, 0]
        state = tf.tanh(ops.product(state, kernel) + own_product)
        return state, (ops.product(state, kernel),)

    sources = [inputs, start, kernel, own]
    with tf.GradientTape() as tape:
        for each in sources:
            tape.watch(each)
        last, (outputs,) = run(step, inputs, start)
        mixture = tf.reduce_sum(outputs * array(steps, B, U, seed=5))
        mixture += tf.reduce_sum(last**2)
    return tape.gradient(mixture, sources)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("steps", [1, 2, T])
def test_products_of_a_scan_have_the_gradients_of_an_unrolled_loop(
    steps, graph
):
    def scanned():
        return gradients_of_products(ops.scan, steps)

    found = (tf.function(scanned) if graph else scanned)()
    expected = gradients_of_products(unrolled, steps)
    assert_close(found, expected, 1e-5)


def test_a_scan_makes_no_list_of_zeros_or_of_its_inputs():
    graph = tf.function(lambda: gradients_of_products(ops.scan, T))
    whole = graph.get_concrete_function().graph.as_graph_def()
    kinds = collections.Counter(
        node.op
        for nodes in [whole.node, *[f.node_def for f in whole.library.function]]
        for node in nodes
    )
    assert kinds["TensorListFromTensor"] == 1  # the gradient of the outputs
    assert kinds["TensorListStack"] == 1 + 1 + 2 * 3


def test_scan_of_a_single_step():
    carry, (out,) = ops.scan(
        lambda carry, x: (carry + x, (carry * 2,)),
        tf.ones((1, B)),
        tf.ones((B,)),
    )
    assert_close((carry, out), (2 * np.ones(B), 2 * np.ones((1, B))), 0)


def test_scan_serves_lengths_unknown_to_the_graph():
    @tf.function(input_signature=[tf.TensorSpec((None, None, D))])
    def total(x):
        zeros = tf.zeros((tf.shape(x)[1], D))
        carry, _ = ops.scan(lambda c, s: (c + s, (c,)), x, zeros)
        return carry

    for length, batch in ((T, B), (2, 7)):
        x = array(length, batch, D)
        assert_close(total(x), x.sum(axis=0))


def test_lengths_count_real_positions():
    assert ops.lengths(VALID).numpy().tolist() == COUNTS.tolist()


def test_reverse_within_leaves_padding_in_place():
    rows = np.array([[1, 2, 3, 4], [5, 0, 0, 0], [6, 7, 8, 0]], np.int32)
    back = np.array([[4, 3, 2, 1], [5, 0, 0, 0], [8, 7, 6, 0]], np.int32)
    np.testing.assert_array_equal(ops.reverse_within(rows, COUNTS), back)


def test_reverse_within_twice_changes_nothing():
    rows = array(B, 4, D)
    twice = ops.reverse_within(ops.reverse_within(rows, COUNTS), COUNTS)
    np.testing.assert_array_equal(twice, rows)


def test_last_real_takes_the_last_real_position():
    rows = array(B, 4, D)
    expected = np.stack([rows[0, 3], rows[1, 0], rows[2, 2]])
    np.testing.assert_array_equal(ops.last_real(rows, COUNTS), expected)


def test_masked_softmax_sums_to_one_and_is_zero_at_padding():
    weights = np.asarray(ops.masked_softmax(array(B, 4, scale=50.0), VALID))
    assert (weights[~VALID] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)


def test_masked_softmax_ignores_what_padding_scores():
    scores = array(B, 4)
    before = ops.masked_softmax(scores, VALID)
    after = ops.masked_softmax(np.where(VALID, scores, 1e9), VALID)
    np.testing.assert_array_equal(before, after)


def test_masked_softmax_of_a_row_without_a_valid_entry_is_zero_not_nan():
    scores = tf.constant(array(1, 4))
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights = ops.masked_softmax(scores, np.zeros((1, 4), bool))
        total = tf.reduce_sum(weights**2)
    assert (weights.numpy() == 0).all()
    assert np.isfinite(tape.gradient(total, scores)).all()


def test_masked_softmax_computes_in_float32():
    scores = tf.cast(array(B, 4), "bfloat16")
    assert ops.masked_softmax(scores, VALID).dtype == "float32"


def test_time_major_there_and_back():
    x = array(B, T, D)
    there = ops.time_major(x)
    np.testing.assert_array_equal(there, x.transpose(1, 0, 2))
    np.testing.assert_array_equal(ops.time_major(there), x)


def test_dropout_mask_keeps_the_share_and_the_mean():
    mask = np.asarray(ops.dropout_mask((100, 200), 0.8, 7, "float32"))
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1.25)}
    assert abs((mask > 0).mean() - 0.8) < 0.01


def test_split_widths_cuts_where_told():
    parts = ops.split_widths(np.arange(9.0)[None], (4, 2, 3))
    assert [p.numpy().tolist() for p in parts] == [
        [[0, 1, 2, 3]],
        [[4, 5]],
        [[6, 7, 8]],
    ]
