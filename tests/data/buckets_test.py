import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.buckets import assign, choose_boundaries


def test_three_boundaries_make_four_buckets_of_the_documentation():
    lengths = [1, 9, 10, 19, 20, 29, 30, 99]
    assert assign(lengths, [10, 20, 30]).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_without_boundaries_all_share_a_bucket():
    assert assign([1, 50], ()).tolist() == [0, 0]


@pytest.mark.parametrize("boundaries", [[10, 10], [20, 10], [0, 5], [-1]])
def test_boundaries_must_increase(boundaries):
    with pytest.raises(ValueError, match="strictly increasing"):
        assign([1], boundaries)


def cells(lengths, boundaries, rows):
    lengths, total = np.asarray(lengths), 0
    for bucket in np.unique(assign(lengths, boundaries)):
        own = lengths[assign(lengths, boundaries) == bucket]
        total += own.max() * -(-len(own) // rows) * rows
    return total


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_chosen_boundaries_pad_no_more_than_any_others(lengths, count, rows):
    chosen = choose_boundaries(lengths, count, rows)
    assert len(chosen) < count or count == 1
    tried = itertools.chain.from_iterable(
        itertools.combinations(range(2, 10), n) for n in range(count)
    )
    best = min(cells(lengths, boundaries, rows) for boundaries in tried)
    assert cells(lengths, chosen, rows) == best


def test_many_lengths_are_thinned_and_still_pad_little():
    lengths = np.arange(1, 5000)
    chosen = choose_boundaries(lengths, 10)
    assert len(chosen) == 9
    even = choose_boundaries(lengths, 1), range(500, 5000, 500)
    assert cells(lengths, chosen, 1) <= 1.01 * cells(lengths, even[1], 1)
