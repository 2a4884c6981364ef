import pytest

from keras_seq2seq.metrics import score
from keras_seq2seq.metrics.corpus import as_sets


def test_references_of_each_line_become_whole_sets():
    assert as_sets(["a", "b"]) == ["a", "b"]
    assert as_sets([("a", "b"), ("c", "d")]) == [["a", "c"], ["b", "d"]]


@pytest.mark.parametrize("metric", ["bleu", "bleu_1", "rouge_l", "chrf"])
def test_a_reference_that_stands_twice_changes_no_score(metric):
    hypotheses = ["a dog runs on grass", "two dogs"]
    filled = as_sets([("a dog runs", "the dog is on grass"), ("two dogs",)])
    assert filled == [
        ["a dog runs", "two dogs"],
        ["the dog is on grass", "two dogs"],
    ]
    twice = [*filled, filled[0]]
    one, other = (score(metric, hypotheses, x).value for x in (filled, twice))
    assert one == pytest.approx(other)
