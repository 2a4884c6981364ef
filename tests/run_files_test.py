import json
from pathlib import Path

import pytest

from keras_seq2seq.config.files import load
from keras_seq2seq.config.schema import Config
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.length_ratio import LengthRatio
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import StorageError, UserError
from keras_seq2seq.run_files import (
    check_tokenizers,
    check_unchanged,
    put_back,
    read_run,
    set_aside,
    unwritten_if_refused,
    write_run,
)
from tests.commands.small_run import pipeline

PAIR = (
    DelimiterTokenizer(Vocabulary(["a", "b"]), lowercase=True),
    DelimiterTokenizer(Vocabulary(["x", "|"]), delimiter=""),
)


def config(**changes):
    params = {"vocab_source": "s", "vocab_target": "t"}
    values = {
        "model": "BasicSeq2Seq",
        "model_params": json.dumps({**params, **changes.pop("params", {})}),
        "input_pipeline_train": pipeline("train"),
        "input_pipeline_dev": pipeline("dev"),
        **changes,
    }
    return load("", values)


def test_what_was_written_is_read(tmp_path):
    run = tmp_path / "run"
    write_run(run, config(batch_size="9"), PAIR)
    found = read_run(run)
    assert found.config == config(batch_size="9")
    for one, other in zip(found.tokenizers, PAIR, strict=True):
        assert one.fingerprint == other.fingerprint
        assert one.encode("A x|") == other.encode("A x|")


def test_the_directory_may_move(tmp_path):
    write_run(tmp_path / "here", config(), PAIR)
    (tmp_path / "here").rename(tmp_path / "there")
    assert read_run(tmp_path / "there").tokenizers[0].encode("b") == [5]


def test_the_versions_of_the_libraries_are_stored(tmp_path):
    write_run(tmp_path, config(), PAIR)
    stored = json.loads((tmp_path / "config.json").read_text())
    assert {"keras", "tensorflow", "keras-seq2seq"} <= set(stored["versions"])


def test_equal_settings_are_no_change(tmp_path):
    check_unchanged(config(), config(), tmp_path)


@pytest.mark.parametrize(
    "change", [{"train_steps": "9"}, {"keep_checkpoint_max": "2"}]
)
def test_what_changes_no_number_may_change(tmp_path, change):
    check_unchanged(config(), config(**change), tmp_path)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("{kind: ema}", "{kind: last}", "average.kind: the run has 'ema'"),
        ("{kind: none}", "{kind: ema}", "average.kind: the run has 'none'"),
        (
            "{kind: ema, decay: 0.9}",
            "{kind: ema, decay: 0.99}",
            "average.decay: the run has 0.9, received 0.99",
        ),
    ],
)
def test_averages_that_an_optimizer_keeps_stay(tmp_path, before, now, told):
    before, now = config(average=before), config(average=now)
    check_unchanged(before, before, tmp_path)
    with pytest.raises(UserError, match=told):
        check_unchanged(before, now, tmp_path)


def test_averages_of_checkpoints_may_change(tmp_path):
    before, now = (
        config(average=f"{{kind: last, count: {count}}}") for count in (2, 3)
    )
    check_unchanged(before, now, tmp_path)


def with_pipelines(dev=True, **params):
    described = {
        "class": "ParallelTextInputPipeline",
        "params": {"source_files": "s", "target_files": "t", **params},
    }
    given = {"input_pipeline_train": described}
    return Config.model_validate(
        {**given, "input_pipeline_dev": described} if dev else given
    )


def test_another_schedule_may_go_on_with_more_passes(tmp_path):
    stored = with_pipelines(dev=False, num_epochs=2)
    now = with_pipelines(num_epochs=3, source_files="moved")
    now = now.model_copy(update={"schedule": "train"})
    check_unchanged(stored, now, tmp_path)
    check_unchanged(now, stored, tmp_path)
    with pytest.raises(UserError, match="params.shuffle: the run has True"):
        check_unchanged(stored, with_pipelines(shuffle=False), tmp_path)


def test_every_other_change_is_told_with_both_values(tmp_path):
    other = config(batch_size="9", params={"embedding.dim": 3})
    with pytest.raises(UserError) as caught:
        check_unchanged(config(), other, tmp_path)
    told = str(caught.value)
    assert "batch_size: the run has 16, received 9" in told
    assert "model_params.embedding.dim: the run has 100, received 3" in told
    assert "--output_dir" in told


def refuse(run, existed, error=UserError):
    run.mkdir(exist_ok=True)
    (run / ".lock").write_text("")
    with pytest.raises(error), unwritten_if_refused(run, existed):
        (run / "made").mkdir()
        (run / "made" / "vocab").write_text("a\n")
        raise error("the input is wrong")


def test_a_refused_run_leaves_no_directory(tmp_path):
    refuse(tmp_path / "run", existed=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_directory_stays_and_stays_empty(tmp_path):
    refuse(tmp_path / "run", existed=True)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_directory_with_content_loses_nothing(tmp_path):
    (tmp_path / "notes").write_text("keep")
    refuse(tmp_path, existed=True)
    assert (tmp_path / "notes").read_text() == "keep"
    assert (tmp_path / "made" / "vocab").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_other_ends_leave_everything(tmp_path, error):
    refuse(tmp_path, False, error)
    assert (tmp_path / "made" / "vocab").exists()


def test_a_full_disk_leaves_no_half_run(tmp_path):
    refuse(tmp_path / "run", False, StorageError)
    assert list(tmp_path.iterdir()) == []


def test_a_vocabulary_cannot_lie_outside_of_the_run(tmp_path):
    run = tmp_path / "run"
    write_run(run, config(), PAIR)
    (tmp_path / "secret.txt").write_text("a\nb\n")
    path = run / "tokenizers.json"
    described = json.loads(path.read_text())
    for name in ("../secret.txt", str(tmp_path / "secret.txt")):
        described["source"]["file"] = name
        path.write_text(json.dumps(described))
        with pytest.raises(UserError, match=str(run / "secret.txt")):
            read_run(run)


def test_data_may_move_and_a_changed_vocabulary_is_refused(tmp_path):
    run = tmp_path / "run"
    write_run(run, config(), PAIR)
    moved = config(params={"vocab_source": "elsewhere/s"}, data_dir="/data")
    check_unchanged(read_run(run).config, moved, run)
    check_tokenizers(run, PAIR)
    check_tokenizers(tmp_path / "new", PAIR)
    with pytest.raises(UserError, match="vocabulary of the target is not"):
        check_tokenizers(run, (PAIR[0], PAIR[0]))


RATIO = LengthRatio(1.25, 0.5)


def test_the_ratio_of_lengths_is_kept_with_the_run(tmp_path):
    write_run(tmp_path, config(), PAIR, length_ratio=RATIO)
    assert read_run(tmp_path).length_ratio == RATIO


def test_runs_without_a_ratio_have_none(tmp_path):
    write_run(tmp_path, config(), PAIR)
    assert read_run(tmp_path).length_ratio is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"length_ratio": 3}',
        '{"length_ratio": {"mean": "1", "std": 1}}',
        '{"length_ratio": {"mean": -1, "std": 1}}',
        '{"length_ratio": {"mean": 1e300, "std": 1}}',
        '{"length_ratio": {"mean": 1, "std": 1, "more": 1}}',
    ],
)
def test_a_damaged_ratio_is_an_error_with_its_file(text, tmp_path):
    write_run(tmp_path, config(), PAIR, length_ratio=RATIO)
    (tmp_path / "data.json").write_text(text)
    with pytest.raises(UserError, match="data.json"):
        read_run(tmp_path)


STOPPING = {"metric": "perplexity", "patience": 3}
DECODING = {"metric": "bleu", "write_files": False}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({}, {"train_passes": "3", "min_passes": "2"}),
        (
            {"early_stopping": STOPPING},
            {"early_stopping": {**STOPPING, "patience": 9}},
        ),
        (
            {"dev_decoding": DECODING},
            {"dev_decoding": {**DECODING, "write_files": True}},
        ),
    ],
)
def test_when_training_ends_may_change(before, now, tmp_path):
    before, now = (
        {name: json.dumps(value) for name, value in each.items()}
        for each in (before, now)
    )
    check_unchanged(config(**before), config(**now), tmp_path)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"overlength": "drop"}, "the run has 'truncate', received 'drop'"),
        ({"fill_up": "resample"}, "the run has 'dummies', received 'resample'"),
        ({"buckets": "{width: 9}"}, "the run has None, received {'width': 9"),
        (
            {"params": {"optimizer.weight_decay": 0.5}},
            "optimizer.weight_decay: the run has 0.0, received 0.5",
        ),
    ],
)
def test_what_changes_numbers_is_refused_with_both_values(now, told, tmp_path):
    with pytest.raises(UserError) as refused:
        check_unchanged(config(), config(**now), tmp_path)
    assert told in str(refused.value)


class Killed(BaseException):
    """Ends a process where it is raised, in a test."""


def files(directory):
    """Contents by name, hidden files left out."""
    return {
        path.name: path.read_text()
        for path in directory.iterdir()
        if not path.name.startswith(".")
    }


@pytest.fixture
def old_run(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for name in ("a", "config.json", "z"):
        (run / name).write_text("old")
    return run


def dying_after(count):
    """`Path.rename` that ends the process at its next call but `count`."""
    rename, calls = Path.rename, []

    def die(path, target):
        calls.append(path)
        if len(calls) > count:
            raise Killed
        return rename(path, target)

    return die


@pytest.mark.parametrize("count", range(4))
def test_a_process_killed_while_it_sets_a_run_aside_loses_nothing(
    old_run, monkeypatch, count
):
    before = files(old_run)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "rename", dying_after(count))
        with set_aside(old_run):
            raise AssertionError("it must have ended before")
    put_back(old_run)
    assert files(old_run) == before
    assert [path for path in old_run.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("count", range(4))
def test_a_process_killed_while_it_puts_a_run_back_loses_nothing(
    old_run, monkeypatch, count
):
    before = files(old_run)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        with set_aside(old_run):
            (old_run / "new").write_text("new")
            patch.setattr(Path, "rename", dying_after(count))
            raise UserError("refused")
    put_back(old_run)
    assert files(old_run) == before


def test_a_run_whose_set_up_was_killed_comes_back(old_run, monkeypatch):
    before = files(old_run)
    monkeypatch.setattr("keras_seq2seq.run_files._restore", lambda run: None)
    with pytest.raises(Killed), set_aside(old_run):
        (old_run / "new").write_text("new")
        raise Killed
    monkeypatch.undo()
    put_back(old_run)
    assert files(old_run) == before


def test_a_run_that_was_replaced_stays_replaced(old_run, monkeypatch):
    monkeypatch.setattr("keras_seq2seq.run_files._restore", lambda run: None)
    with pytest.raises(Killed), set_aside(old_run):
        (old_run / "config.json").write_text("new")
        raise Killed
    monkeypatch.undo()
    put_back(old_run)
    assert files(old_run) == {"config.json": "new"}
    assert not (old_run / ".overwritten").exists()
