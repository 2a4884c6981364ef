"""A training as SageMaker ran it, and the same one interrupted.

48 pairs of 1 to 4 words, of which those of 4 are left out: 24 in the first
bucket and 12 in the second make 6 + 3 batches of 4, so two passes are 18
steps, with evaluations at 5, 10, 15 and the last.
"""

import json
import shutil

import pytest

import keras_seq2seq
from keras_seq2seq.__main__ import main
from keras_seq2seq.dev_scores import sampled
from tests.commands.small_run import (
    LINES,
    basic_flags,
    without_data,
    workplace,
)

pytestmark = pytest.mark.usefixtures("eagerly")

STEPS = 18
PARAMS = {
    "source.max_seq_len": 3,
    "source.append_end": False,
    "optimizer.name": "SGD",
    "optimizer.params": {"momentum": 0.9},
    "optimizer.learning_rate": 20.0,  # it gets worse, so the rate falls
    "optimizer.weight_decay": 0.001,
    "optimizer.clip_value": 0.1,
    "optimizer.clip_gradients": None,
    "optimizer.lr_decay_type": "plateau_reduce",
    "optimizer.lr_plateau_patience": 1,
    "optimizer.lr_plateau_weights": "best",
    "optimizer.lr_plateau_slots": "best",
    "inference.max_length_ratio": "auto",
}


def flags(run, **changes):
    given = basic_flags(run)
    params = json.loads(given[given.index("--model_params") + 1])
    settings = {
        "model_params": json.dumps({**params, **PARAMS}),
        "buckets": "{width: 2}",
        "batch_size": 4,
        "fill_up": "resample",
        "overlength": "drop",
        "empty_pairs": "drop",
        "loss_normalization": "batch",
        "train_steps": None,
        "train_passes": 2,
        "eval_every_n_steps": 5,
        "save_checkpoints_steps": 5,
        "early_stopping": "{metric: perplexity, patience: 1}",
        "dev_decoding": "{metric: 'sockeye_bleu,chrf', sample: 3, "
        "write_files: true}",
        **changes,
    }
    return basic_flags(run, **settings)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("passes") / "run"
    assert main(flags(directory)) == 0
    return directory


def evaluations(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [without_data(json.loads(line)) for line in lines]


def state(run, step):
    found = json.loads((run / f"ckpt-{step}" / "state.json").read_text())
    return found["callbacks"]


def test_training_ends_with_the_last_batch_of_the_last_pass(run):
    steps = sorted(int(p.name[5:]) for p in run.glob("ckpt-*"))
    assert steps == [5, 10, 15, STEPS]
    assert [each["step"] for each in evaluations(run)] == steps
    position = state(run, STEPS)["Bucketing"]
    assert (position["epoch"], position["step"]) == (2, 0)


def test_the_rate_falls_where_early_stopping_would_have_ended_it(run):
    found = evaluations(run)
    best, rate, rates = float("inf"), 20.0, []
    for each in found:
        rates.append(rate)
        if each["val_perplexity"] >= best:
            rate /= 2
        best = min(best, each["val_perplexity"])
    assert [each["learning_rate"] for each in found] == rates
    assert rates[-1] < rates[0]


def test_the_best_checkpoint_has_the_least_perplexity(run):
    found = {e["step"]: e["val_perplexity"] for e in evaluations(run)}
    best = min(found, key=found.get)
    assert (run / "best").read_text() == f"ckpt-{best}\n"


def test_the_same_sample_is_decoded_each_time_and_written(run):
    dev = (workplace() / "dev.source").read_text().splitlines()
    drawn, _ = sampled(dev, dev, 3)
    assert (run / "decode.source").read_text().splitlines() == drawn
    assert (run / "decode.target").read_text().splitlines() == drawn
    names = [path.name for path in sorted(run.glob("decode.output.*"))]
    assert names == [f"decode.output.0000{n}" for n in (1, 2, 3, 4)]
    for name in names:
        assert len((run / name).read_text().splitlines()) == 3
    assert all(0 <= e["val_sockeye_bleu"] <= 1 for e in evaluations(run))


def test_the_ratio_of_the_used_pairs_is_stored_and_limits_the_output(run):
    known = json.loads((run / "data.json").read_text())
    assert known["length_ratio"] == {"mean": 1.0, "std": 0.0}
    model = keras_seq2seq.load(run)
    assert model.max_length_ratio == 1.0
    # Sources of 3 tokens at most, however long the text is.
    for found in model.generate(["a b", "a b c d e f g h"]):
        assert len(found.tokens) <= 4


def test_a_resumed_training_equals_a_straight_one(run, tmp_path):
    again = tmp_path / "run"
    shutil.copytree(run, again)
    for step in (10, 15, STEPS):
        shutil.rmtree(again / f"ckpt-{step}")
    for path in [*again.glob("decode.*"), again / "metrics.jsonl"]:
        path.unlink()
    (again / "metrics.jsonl").write_text(
        (run / "metrics.jsonl").read_text().splitlines(keepends=True)[0]
    )
    for name in ("latest", "best"):
        (again / name).write_text("ckpt-5\n")
    assert main(flags(again)) == 0
    assert evaluations(again) == evaluations(run)
    for name in (
        f"ckpt-{STEPS}/model.weights.h5",
        "decode.source",
        "decode.output.00004",
    ):
        assert (again / name).read_bytes() == (run / name).read_bytes()
    assert (
        state(again, STEPS)["PlateauReduction"]
        == (state(run, STEPS)["PlateauReduction"])
    )


def test_other_settings_are_refused_with_both_values(run, capsys):
    assert main(flags(run, overlength="truncate", min_passes=1)) == 2
    told = capsys.readouterr().err
    assert "overlength: the run has 'drop', received 'truncate'" in told
    assert "min_passes" not in told


def test_the_report_counts_what_is_left_out(run, capsys):
    assert main(flags(run)) == 0
    told = capsys.readouterr().err
    assert "input_pipeline_train: of 48 pairs 12 left out because" in told
    assert f"Already at step {STEPS}, and train_passes 2 ends at" in told
    assert "--train_passes 4" in told


def test_over_long_pairs_can_be_refused(tmp_path, capsys):
    assert main(flags(tmp_path / "run", overlength="error")) == 2
    told = capsys.readouterr().err
    first = next(i for i, line in enumerate(LINES) if len(line.split()) > 3)
    assert f"lines {first + 1}, " in told and "--overlength drop" in told
    assert not (tmp_path / "run").exists()
