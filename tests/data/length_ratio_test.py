import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.length_ratio import (
    LengthRatio,
    length_ratio,
    longest_target,
)


def test_the_mean_is_of_ratios_and_the_deviation_of_the_population():
    # Ratios 2, 1/2 and 1; their mean is not 14 / 16.
    found = length_ratio(np.array([2, 8, 6]), np.array([4, 4, 6]))
    assert found.mean == pytest.approx(3.5 / 3)
    assert found.std == pytest.approx(np.std([2, 0.5, 1]))


def test_pairs_with_an_empty_side_do_not_count():
    found = length_ratio(np.array([2, 0, 5]), np.array([4, 3, 0]))
    assert found == LengthRatio(2.0, 0.0)


def test_without_pairs_sides_are_taken_to_be_equal():
    assert length_ratio(np.array([0]), np.array([3])) == LengthRatio(1.0, 0.0)


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=1))
def test_the_result_is_that_of_welfords_recurrence(pairs):
    count, mean, squares = 0, 0.0, 0.0
    for source, target in pairs:
        count += 1
        delta = target / source - mean
        mean += delta / count
        squares += delta * (target / source - mean)
    found = length_ratio(*np.array(pairs).T)
    assert found.mean == pytest.approx(mean)
    assert found.std == pytest.approx((squares / count) ** 0.5, abs=1e-6)


def test_the_limit_of_sockeyes_example_is_thirty_words():
    ratio = LengthRatio(1.1, 0.2).limit
    assert ratio == pytest.approx(1.5)
    # START and END on top make the 32 positions of Sockeye 1.15.8.
    assert longest_target(ratio, 20) == 30


def test_lengths_are_rounded_up_but_not_beyond_the_longest_source():
    assert [longest_target(1.5, n) for n in (0, 1, 10, 11)] == [1, 15, 15, 30]
    assert longest_target(1.5, 11, longest=12) == 18
    assert longest_target(1.5, 14, longest=12) == 21


@given(st.floats(0.01, 20), st.integers(1, 400))
def test_a_target_may_be_as_long_as_the_ratio_says(ratio, length):
    words = longest_target(ratio, length)
    assert ratio * length - 1e-3 <= words <= ratio * (length + 9) + 1
