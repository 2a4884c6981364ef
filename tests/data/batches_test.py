import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.data.batches import (
    assemble,
    batch_sizes,
    dataset,
    evaluation_dataset,
)
from keras_seq2seq.data.epoch_plan import epoch_plan
from keras_seq2seq.errors import UserError
from tests.data.corpora import graded, pairs

PAIRS = graded(23)
BUCKETS = np.arange(23) % 2


def plans(epoch):
    return epoch_plan(1, epoch, BUCKETS, [3, 4])


def equal(first, second):
    tf.nest.assert_same_structure(first, second)
    for a, b in zip(
        tf.nest.flatten(first), tf.nest.flatten(second), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_a_batch_is_what_the_contract_says():
    inputs, labels, weights = assemble(
        pairs(["a b", "", "c"], ["c", "d e", ""]), np.array([0, 1, 2]), 4
    )
    source = [[4, 5, 3], [3, 0, 0], [6, 3, 0], [3, 0, 0]]
    assert inputs["source"].tolist() == source
    assert inputs["target"].tolist() == [
        [2, 6, 0], [2, 7, 8], [2, 0, 0], [2, 0, 0],
    ]  # fmt: skip
    assert labels.tolist() == [[6, 3, 0], [7, 8, 3], [3, 0, 0], [3, 0, 0]]
    assert weights.tolist() == [[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0]]
    dtypes = {x.dtype for x in (*inputs.values(), labels)}
    assert dtypes == {np.dtype("int32")}
    assert weights.dtype == np.float32


def test_rows_are_right_padded_and_never_empty():
    for indices in plans(0):
        inputs, labels, _ = assemble(PAIRS, indices, 5)
        for ids in (*inputs.values(), labels):
            real = ids != 0
            assert real[:, 0].all()
            assert (np.diff(real.astype(int), axis=1) <= 0).all()
            assert real.any(axis=0).all()  # no wider than the longest row


def test_the_order_of_the_batch_is_that_of_the_indices():
    inputs, _, _ = assemble(PAIRS, np.array([5, 2, 9]))
    for row, index in zip(inputs["source"], [5, 2, 9], strict=True):
        np.testing.assert_array_equal(row[row != 0], PAIRS.source(index))


def test_sizes_by_tokens_keep_the_budget_and_divide():
    assert batch_sizes([10, 25, 300], 200, "tokens") == [20, 8, 1]
    assert batch_sizes([10, 25, 300], 200, "tokens", 3) == [18, 6, 3]
    assert batch_sizes([10, 25], 6, "sentences", 3) == [6, 6]


def test_sizes_that_cannot_be_are_explained():
    with pytest.raises(UserError, match="Type 9"):
        batch_sizes([1], 7, "sentences", 3)
    with pytest.raises(UserError, match="words"):
        batch_sizes([1], 7, "words")
    with pytest.raises(UserError, match="positive"):
        batch_sizes([1], 0)


@pytest.mark.parametrize("first", [(0, 0), (0, 3), (1, 0), (2, 5)])
def test_beginning_anywhere_continues_the_fresh_run(first):
    begin = first[0] * len(plans(0)) + first[1]
    fresh = itertools.islice(dataset(PAIRS, plans, 4), begin, begin + 9)
    for a, b in zip(fresh, dataset(PAIRS, plans, 4, first), strict=False):
        equal(a, b)


def test_a_limit_is_the_cardinality():
    limited = dataset(PAIRS, plans, 4, limit=5)
    assert int(limited.cardinality()) == 5
    assert len(list(limited)) == 5
    endless = dataset(PAIRS, plans, 4)
    assert int(endless.cardinality()) == tf.data.INFINITE_CARDINALITY


def test_nothing_is_tuned_or_sharded_by_tensorflow():
    options = dataset(PAIRS, plans, 4).options()
    assert options.autotune.enabled is False
    policy = options.experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.OFF


def test_evaluation_sees_every_pair_once_sorted_by_length():
    batches = list(evaluation_dataset(PAIRS, 4, replicas=3))
    widths = [inputs["source"].shape[1] for inputs, _, _ in batches]
    assert widths == sorted(widths)
    assert all(labels.shape[0] == 6 for _, labels, _ in batches)
    total = sum(float(tf.reduce_sum(weights)) for _, _, weights in batches)
    assert total == PAIRS.target_lengths.sum()
