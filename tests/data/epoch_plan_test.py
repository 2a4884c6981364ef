import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.epoch_plan import count_batches, epoch_plan

BUCKETS = np.array([0, 1, 2, 1, 0, 2, 2, 1, 1, 0, 1, 2, 2, 2, 1, 1], np.uint8)
SIZES = [2, 3, 4]


def flat(plan):
    return np.concatenate(plan).tolist()


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.lists(st.integers(1, 5), min_size=4, max_size=4),
    st.integers(0, 2**63),
    st.integers(0, 1000),
    st.booleans(),
)
def test_every_pair_occurs_once_in_a_batch_of_its_bucket(
    buckets, sizes, seed, epoch, shuffle
):
    buckets = np.array(buckets)
    plan = epoch_plan(seed, epoch, buckets, sizes, shuffle)
    assert sorted(flat(plan)) == list(range(len(buckets)))
    assert len(plan) == count_batches(buckets, sizes)
    for batch in plan:
        (bucket,) = set(buckets[batch])
        assert 0 < len(batch) <= sizes[bucket]


def test_a_plan_depends_on_seed_and_epoch_only():
    plan = flat(epoch_plan(5, 7, BUCKETS, SIZES))
    assert plan == flat(epoch_plan(5, 7, BUCKETS, SIZES))
    assert plan != flat(epoch_plan(5, 8, BUCKETS, SIZES))
    assert plan != flat(epoch_plan(6, 7, BUCKETS, SIZES))


def test_shuffling_mixes_buckets_and_members():
    buckets = np.repeat([0, 1], 500)
    plan = epoch_plan(0, 0, buckets, [10, 10])
    order = [int(buckets[batch[0]]) for batch in plan]
    assert order != sorted(order)
    assert flat(plan) != sorted(flat(plan))


def test_without_shuffling_a_batch_comes_when_it_is_full():
    buckets = np.array([0, 1, 1, 0, 0, 1])
    plan = epoch_plan(3, 9, buckets, [2, 2], shuffle=False)
    # 1 and 2 are complete before 0 and 3 are; 4 and 5 stay incomplete.
    assert [batch.tolist() for batch in plan] == [[1, 2], [0, 3], [4], [5]]


def test_resampling_fills_every_batch_from_its_bucket():
    plan = epoch_plan(1, 2, BUCKETS, SIZES, resample=True)
    for batch in plan:
        (bucket,) = set(BUCKETS[batch])
        assert len(batch) == SIZES[bucket]
    assert set(flat(plan)) == set(range(len(BUCKETS)))
    assert len(plan) == count_batches(BUCKETS, SIZES)


def test_a_seed_of_its_own_fills_up_with_the_same_pairs_in_every_pass():
    buckets = np.array([0, 1, 0, 0, 1, 0, 0])
    passes = [
        epoch_plan(s, e, buckets, [4, 4], resample=True, resample_seed=42)
        for s, e in ((1, 0), (1, 1), (2, 5))
    ]
    used = [sorted(np.concatenate(plan)) for plan in passes]
    assert used[0] == used[1] == used[2]
    assert len(used[0]) == 12 and set(used[0]) == set(range(7))
    for plan in passes:
        assert [len(batch) for batch in plan] == [4, 4, 4]
        assert all(len(set(buckets[batch])) == 1 for batch in plan)
    other = epoch_plan(1, 0, buckets, [4, 4], resample=True, resample_seed=43)
    assert sorted(np.concatenate(other)) != used[0]
