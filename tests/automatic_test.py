"""Training from two files, as a user types it."""

import json

import pytest
import yaml

from keras_seq2seq import automatic, training
from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.lock import locked
from keras_seq2seq.config.automatic import Pace
from keras_seq2seq.errors import RunInUseError

pytestmark = pytest.mark.usefixtures("eagerly")

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


@pytest.mark.slow
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

    monkeypatch.setattr(automatic, "measure", interrupted)
    assert train(files, tmp_path / "run") == 130
    pace = Pace(steps_per_minute=100.0, steps_per_pass=6)
    monkeypatch.setattr(automatic, "measure", lambda *given: pace)
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


def test_own_settings_win_and_stand_in_the_file(run):
    stored = json.loads((run / "config.json").read_text())
    assert stored["config"]["batch_size"] == 8
    assert (
        yaml.safe_load((run / "automatic.yml").read_text())["batch_size"] == 8
    )


def choose(files, run, monkeypatch, *more):
    """What is chosen, and the configuration that training is given."""
    pace = Pace(steps_per_minute=100.0, steps_per_pass=6)
    given = []
    monkeypatch.setattr(automatic, "measure", lambda *given: pace)
    monkeypatch.setattr(
        training, "train", lambda config, *more, **options: given.append(config)
    )
    assert train(files, run, *more) == 0
    return yaml.safe_load((run / "automatic.yml").read_text()), given[0]


def test_the_learning_rate_falls_over_the_steps_that_were_typed(
    files, tmp_path, monkeypatch
):
    chosen, _ = choose(files, tmp_path, monkeypatch, "--train_steps", "1234")
    assert chosen["train_steps"] == 1234
    assert chosen["model_params"]["optimizer.lr_decay_steps"] == 1234


def test_no_more_weights_are_averaged_than_are_kept(
    files, tmp_path, monkeypatch
):
    _, config = choose(files, tmp_path / "a", monkeypatch, "--keep_best", "2")
    assert (config.average.kind, config.average.count) == ("best", 2)
    _, config = choose(files, tmp_path / "b", monkeypatch, "--keep_best", "0")
    assert config.average.kind == "none"


def test_without_a_time_limit_the_data_decide(files, tmp_path, monkeypatch):
    chosen, config = choose(files, tmp_path, monkeypatch, "--minutes", "null")
    assert chosen["train_steps"] > 6 * 60
    assert config.minutes is None


def test_more_minutes_are_given_to_a_run_that_goes_on(
    files, tmp_path, monkeypatch
):
    choose(files, tmp_path, monkeypatch)
    before, config = choose(files, tmp_path, monkeypatch, "--minutes", "7")
    assert before["minutes"] == 0.05
    assert config.minutes == 7


def test_a_run_that_goes_on_keeps_its_time(files, tmp_path, monkeypatch):
    choose(files, tmp_path, monkeypatch)
    found = []
    monkeypatch.setattr(
        training, "train", lambda config, *_, **__: found.append(config)
    )
    command = ["train", "--output_dir", str(tmp_path)]
    for side, file in zip(("source", "target"), files, strict=True):
        command += [f"--{side}", str(file)]
    assert main(command) == 0
    assert found[0].minutes == 0.05


def test_flags_are_checked_beside_what_is_chosen(files, tmp_path, monkeypatch):
    _, config = choose(
        *(files, tmp_path, monkeypatch),
        *("--early_stopping", "{metric: wer, patience: 3}"),
        *("--average", "{kind: best, count: 3}"),
    )
    assert config.early_stopping.patience == 3
    assert (config.average.count, config.keep_best) == (3, 5)


def test_the_plain_model_is_chosen_for_as_well(files, tmp_path, monkeypatch):
    _, config = choose(files, tmp_path, monkeypatch, "--model", "BasicSeq2Seq")
    assert config.model == "BasicSeq2Seq"


def test_a_directory_in_use_is_not_chosen_for(files, tmp_path, capsys):
    with locked(tmp_path):
        assert train(files, tmp_path) == RunInUseError.exit_code
    assert "is in use by" in capsys.readouterr().err


def test_refused_text_leaves_nothing_behind(tmp_path):
    few = tmp_path / "few"
    few.write_text("a b\n" * 3)
    assert train((few, few), tmp_path / "run") == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--data_dir", "x"], "--data_dir x"),
        (["--prepare", "[{output: a}]"], "--prepare"),
        (["--schedule", "evaluate"], "--schedule evaluate"),
        (["--model", "Image2Seq"], "AttentionSeq2Seq or BasicSeq2Seq"),
        (["--minutes", "-1"], "minutes"),
        (["--overwrite_output"], "--overwrite_output goes with --config_paths"),
    ],
)
def test_what_does_not_fit_two_files_is_refused_at_once(
    files, tmp_path, capsys, more, told
):
    assert train(files, tmp_path / "run", *more) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_files_of_the_user_are_never_replaced(files, tmp_path, capsys):
    names = ["joint.model", "vocab.source.txt", "vocab.target.txt"]
    names += ["source.model", "target.model"]
    for name in names:
        (tmp_path / name).write_text("mine\n")
    assert train(files, tmp_path) == 2
    assert "is there already, and would be replaced" in capsys.readouterr().err
    assert {(tmp_path / name).read_text() for name in names} == {"mine\n"}


def test_one_file_alone_is_refused(files, capsys):
    assert main(["train", "--source", str(files[0])]) == 2
    assert "--source and --target go together" in capsys.readouterr().err
