"""What `train --schedule NAME` does for every name there is."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from keras_seq2seq import evaluation
from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint import checkpoints
from keras_seq2seq.checkpoint.lock import locked
from tests.commands.small_run import (
    STEPS,
    basic_flags,
    pipeline,
    small_run,
    without_data,
    workplace,
)

pytestmark = pytest.mark.usefixtures("eagerly")

REPOSITORY = Path(__file__).parents[2]
KEPT = (20, 25, 40, 50, 60)


def evaluations(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [without_data(json.loads(line)) for line in lines]


def results(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def evaluate(run, schedule="evaluate", **flags):
    flags = {"schedule": schedule, "output_dir": run, **flags}
    given = [text for k, v in flags.items() for text in (f"--{k}", str(v))]
    return main(["train", *given])


@pytest.fixture
def copied(tmp_path):
    """A finished run that a test may change."""
    run = tmp_path / "run"
    shutil.copytree(small_run(), run, ignore=shutil.ignore_patterns("eval"))
    return run


def curve(folder, name):
    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        event.step: float(tf.make_ndarray(event.tensor_proto))
        for event in events.Tensors(name)
    }


@pytest.fixture(scope="module")
def trained_only(tmp_path_factory):
    """A run by the schedule `train`, without development data."""
    run = tmp_path_factory.mktemp("train") / "run"
    flags = basic_flags(
        run,
        schedule="train",
        input_pipeline_dev=None,
        train_steps=12,
        eval_every_n_steps=5,
        save_checkpoints_steps=4,
    )
    assert main(flags) == 0
    return run


def test_train_does_not_evaluate_and_saves_when_told(trained_only):
    assert list(checkpoints(trained_only)) == [4, 8, 12]
    assert not (trained_only / "eval").exists()
    found = evaluations(trained_only)
    assert [each["step"] for each in found] == [5, 10, 12]
    assert not any(name.startswith("val_") for name in found[-1])


def test_train_with_other_evaluations_goes_on_alike(trained_only, tmp_path):
    """The order of the pairs does not depend on evaluations between them."""
    run = tmp_path / "run"
    flags = {"train_steps": 12, "save_checkpoints_steps": 4}
    assert main(basic_flags(run, eval_every_n_steps=5, **flags)) == 0
    weights = "ckpt-12/model.weights.h5"
    assert (run / weights).read_bytes() == (trained_only / weights).read_bytes()


def test_a_run_goes_on_by_another_schedule(trained_only, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained_only, run)
    flags = {
        "train_steps": 15,
        "eval_every_n_steps": 5,
        "save_checkpoints_steps": 4,
    }
    assert main(basic_flags(run, schedule="local_run", **flags)) == 0
    assert "val_loss" in evaluations(run)[-1]
    without = {"schedule": "train", "input_pipeline_dev": None}
    back = basic_flags(run, **flags | without | {"train_steps": 16})
    assert main(back) == 0
    other = {"input_pipeline_dev": pipeline("train"), "train_steps": 17}
    assert main(basic_flags(run, **flags | other)) == 2


def test_evaluate_tells_what_training_measured(copied, capsys):
    assert evaluate(copied) == 0
    (found,) = results(capsys)
    assert found["step"] == STEPS and found["checkpoint"] == f"ckpt-{STEPS}"
    trained = evaluations(copied)[-1]
    for name in ("loss", "perplexity"):
        assert found[name] == pytest.approx(trained[f"val_{name}"], rel=1e-5)
    drawn = curve(copied / "eval", "loss")
    assert drawn == {STEPS: pytest.approx(found["loss"])}


@pytest.mark.parametrize("which", ["best", "25"])
def test_evaluate_takes_the_checkpoint_that_is_named(copied, capsys, which):
    expected = which
    if which == "best":
        expected = (copied / "best").read_text().strip()[len("ckpt-") :]
    assert evaluate(copied, checkpoint=which) == 0
    (found,) = results(capsys)
    assert found["step"] == int(expected)


def test_evaluate_decodes_if_asked(copied, capsys):
    asked = "{metric: [bleu, exact_match], max_sentences: 3}"
    assert evaluate(copied, dev_decoding=asked) == 0
    (found,) = results(capsys)
    assert {"bleu", "exact_match"} <= set(found)


def test_evaluate_needs_a_run(tmp_path, capsys):
    assert evaluate(tmp_path / "none") == 2
    assert "no such directory" in capsys.readouterr().err
    assert main(["train", "--schedule", "evaluate"]) == 2
    assert "--output_dir" in capsys.readouterr().err


def test_a_checkpoint_is_refused_where_none_is_chosen(copied, capsys):
    assert evaluate(copied, "continuous_eval", checkpoint="best") == 2
    assert "goes with --schedule evaluate" in capsys.readouterr().err


def test_evaluate_refuses_the_settings_of_another_model(copied, capsys):
    assert evaluate(copied, model="BasicSeq2Seq") == 2
    assert "model: the run has 'AttentionSeq2Seq'" in capsys.readouterr().err


def test_continuous_eval_evaluates_each_checkpoint_once(copied, capsys):
    """It ends at train_steps, and what a trainer owns it leaves alone."""
    before = {
        path: path.read_bytes()
        for path in copied.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
    with locked(copied):  # as if a trainer were at work
        assert evaluate(copied, "continuous_eval") == 0
        assert [each["step"] for each in results(capsys)] == list(KEPT)
        assert evaluate(copied, "continuous_eval") == 0
        assert results(capsys) == []
        asked = "{metric: [bleu], max_sentences: 3}"  # not measured yet
        assert evaluate(copied, "continuous_eval", dev_decoding=asked) == 0
        assert [each["step"] for each in results(capsys)] == list(KEPT)
    after = {path: path.read_bytes() for path in before}
    assert after == before
    new = {path.parent.name for path in copied.rglob("*") if path.is_file()}
    assert "eval" in new
    assert set(curve(copied / "eval", "loss")) == set(KEPT)


def test_continuous_eval_on_train_data_has_curves_of_its_own(copied, capsys):
    assert evaluate(copied, "continuous_eval_on_train_data") == 0
    assert [each["step"] for each in results(capsys)] == list(KEPT)
    assert set(curve(copied / "eval_train", "loss")) == set(KEPT)
    assert not (copied / "eval").exists()


def test_a_checkpoint_that_is_deleted_meanwhile_is_passed_over(copied):
    class Deleting:
        run_dir = copied

        def evaluated(self):
            return {20, 25, 40}

        def __call__(self, path, step):
            if step == 50:
                shutil.rmtree(path)
                raise FileNotFoundError(path)
            return step

    told = []
    found = evaluation.evaluate_new(Deleting(), STEPS, told.append, poll=0)
    assert list(found) == [STEPS]
    assert "ckpt-50 was deleted" in told[0]


def test_checkpoints_that_appear_later_are_found(tmp_path, monkeypatch):
    run = tmp_path / "run"
    shutil.copytree(small_run() / "ckpt-20", run / "ckpt-20")
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            shutil.copytree(small_run() / "ckpt-60", run / "ckpt-60")

    class Recording:
        run_dir = run

        def evaluated(self):
            return set()

        def __call__(self, path, step):
            return step

    monkeypatch.setattr(evaluation.time, "sleep", pause)
    assert list(evaluation.evaluate_new(Recording(), 60, poll=7)) == [20, 60]
    assert pauses == [7, 7]


def test_continuous_eval_waits_for_a_run_and_sigint_ends_it(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "keras_seq2seq", "train", "--output_dir"]
        + [str(tmp_path / "run"), "--schedule", "continuous_eval"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        # A shell's background jobs ignore it, and so would their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        lines = iter(process.stderr.readline, "")
        waiting = any("Waiting for a training in" in line for line in lines)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert waiting
    assert process.returncode == 130
    assert "Traceback" not in told
    assert not (tmp_path / "run").exists()


def test_a_test_leaves_nothing(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(basic_flags(run, schedule="test")) == 0
    assert "One step was trained" in capsys.readouterr().err
    assert not run.exists()


def test_a_parameter_server_is_refused_with_what_there_is(tmp_path, capsys):
    flags = basic_flags(tmp_path / "run", schedule="run_std_server")
    assert main(flags) == 2
    assert "train_and_evaluate" in capsys.readouterr().err


def test_the_corpus_stays():
    assert "eval" not in {path.name for path in workplace().iterdir()}
