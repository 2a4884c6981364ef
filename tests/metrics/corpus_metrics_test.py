"""Properties that all corpus metrics share."""

import subprocess
import sys

import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import METRIC_NAMES, score

TEXTS = ["the brown fox jumps", "over the lazy dog today"]
BEST = dict.fromkeys(METRIC_NAMES, 100.0)
BEST |= {name: 1.0 for name in METRIC_NAMES if name.startswith("rouge")}
BEST |= {"sockeye_bleu": 1.0, "ter": 0.0, "wer": 0.0, "per": 0.0}


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_perfect_text_has_the_best_score(name):
    found = score(name, TEXTS, TEXTS)
    assert found.value == pytest.approx(BEST[name])
    assert "nrefs:1" in found.signature and "version:" in found.signature


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_one_perfect_reference_of_two_is_enough(name):
    found = score(name, TEXTS, [["another text", "altogether"], TEXTS])
    assert found.value == pytest.approx(BEST[name])
    assert "nrefs:2" in found.signature


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_empty_hypotheses_have_the_worst_score_and_do_not_crash(name):
    worst = 100.0 if name in ("ter", "wer", "per") else 0.0
    assert score(name, ["", ""], TEXTS).value == worst


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_no_lines_at_all_score_zero(name):
    assert score(name, [], []).value == 0.0
    assert score(name, [], [[], []]).value == 0.0


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_unequal_counts_are_named(name):
    with pytest.raises(UserError, match="2 hypotheses, 3 references"):
        score(name, TEXTS, [*TEXTS, "more"])
    with pytest.raises(UserError, match="1 references .set 2 of 2"):
        score(name, TEXTS, [TEXTS, TEXTS[:1]])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("blue", "bleu"), ("rogue", "rouge"), ("rouge_l/fscore", "rouge_l/f_")],
)
def test_nearest_metric_is_suggested(typed, meant):
    with pytest.raises(UserError, match=f"Did you mean `{meant}"):
        score(typed, TEXTS, TEXTS)


def test_nearest_tokenizer_is_suggested():
    with pytest.raises(UserError, match="Did you mean `13a`"):
        score("bleu", TEXTS, TEXTS, tokenize="13")


def test_a_bare_text_is_not_taken_for_a_list_of_letters():
    with pytest.raises(TypeError, match="list of texts"):
        score("bleu", "abc", ["abc"])


def test_corpus_metrics_do_without_keras():
    code = (
        "import sys; import keras_seq2seq.metrics as metrics;"
        "metrics.score('bleu', ['a'], ['a']);"
        "sys.exit(bool({'keras', 'tensorflow'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
