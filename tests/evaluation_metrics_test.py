import pytest

from keras_seq2seq.config.files import load
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError
from keras_seq2seq.evaluation_metrics import text_metrics
from keras_seq2seq.metrics import CollectedMetric, multi_bleu
from keras_seq2seq.teacher_forcing import Written

WORDS = DelimiterTokenizer(Vocabulary(["a", "b"]))
CHARACTERS = DelimiterTokenizer(Vocabulary(["a", "b"]), delimiter="")


class Lengths:
    """A metric of the user's own: words of hypotheses, times a factor."""

    name = "lengths"

    def __init__(self, factor=1):
        self.factor = factor
        self.words = 0

    def add(self, hypothesis, reference):
        self.words += len(hypothesis.split())

    def score(self):
        return self.factor * self.words


class Wordy(Lengths):
    def score(self):
        return "many"


class NoScore:
    def add(self, hypothesis, reference):
        """Takes a pair and never tells."""


def shout(text):
    return text.upper()


def metrics(text):
    """The `TextMetric`s that YAML describes."""
    config = load("", {"metrics": text}, complete=False)
    return text_metrics(config, allowed=[__name__])


def metric(params, kind="BleuMetricSpec"):
    (found,) = metrics(f"[{{class: {kind}, params: {{{params}}}}}]")
    return found


def written(text, tokens=None):
    return Written(text, tuple(text.split() if tokens is None else tokens))


def test_metrics_have_their_historical_names():
    found = metrics(
        "[{class: LogPerplexityMetricSpec}, {class: BleuMetricSpec}, "
        "{class: RougeMetricSpec, params: {rouge_type: rouge_2/r_score}}]"
    )
    assert [each.name for each in found] == ["bleu", "rouge_2/r_score"]


def test_bleu_is_that_of_multi_bleu():
    hypotheses = ["a b c d e f", "a b"]
    references = ["a b c d x f", "a b c"]
    found = metric("").score(hypotheses, references)
    assert found == multi_bleu(hypotheses, references).value
    assert 0 < found < 100


def test_a_new_object_scores_every_evaluation():
    own = metric("factor: 2", f"{__name__}.Lengths")
    assert [own.score(["a b", "c"], ["", ""]) for _ in "12"] == [6, 6]
    assert own.name == "lengths"


def test_the_separator_joins_the_tokens_of_both_sides():
    characters = written("ab", ("a", "b", "</s>"))
    assert metric("").hypothesis(characters) == "ab"
    assert metric("").reference("ab", CHARACTERS) == "ab"
    assert metric("separator: '-'").hypothesis(characters) == "a-b"
    assert metric("separator: '-'").reference("ab", CHARACTERS) == "a-b"


@pytest.mark.parametrize("prefix", ["", "seq2seq.data.postproc."])
def test_postprocessing_is_done_to_both_sides(prefix):
    found = metric(f"separator: ' ', postproc_fn: {prefix}strip_bpe")
    assert found.hypothesis(written("a@@ b c@@")) == "ab c"
    assert found.reference("a@@ b c@@", WORDS) == "ab c"
    found = metric(f"postproc_fn: {prefix}decode_sentencepiece")
    assert found.hypothesis(written("▁He llo ▁wor ld")) == "Hello world"


def test_a_function_of_the_users_own_is_applied_to_both_sides():
    found = metric(f"postproc_fn: {__name__}.shout")
    assert found.hypothesis(written("a b")) == "A B"
    assert found.reference("a b", WORDS) == "A B"


def test_text_outside_of_start_and_end_is_not_scored():
    found = metric("sos_token: '(', eos_token: ')'")
    assert found.hypothesis(written("x ( a b ) y")) == "a b"
    assert found.reference("x ( a b ) y", WORDS) == "a b"
    found = metric("sos_token: '', eos_token: ''")
    assert found.reference("a SEQUENCE_END b", WORDS) == "a SEQUENCE_END b"
    assert metric("").reference("a SEQUENCE_END b", WORDS) == "a"


def test_slicing_comes_before_postprocessing():
    found = metric(f"eos_token: b, postproc_fn: {__name__}.shout")
    assert found.reference("a b", WORDS) == "A"


def test_shared_params_serve_a_class_of_the_users_own_too():
    params = f"factor: 3, name: size, postproc_fn: {__name__}.shout"
    found = metric(params, f"{__name__}.Lengths")
    assert found.name == "size"
    assert found.reference("a", WORDS) == "A"
    assert found.score(["a b"], ["x"]) == 6


def test_two_metrics_of_one_name_are_refused_until_one_is_renamed():
    with pytest.raises(UserError, match="two of them are called bleu.*name"):
        metrics("[{class: BleuMetricSpec}, {class: BleuMetricSpec}]")
    with pytest.raises(UserError, match="two of them are called log_perp"):
        metrics(
            "[{class: LogPerplexityMetricSpec}, "
            "{class: LogPerplexityMetricSpec}]"
        )
    found = metrics(
        "[{class: BleuMetricSpec}, "
        "{class: BleuMetricSpec, params: {name: whole}}]"
    )
    assert [each.name for each in found] == ["bleu", "whole"]


def test_a_name_that_training_needs_is_refused():
    with pytest.raises(UserError, match="loss is the name of a value"):
        metric("name: loss")


def test_what_is_no_metric_is_refused():
    with pytest.raises(UserError, match="Received: no score"):
        metric("", f"{__name__}.NoScore")
    with pytest.raises(UserError, match="refuses its params.*facter"):
        metric("facter: 2", f"{__name__}.Lengths")


def test_a_score_that_is_no_number_is_named():
    with pytest.raises(UserError, match="must return a number.*'many'"):
        metric("", f"{__name__}.Wordy").score(["a"], ["b"])


def test_a_class_of_the_users_own_needs_permission():
    text = f"[{{class: {__name__}.Lengths}}]"
    config = load("", {"metrics": text}, complete=False)
    with pytest.raises(UserError, match="--allow_import"):
        text_metrics(config)


def test_a_score_costs_one_pass_over_the_corpus():
    sizes = []

    def count(hypotheses, references):
        sizes.append(len(hypotheses))
        return 0

    collected = CollectedMetric("count", count)
    for _ in range(50):
        collected.add("a", "a")
    collected.score()
    assert sizes == [50]
