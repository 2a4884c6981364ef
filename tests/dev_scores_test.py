"""Metrics of a configuration in a training, from its flags to its files."""

import json
import random

import pytest

import keras_seq2seq
from keras_seq2seq.__main__ import main
from keras_seq2seq.config.files import load
from keras_seq2seq.dev_scores import DevScores, sampled
from keras_seq2seq.metrics import corpus_bleu, multi_bleu, rouge
from keras_seq2seq.run_files import read_run
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo.generation import Generator
from tests.callbacks.tensorboard_log_test import read
from tests.commands.small_run import (
    LINES,
    basic_flags,
    pipeline,
    small_run,
    workplace,
)

METRICS = """
- class: LogPerplexityMetricSpec
- class: BleuMetricSpec
- class: BleuMetricSpec
  params: {name: spelt, separator: " ", postproc_fn: mine_of_the_test.spell}
- class: RougeMetricSpec
  params: {rouge_type: rouge_1/f_score}
- class: mine_of_the_test.Length
  params: {unit: 2}
"""
MINE = """
class Length:
    name = "length"

    def __init__(self, unit):
        self.unit, self.total = unit, 0

    def add(self, hypothesis, reference):
        self.total += len(hypothesis.split())

    def score(self):
        return self.total / self.unit


def spell(text):
    return " ".join(text.replace(" ", ""))
"""
DEV_DECODING = (
    "{metric: [bleu, exact_match], teacher_forced: true, beam_width: 2}"
)
# One target in four is shorter, so that a model which always writes the same
# is neither wrong nor perfect.
TARGETS = ["a b a b a b", "a b a b a b", "a b a b a b", "b a b a"] * 12


def write_texts(folder):
    """Texts of a target that is soon learnt; flags that name them."""
    (folder / "mine_of_the_test.py").write_text(MINE, encoding="utf-8")
    files = {"source_files": LINES, "target_files": TARGETS}
    for name, texts in files.items():
        text = "".join(f"{line}\n" for line in texts)
        (folder / name).write_text(text, encoding="utf-8")
    params = {name: [str(folder / name)] for name in files}
    pipeline = {"class": "ParallelTextInputPipeline", "params": params}
    sides = ("input_pipeline_train", "input_pipeline_dev")
    return dict.fromkeys(sides, json.dumps(pipeline))


def test_what_other_weights_wrote_may_be_forgotten():
    model = keras_seq2seq.load(small_run())
    model.compile("sgd")
    scores = DevScores(read_run(small_run()).config, limit=2)
    before = scores.generations(model)
    for weight in model.trainable_variables:
        weight.assign(-weight)
    assert scores.generations(model) is before
    scores.forget()
    assert scores.generations(model) is not before


def train(folder, **changes):
    """The run directory, and how many sources each decoding had."""
    flags = basic_flags(folder / "run", **write_texts(folder), **changes)
    counts = []
    generate = Generator.generate

    def counted(self, sources, *rest, **options):
        counts.append(len(sources))
        return generate(self, sources, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setattr(Generator, "generate", counted)
        assert main([*flags, "--allow_import", "mine_of_the_test"]) == 0
    return folder / "run", counts


def records(directory):
    text = (directory / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(
        tmp_path_factory.mktemp("metrics"),
        metrics=METRICS,
        dev_decoding=DEV_DECODING,
        train_steps=40,
        eval_every_n_steps=20,
    )


@pytest.fixture(scope="module")
def logged(run):
    return records(run[0])


@pytest.fixture(scope="module")
def texts(run):
    """What the last weights write, by the search of `dev_decoding`."""
    model = keras_seq2seq.load(
        run[0], "latest", {"inference.beam_search.beam_width": 2}
    )
    return [each.text for each in model.generate(LINES)]


NAMES = ("log_perplexity", "bleu", "spelt", "rouge_1/f_score", "length")


def test_every_evaluation_logs_old_and_new_names(logged):
    assert len(logged) == 2
    for record in logged:
        for name in NAMES:
            assert record[name] == record[f"val_{name}"]


def test_tensorboard_shows_the_old_names(run, logged):
    found = read(run[0] / "eval")
    for name in (*NAMES, "bleu_teacher_forced"):
        steps = [step for step, _ in found[name]]
        assert steps == [20, 40]
        assert found[name][1][1] == pytest.approx(logged[1][f"val_{name}"])


def test_log_perplexity_is_the_dev_sets_mean_cross_entropy(logged):
    assert logged[0]["log_perplexity"] == logged[0]["val_loss"]


def test_values_are_those_of_what_the_model_really_writes(logged, texts):
    last = logged[-1]
    assert last["bleu"] == multi_bleu(texts, TARGETS).value
    assert 0 < last["bleu"] < 100
    kind = "rouge_1/f_score"
    assert last[kind] == pytest.approx(rouge(texts, TARGETS, kind).value)
    assert last["length"] == sum(len(text.split()) for text in texts) / 2


def test_an_own_function_changes_both_sides(logged, texts):
    spelt = [
        [" ".join(text.replace(" ", "")) for text in each]
        for each in (texts, TARGETS)
    ]
    assert logged[-1]["spelt"] == multi_bleu(*spelt).value


def test_a_metric_replaces_the_score_of_its_name(logged, texts):
    # Only `multi_bleu` has two decimals.
    assert logged[-1]["val_bleu"] == multi_bleu(texts, TARGETS).value
    assert logged[-1]["val_bleu"] != corpus_bleu(texts, TARGETS).value
    assert "val_exact_match" in logged[-1]


def test_teacher_forced_scores_are_named_so_and_differ(logged):
    for name in ("bleu", "spelt", "rouge_1/f_score", "exact_match", "length"):
        assert f"val_{name}_teacher_forced" in logged[-1]
    ends = [f"length{ending}" for ending in ("", "_teacher_forced")]
    assert any(len({record[end] for end in ends}) == 2 for record in logged)


def test_the_dev_set_is_decoded_once_per_evaluation(run):
    assert run[1].count(len(LINES)) == 2


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A run whose configuration has no `dev_decoding`."""
    directory, _ = train(
        tmp_path_factory.mktemp("alone"),
        metrics="[{class: BleuMetricSpec}]",
        early_stopping="{metric: bleu, patience: 2}",
        train_steps=150,
        eval_every_n_steps=10,
    )
    return directory


def test_metrics_alone_decode_the_whole_dev_set_greedily(alone):
    model = keras_seq2seq.load(alone, "latest")
    found = [each.text for each in model.generate(LINES)]
    assert records(alone)[-1]["bleu"] == multi_bleu(found, TARGETS).value


def test_early_stopping_watches_bleu_of_metrics(alone):
    scores = [record["bleu"] for record in records(alone)]
    assert len(scores) < 15
    assert max(scores[-2:]) <= max(scores[:-2])


def test_two_metrics_of_one_name_end_before_training(tmp_path, capsys):
    flags = basic_flags(
        tmp_path / "run",
        metrics="[{class: BleuMetricSpec}, {class: BleuMetricSpec}]",
    )
    assert main(flags) == 2
    assert "two of them are called bleu" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("count", [1, 5, 48])
def test_a_sample_is_that_of_sockeye_in_the_order_of_the_file(count):
    lines = [f"{number:02d}" for number in range(48)]
    both = list(zip(lines, reversed(lines), strict=True))
    found = sampled(*map(list, zip(*both, strict=True)), count)
    drawn = random.Random(42).sample(both, count)
    assert list(zip(*found, strict=True)) == sorted(drawn)


@pytest.mark.parametrize("count", [None, -1, 0, 48, 49])
def test_all_pairs_are_taken_where_no_fewer_are_asked_for(count):
    assert sampled(LINES, LINES, count) == (LINES, LINES)


def test_the_search_has_the_penalty_that_is_asked_for():
    decoding = {
        "beam_width": 4,
        "length_penalty": 1,
        "length_penalty_offset": 0,
        "length_penalty_counts_end": True,
        "sample": 3,
    }
    config = load(
        "",
        {
            "input_pipeline_dev": pipeline("dev"),
            "data_dir": str(workplace()),
            "dev_decoding": json.dumps(decoding),
        },
        complete=False,
    )
    scores = DevScores(config)
    assert scores.search == BeamSearch(
        4, 1.0, penalty_offset=0.0, count_end=True
    )
    assert len(scores.sources) == len(scores.references) == 3
