"""Which directory a training writes to, and what becomes of the one there."""

from pathlib import Path

import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.array_files import read_hdf5
from tests.commands.small_run import basic_flags, pipeline

pytestmark = pytest.mark.usefixtures("eagerly")


def test_without_a_directory_a_temporary_one_is_told_first_and_last(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(basic_flags(None, train_steps=1)) == 0
    lines = capsys.readouterr().err.strip().splitlines()
    told = [line for line in lines if line.startswith("Run directory: ")]
    run = Path(told[0].removeprefix("Run directory: "))
    assert lines[0] == told[0] == told[-1] == lines[-2]
    assert run.parent == tmp_path and (run / "config.json").exists()


def test_a_run_is_overwritten_only_when_that_is_asked_for(tmp_path, capsys):
    once = {"train_steps": 2, "eval_every_n_steps": 2}
    flags = [
        basic_flags(tmp_path / "run", **once, tf_random_seed=s) for s in (1, 2)
    ]
    assert main(flags[0]) == 0
    before = (tmp_path / "run" / "config.json").read_bytes()
    assert main(flags[1]) == 2
    assert "--overwrite_output" in capsys.readouterr().err
    assert main([*flags[1], "--overwrite_output"]) == 0
    assert (tmp_path / "run" / "config.json").read_bytes() != before
    assert not (tmp_path / "run" / ".overwritten").exists()


def test_a_run_stays_if_its_successor_is_refused(tmp_path, capsys):
    once = {"train_steps": 2, "eval_every_n_steps": 2}
    run = tmp_path / "run"
    assert main(basic_flags(run, **once)) == 0
    held = sorted(path.name for path in run.iterdir())
    other = basic_flags(run, **once, input_pipeline_dev=pipeline("absent"))
    assert main([*other, "--overwrite_output"]) == 2
    assert "absent" in capsys.readouterr().err
    assert sorted(path.name for path in run.iterdir()) == held


def test_what_is_no_run_is_never_overwritten(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("words\n")
    assert main([*basic_flags(tmp_path), "--overwrite_output"]) == 2
    assert "thesis.txt" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "words\n"


def test_a_run_that_time_has_ended_has_nothing_to_do(tmp_path, capsys):
    flags = basic_flags(tmp_path / "run", minutes=0.0001)
    assert main(flags) == 0
    held = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    capsys.readouterr()
    assert main(flags) == 0
    assert "minutes 0.0001 ended this training" in capsys.readouterr().err
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == held


def test_averages_that_are_kept_change_no_weight_that_is_trained(tmp_path):
    once = {"train_steps": 5, "eval_every_n_steps": 2}
    found = {}
    for kind in ("none", "ema"):
        run = tmp_path / kind
        assert main(basic_flags(run, **once, average=f"{{kind: {kind}}}")) == 0
        found[kind] = read_hdf5(run / "ckpt-5" / "model.weights.h5")
    averages = read_hdf5(tmp_path / "ema" / "averaged" / "model.weights.h5")
    for name, weights in found["none"].items():
        np.testing.assert_array_equal(found["ema"][name], weights)
    assert any((averages[n] != found["ema"][n]).any() for n in averages)


def test_a_run_whose_overwriting_was_killed_goes_on(tmp_path):
    run = tmp_path / "run"
    once = {"train_steps": 2, "eval_every_n_steps": 2}
    assert main(basic_flags(run, **once)) == 0
    (run / ".overwritten").mkdir()
    for path in list(run.iterdir()):
        if path.name not in (".lock", ".overwritten"):
            path.rename(run / ".overwritten" / path.name)
    assert main(basic_flags(run, **{**once, "train_steps": 4})) == 0
    assert (run / "ckpt-2").is_dir() and (run / "ckpt-4").is_dir()


def test_without_a_score_nothing_is_averaged_and_the_run_ends_well(
    tmp_path, capsys
):
    flags = basic_flags(
        tmp_path / "run",
        train_steps=2,
        eval_every_n_steps=2,
        dev_decoding="{metric: [bleu], every_n_evaluations: 5}",
        average="{kind: best, count: 1}",
    )
    assert main(flags) == 0
    assert "No weights are averaged" in capsys.readouterr().err
    assert not (tmp_path / "run" / "averaged").exists()
