"""Training from two files, as a user types it."""

import json

import pytest
import yaml

from keras_seq2seq import automatic, training
from keras_seq2seq.__main__ import main

WORDS = [f"{a}{b}" for a in "bdfgk" for b in ("a", "e", "i", "ol", "un")]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("text")
    lines = [
        f"{WORDS[i % 25]} {WORDS[(i * i) % 25]} {WORDS[(3 * i) % 25]}"
        for i in range(400)
    ]
    (directory / "a.txt").write_text("\n".join(lines) + "\n")
    upside = [" ".join(reversed(line.split())) for line in lines]
    (directory / "b.txt").write_text("\n".join(upside) + "\n")
    return directory / "a.txt", directory / "b.txt"


def train(files, run, *more):
    return main(
        ["train", "--source", str(files[0]), "--target", str(files[1])]
        + ["--minutes", "0.05", "--output_dir", str(run), *more]
    )


@pytest.fixture(scope="module")
def run(files, tmp_path_factory):
    directory = tmp_path_factory.mktemp("run") / "run"
    assert train(files, directory, "--batch_size", "8") == 0
    return directory


def test_two_files_are_enough_to_train(run):
    last = (run / "metrics.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["val_loss"] > 0
    assert (run / "averaged").is_dir()


def test_the_choice_is_a_file_that_says_what_it_was_made_from(run, files):
    text = (run / "automatic.yml").read_text()
    assert text.startswith(f"# Chosen for {files[0]} and {files[1]}:\n")
    assert yaml.safe_load(text)["train_steps"] >= 1


def test_the_chosen_file_trains_as_it_is(run, tmp_path):
    out = ["--output_dir", str(tmp_path / "again"), "--train_steps", "1"]
    assert main(["train", "--config_paths", f"{run}/automatic.yml", *out]) == 0


def test_the_same_command_goes_on_and_chooses_nothing_anew(run, files, capsys):
    before = (run / "automatic.yml").read_bytes()
    assert train(files, run, "--batch_size", "8") == 0
    assert "Going on with" in capsys.readouterr().err
    assert (run / "automatic.yml").read_bytes() == before


def test_an_interrupted_choice_is_made_anew(files, tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(automatic, "steps_per_minute", interrupted)
    assert train(files, tmp_path / "run") == 130
    monkeypatch.setattr(automatic, "steps_per_minute", lambda *given: 100.0)
    monkeypatch.setattr(training, "train", lambda *given, **options: None)
    assert train(files, tmp_path / "run") == 0
    assert (tmp_path / "run" / "automatic.yml").exists()


def test_another_training_in_the_directory_is_left_alone(
    files, tmp_path, capsys
):
    (tmp_path / "config.json").write_text("{}")
    assert train(files, tmp_path) == 2
    assert "configuration of its own" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_another_text_is_refused_in_the_same_directory(run, files, capsys):
    assert train(files[::-1], run) == 2
    assert "Type another --output_dir" in capsys.readouterr().err


def test_own_settings_win(run):
    stored = json.loads((run / "config.json").read_text())
    assert stored["config"]["batch_size"] == 8


def test_one_file_alone_is_refused(files, capsys):
    assert main(["train", "--source", str(files[0])]) == 2
    assert "--source and --target go together" in capsys.readouterr().err
