import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.fitting import legs

SMALL = st.integers(1, 50)


@given(st.integers(0, 200), SMALL, st.integers(1, 300))
def test_legs_lead_from_the_start_to_the_end(start, every, total):
    way = legs(start, every, total)
    steps = sum((last - first) * size for first, last, size in way)
    assert steps == max(total - start, 0)


@given(st.integers(0, 200), SMALL, st.integers(1, 300))
def test_evaluations_fall_on_multiples_and_on_the_last_step(
    start, every, total
):
    step = start
    for first, last, size in legs(start, every, total):
        for _ in range(first, last):
            step += size
            assert step % every == 0 or step == total


@given(SMALL, SMALL, st.integers(1, 300))
def test_periods_have_the_same_number_wherever_a_run_starts(
    start, every, total
):
    whole = [e for first, last, _ in legs(0, every, total) for e in (last,)]
    resumed = [e for *_, last, _ in legs(start, every, total) for e in (last,)]
    assert not resumed or resumed[-1] == whole[-1]


@pytest.mark.parametrize(
    ("start", "every", "total", "way"),
    [
        (0, 10, 20, [(0, 2, 10)]),
        (0, 10, 25, [(0, 2, 10), (2, 3, 5)]),
        (7, 10, 30, [(0, 1, 3), (1, 3, 10)]),
        (7, 10, 9, [(0, 1, 2)]),
        (20, 10, 20, []),
    ],
)
def test_only_the_first_and_the_last_leg_are_short(start, every, total, way):
    assert legs(start, every, total) == way
