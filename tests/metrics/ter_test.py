import pytest

from keras_seq2seq.metrics import corpus_ter


def test_hand_arithmetic():
    # One word is missing, one is wrong; 3 + 2 reference words.
    found = corpus_ter(["a b", "x y"], ["a b c", "x z"])
    assert found.value == pytest.approx(100 * 2 / 5)


def test_moving_a_phrase_is_one_edit():
    found = corpus_ter(["d e a b c"], ["a b c d e"])
    assert found.value == pytest.approx(100 / 5)
