import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import score


def test_hand_arithmetic():
    found = score("exact_match", ["a b", "c", "d e"], ["a b", "c d", "d e"])
    assert found.value == pytest.approx(200 / 3)


def test_is_what_the_word_error_rate_leaves():
    hypotheses, references = ["a  b", "ab", "", "x y"], ["a b", "a b", "", "x"]
    right = score("exact_match", hypotheses, references).value
    assert right + score("wer", hypotheses, references).value == 100.0


def test_any_reference_will_do():
    references = [["a", "b"], ["c", "d"]]
    assert score("exact_match", ["c", "b"], references).value == 100.0


def test_unequal_counts_are_refused():
    with pytest.raises(UserError, match="2 hypotheses, 1 references"):
        score("exact_match", ["a", "b"], ["a"])
