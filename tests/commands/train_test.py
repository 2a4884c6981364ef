import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import (
    MODEL_PARAMS,
    STEPS,
    small_run,
    train_flags,
    without_data,
    workplace,
)

DOCUMENTED = """config_paths hooks metrics model model_params
    input_pipeline_train input_pipeline_dev buckets batch_size output_dir
    train_steps eval_every_n_steps tf_random_seed save_checkpoints_secs
    save_checkpoints_steps keep_checkpoint_max keep_checkpoint_every_n_hours
    schedule gpu_memory_fraction gpu_allow_growth log_device_placement
    """.split()
WEIGHTS = f"ckpt-{STEPS}/model.weights.h5"
REPOSITORY = Path(__file__).parents[2]


def evaluations(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [without_data(json.loads(line)) for line in lines]


def test_every_documented_flag_is_explained(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "--help"])
    assert ended.value.code == 0
    flags = set(re.findall(r"--(\w+)", capsys.readouterr().out))
    assert set(DOCUMENTED) <= flags


def test_a_flag_that_is_true_or_false_may_stand_alone(capsys):
    flags = ["--gpu_allow_growth", "--log_device_placement", "--batch_size=3"]
    assert main(["config", "show", "--model=AttentionSeq2Seq", *flags]) == 0
    told = capsys.readouterr().out
    assert "gpu_allow_growth: true" in told
    assert "log_device_placement: true" in told
    assert "batch_size: 3" in told


def test_a_run_directory_holds_what_is_needed_and_no_more():
    run = small_run()
    names = {path.name for path in run.iterdir()}
    steps = {f"ckpt-{step}" for step in (20, 25, 40, 50, 60)}
    assert names == steps | {
        ".lock",
        "best",
        "config.json",
        "data.json",
        "eval",
        "latest",
        "metrics.jsonl",
        "samples",
        "tokenizers.json",
        "train",
        "train_options.json",
        "vocab.source.txt",
        "vocab.target.txt",
    }
    assert (run / "latest").read_text() == f"ckpt-{STEPS}\n"
    assert {path.name for path in (run / f"ckpt-{STEPS}").iterdir()} == {
        "callbacks.npz",
        "manifest.json",
        "model.weights.h5",
        "state.json",
        "training.npz",
    }


def test_each_evaluation_is_one_json_object():
    found = evaluations(small_run())
    assert [each["step"] for each in found] == [20, 40, 60]
    assert found[-1]["val_perplexity"] < found[0]["val_perplexity"]


def test_the_historical_options_are_stored():
    options = json.loads((small_run() / "train_options.json").read_text())
    assert options["model_class"] == "AttentionSeq2Seq"
    assert options["model_params"].items() >= {"embedding.dim": 8}.items()


@pytest.mark.slow
def test_a_run_goes_on_inside_a_period_as_if_never_interrupted(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    for step in (40, 50, 60):
        shutil.rmtree(run / f"ckpt-{step}")
    (run / "latest").write_text("ckpt-25\n")
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text(lines[0])
    assert main(train_flags(run)) == 0
    straight = small_run()
    assert (run / WEIGHTS).read_bytes() == (straight / WEIGHTS).read_bytes()
    assert evaluations(run) == evaluations(straight)


def test_a_finished_run_has_nothing_to_do(capsys):
    before = (small_run() / WEIGHTS).stat().st_mtime_ns
    again = train_flags(
        small_run(), save_checkpoints_secs=600, save_checkpoints_steps=None
    )
    assert main(again) == 0
    assert f"Already at step {STEPS}" in capsys.readouterr().err
    assert (small_run() / WEIGHTS).stat().st_mtime_ns == before


def test_other_settings_are_refused_with_both_values(capsys):
    before = (small_run() / "config.json").read_text()
    assert main(train_flags(small_run(), batch_size=11)) == 2
    told = capsys.readouterr().err
    assert "batch_size: the run has 10, received 11" in told
    assert (small_run() / "config.json").read_text() == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("train.source", "training data are not those"),
        ("dev.target", "development data are not those"),
        ("source.vocab", "vocabulary of the source is not the one"),
    ],
)
def test_changed_data_are_refused_and_what_is_stored_stays(
    tmp_path, capsys, name, told
):
    run, data = tmp_path / "run", tmp_path / "data"
    shutil.copytree(small_run(), run)
    data.mkdir()
    for path in workplace().iterdir():
        if path.is_file():
            shutil.copy(path, data)
    # As many lines and words as before, so as many batches.
    (data / name).write_text((data / name).read_text().translate(SWAPPED))
    before = stored(run)
    assert main(train_flags(run, data_dir=data, train_steps=80)) == 2
    assert told in capsys.readouterr().err
    assert stored(run) == before


SWAPPED = str.maketrans("ab", "ba")


def stored(run):
    files = [path for path in run.iterdir() if path.is_file()]
    return {path.name: path.read_bytes() for path in files if path.suffix}


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A run that another process began and SIGTERM ended."""
    run = tmp_path_factory.mktemp("interrupted") / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "keras_seq2seq", *train_flags(run)],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    begun = run / "samples" / "decoded_000000.txt"
    for _ in range(1200):
        if begun.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    second = main(train_flags(run))
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    return run, process.returncode, second, told


def test_a_second_process_is_refused(interrupted):
    _, _, second, _ = interrupted
    assert second == 3


def test_sigterm_saves_and_exits_143(interrupted):
    run, code, _, told = interrupted
    assert code == 143, told
    assert "Traceback" not in told
    step = int((run / "latest").read_text().removeprefix("ckpt-"))
    assert step < STEPS


def test_a_run_goes_on_after_sigterm_to_the_same_weights(interrupted):
    run, *_ = interrupted
    assert main(train_flags(run)) == 0
    straight = small_run()
    assert (run / WEIGHTS).read_bytes() == (straight / WEIGHTS).read_bytes()


def test_files_are_merged_in_order_and_flags_win(tmp_path, capsys):
    first, second = tmp_path / "1.yml", tmp_path / "2.yml"
    first.write_text(
        "batch_size: 3\nkeep_checkpoint_max: 3\n"
        "model_params: {embedding.dim: 3, source.max_seq_len: 3}\n"
    )
    second.write_text(
        "batch_size: 4\nkeep_checkpoint_max: 4\n"
        "model_params: {embedding.dim: 4}\n"
    )
    # The finished run says which settings it was given instead of its own.
    flags = train_flags(
        small_run(), config_paths=f"{first}, {second}", batch_size=5
    )
    params = dict(MODEL_PARAMS)
    del params["embedding.dim"]
    flags[flags.index("--model_params") + 1] = json.dumps(params)
    assert main(flags) == 2
    told = capsys.readouterr().err
    assert "batch_size: the run has 10, received 5" in told
    assert "model_params.embedding.dim: the run has 8, received 4" in told
    assert "source.max_seq_len: the run has 50, received 3" in told


def test_a_loss_that_is_not_finite_ends_with_4(tmp_path, capsys):
    params = {**MODEL_PARAMS, "optimizer.learning_rate": 1e38}
    run = tmp_path / "run"
    flags = train_flags(run, model_params=json.dumps(params))
    assert main(flags) == 4
    told = capsys.readouterr().err
    assert "not a finite number at step" in told
    assert "learning_rate" in told
    assert "Traceback" not in told


def test_a_place_that_cannot_be_written_ends_with_5(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(train_flags(tmp_path / "file" / "run")) == 5
    assert "cannot be written" in capsys.readouterr().err


def test_the_corpus_is_untouched():
    assert {path.name for path in workplace().iterdir()} == {
        *(f"{p}.{s}" for p in ("train", "dev") for s in ("source", "target")),
        "source.vocab",
        "target.vocab",
        "run",
    }
