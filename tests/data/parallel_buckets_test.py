import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.parallel_buckets import (
    MANY,
    PairBuckets,
    assign_pairs,
    merge_buckets,
    parallel_buckets,
)


def rising(*runs):
    """Pairs of runs `(first, last, source step, target step)`."""
    return [
        pair
        for (s, t), (last_s, last_t), step_s, step_t in runs
        for pair in zip(
            range(s, last_s + 1, step_s) if step_s else [s] * 999,
            range(t, last_t + 1, step_t) if step_t else [t] * 999,
            strict=False,
        )
    ]


def pairs(text):
    """Pairs of `"9,10 18,20"`."""
    return [tuple(map(int, pair.split(","))) for pair in text.split()]


EXAMPLES = [
    ((100, 100, 10, 1.0), [(n, n) for n in range(10, 101, 10)]),
    (
        (60, 60, 10, 1.1),
        pairs("9,10 18,20 27,30 36,40 45,50 54,60 60,60"),
    ),
    (
        (60, 60, 10, 1.25),
        pairs("8,10 16,20 24,30 32,40 40,50 48,60 56,60 60,60"),
    ),
    (
        (60, 60, 8, 1.1),
        pairs("7,8 14,16 21,24 28,32 35,40 42,48 49,56 56,60 60,60"),
    ),
    (
        (50, 50, 10, 0.8),
        pairs("10,8 20,16 30,24 40,32 50,40 50,48 50,50"),
    ),
    (
        (50, 50, 10, 0.5),
        pairs("10,5 20,10 30,15 40,20 50,25 50,30 50,35 50,40 50,45 50,50"),
    ),
    (
        (100, 100, 10, 1.6),
        rising(((6, 10), (60, 100), 6, 10), ((66, 100), (96, 100), 6, 0))
        + [(100, 100)],
    ),
    ((30, 50, 10, 1.5), pairs("7,10 14,20 21,30 28,40 30,50")),
    ((50, 30, 10, 1.0), pairs("10,10 20,20 30,30 40,30 50,30")),
    (
        (99, 100, 10, 1.0),
        [*[(n, n) for n in range(10, 91, 10)], (99, 100)],
    ),
    ((25, 25, 10, 1.0), pairs("10,10 20,20 25,25")),
    ((5, 5, 10, 1.0), pairs("5,5")),
    ((1, 1, 10, 1.0), pairs("2,2")),
    ((10, 4, 4, 3.0), [(n, 4) for n in range(2, 11)]),
    ((10, 10, 10, 0.1), [(10, n) for n in range(2, 11)]),
    (
        (100, 100, 10, 0.125),
        [(10, 2), (20, 2), *[(10 * n, n) for n in range(3, 11)]]
        + [(100, n) for n in range(11, 101)],
    ),
    (
        (400, 100, 10, 0.24),
        rising(((10, 2), (400, 80), 10, 2), ((400, 82), (400, 100), 0, 2)),
    ),
]


@pytest.mark.parametrize(("given", "buckets"), EXAMPLES, ids=str)
def test_buckets_are_those_of_sockeye(given, buckets):
    assert parallel_buckets(*given) == buckets


def test_the_counts_of_the_long_examples():
    counts = {given: len(parallel_buckets(*given)) for given, _ in EXAMPLES}
    assert counts[100, 100, 10, 1.0] == 10
    assert counts[100, 100, 10, 1.6] == 17
    assert counts[100, 100, 10, 0.125] == 100
    assert counts[400, 100, 10, 0.24] == 50
    assert counts[10, 4, 4, 3.0] == counts[10, 10, 10, 0.1] == 9
    assert [given for given, n in counts.items() if n > MANY] == [
        (100, 100, 10, 0.125),
        (400, 100, 10, 0.24),
    ]


def test_without_a_width_there_is_one_bucket():
    assert parallel_buckets(60, 1, None, 1.1) == [(60, 2)]


@pytest.mark.parametrize(
    ("pair", "bucket"),
    [
        ((5, 12), (18, 20)),
        ((9, 10), (9, 10)),
        ((10, 10), (18, 20)),
        ((55, 3), (60, 60)),
    ],
)
def test_a_pair_goes_where_sockeye_put_it(pair, bucket):
    buckets = parallel_buckets(60, 60, 10, 1.1)
    place = assign_pairs(*np.array([pair]).T, buckets)[0]
    assert buckets[place] == bucket


def test_what_is_longer_than_all_buckets_goes_into_none():
    buckets = parallel_buckets(60, 60, 10, 1.1)
    places = assign_pairs(np.array([61, 60]), np.array([4, 60]), buckets)
    assert places.tolist() == [7, 6]


LENGTH = st.integers(1, 60)
RATIO = st.floats(0.05, 20)


@given(LENGTH, LENGTH, st.integers(1, 30), RATIO, st.data())
def test_assignment_equals_the_first_bucket_that_fits(
    source, target, width, ratio, data
):
    buckets = parallel_buckets(source, target, width, ratio)
    lengths = np.array(
        data.draw(
            st.lists(
                st.tuples(st.integers(0, 70), st.integers(0, 70)), min_size=1
            )  # fmt: skip
        )
    )
    for (s, t), place in zip(
        lengths, assign_pairs(*lengths.T, buckets), strict=True
    ):
        fitting = [i for i, (a, b) in enumerate(buckets) if a >= s and b >= t]
        assert place == (fitting or [len(buckets)])[0]


@given(LENGTH, LENGTH, st.integers(1, 30), RATIO)
def test_buckets_rise_and_end_with_the_longest(source, target, width, ratio):
    buckets = parallel_buckets(source, target, width, ratio)
    assert buckets[-1] == (max(source, 2), max(target, 2))
    for one, other in zip(buckets, buckets[1:], strict=False):
        assert one[0] <= other[0] and one[1] <= other[1] and one != other


def test_neighbours_with_the_fewest_pairs_are_merged():
    buckets = [(2, 2), (4, 4), (6, 6), (8, 8)]
    assert merge_buckets(buckets, [9, 1, 2, 9], 3) == [(2, 2), (6, 6), (8, 8)]
    assert merge_buckets(buckets, [1, 1, 2, 9], 2) == [(6, 6), (8, 8)]
    assert merge_buckets(buckets, [1, 1, 1, 1], 1) == [(8, 8)]
    assert merge_buckets(buckets, [1, 1, 1, 1], 9) == buckets


@given(st.lists(st.integers(0, 9), min_size=1), st.integers(1, 5))
def test_merging_keeps_the_largest_bucket_and_counts(counts, most):
    buckets = [(n, n) for n in range(2, 2 + len(counts))]
    left = merge_buckets(buckets, counts, most)
    assert len(left) == min(most, len(buckets))
    assert left[-1] == buckets[-1] and set(left) <= set(buckets)


def test_the_longest_texts_make_the_largest_bucket_by_themselves():
    lengths = np.array([3, 14, 7]), np.array([2, 6, 11])
    buckets, places = PairBuckets(10).of(*lengths, 1.0)
    assert buckets == [(10, 10), (14, 11)] and places.tolist() == [0, 1, 1]


def test_merged_buckets_hold_every_pair():
    lengths = np.arange(1, 61), np.arange(60, 0, -1)
    buckets, places = PairBuckets(4, max_buckets=3).of(*lengths, 1.0)
    assert len(buckets) == 3
    for s, t, place in zip(*lengths, places, strict=True):
        assert s <= buckets[place][0] and t <= buckets[place][1]


def test_a_pair_beyond_the_limits_is_refused():
    with pytest.raises(ValueError, match=r"1 pairs are longer .*\(5, 5\)"):
        PairBuckets(10, max_source=5, max_target=5).of(
            np.array([6, 5]), np.array([5, 5]), 1.0
        )


@pytest.mark.parametrize("name", ["width", "max_buckets", "max_source"])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` must be at least 1"):
        PairBuckets(**{name: 0})
