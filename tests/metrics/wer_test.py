import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.metrics import phone_error_rate, word_error_rate
from keras_seq2seq.metrics.wer import edit_distance

LISTS = st.lists(st.sampled_from("abc"), max_size=6)


def test_hand_arithmetic():
    hypotheses = ["k a t", "d o k", "b i"]
    references = ["k a t", "d o g", "b i r d"]
    assert word_error_rate(hypotheses, references).value == pytest.approx(
        200 / 3
    )
    # One replaced, two missing, of 3 + 3 + 4 symbols.
    assert phone_error_rate(hypotheses, references).value == pytest.approx(30)


def test_blanks_between_symbols_do_not_count():
    assert word_error_rate(["a  b "], ["a b"]).value == 0.0
    assert word_error_rate(["a b"], ["ab"]).value == 100.0


def test_nearest_reference_counts():
    references = [["x y z w"], ["a b d"]]
    assert phone_error_rate(["a b c"], references).value == pytest.approx(
        100 / 3
    )


@given(LISTS, LISTS, LISTS)
def test_edit_distance_is_a_metric(left, right, other):
    distance = edit_distance(left, right)
    assert (distance == 0) == (left == right)
    assert distance == edit_distance(right, left)
    assert distance <= edit_distance(left, other) + edit_distance(other, right)
    assert abs(len(left) - len(right)) <= distance
    assert distance <= max(len(left), len(right))
