import pytest

from keras_seq2seq.metrics import corpus_chrf


def test_hand_arithmetic():
    # Orders 1 and 2 exist in both. Precision 1, 1; recall 2/3, 1/2; order 3
    # is in the reference only and does not count. F2 of the means 1, 7/12:
    # 5 * P * R / (4 * P + R).
    recall = 7 / 12
    expected = 100 * 5 * recall / (4 + recall)
    found = corpus_chrf(["a b"], ["a b c"])
    assert found.value == pytest.approx(expected)
    assert found.name == "chrf"


def test_blanks_do_not_count():
    assert corpus_chrf(["ab cd"], ["a bcd"]).value == pytest.approx(100.0)
