import errno
import os
import shutil

import numpy as np
import pytest

from keras_seq2seq import checkpoint
from keras_seq2seq.checkpoint import storage
from keras_seq2seq.checkpoint.array_files import write_hdf5, write_zip
from keras_seq2seq.errors import StorageError, UserError

OPERATIONS = ("mkdir", "open", "fsync", "rename", "replace", "close")


def fill(directory):
    """Two files, as a checkpoint of a model has."""
    write_hdf5(directory / "model.weights.h5", {"a/b": np.arange(6.0)})
    write_zip(directory / "training.npz", {"c": np.arange(3)})
    return {"model.weights.h5": {"a/b": [[6], "float64"]}}


def write(run_dir, step, **record):
    return checkpoint.write_checkpoint(run_dir, step, fill, record)


def content(path):
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


class Failing:
    """Makes the n-th file operation of the storage module fail."""

    def __init__(self, monkeypatch, number, code=errno.ENOSPC):
        self.left = number
        self.code = code
        for name in OPERATIONS:
            monkeypatch.setattr(storage.os, name, self.wrap(getattr(os, name)))
        monkeypatch.setattr(storage, "open", self.wrap(open), raising=False)

    def wrap(self, function):
        def operation(*arguments, **options):
            self.left -= 1
            if self.left == 0:
                raise OSError(self.code, os.strerror(self.code))
            return function(*arguments, **options)

        return operation


def test_a_checkpoint_is_announced_as_the_latest(tmp_path):
    write(tmp_path, 3)
    write(tmp_path, 12)
    assert (tmp_path / "latest").read_text() == "ckpt-12\n"
    assert list(checkpoint.checkpoints(tmp_path)) == [3, 12]


def test_equal_states_give_equal_bytes(tmp_path):
    first = content(write(tmp_path / "a", 3))
    assert first == content(write(tmp_path / "b", 3))


def test_verify_returns_what_was_recorded(tmp_path):
    manifest = checkpoint.verify(write(tmp_path, 3, score=1.5))
    assert manifest.step == 3
    assert manifest.record == {"score": 1.5}
    assert manifest.variables["model.weights.h5"]["a/b"] == [[6], "float64"]


@pytest.mark.parametrize(
    "name", ["manifest.json", "model.weights.h5", "training.npz"]
)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.999])
def test_one_flipped_bit_is_noticed(tmp_path, name, place):
    path = write(tmp_path, 3) / name
    changed = bytearray(path.read_bytes())
    changed[int(place * len(changed))] ^= 4
    path.write_bytes(changed)
    with pytest.raises(checkpoint.DamagedCheckpointError):
        checkpoint.verify(path.parent)


@pytest.mark.parametrize(
    "name", ["manifest.json", "model.weights.h5", "training.npz"]
)
def test_a_damaged_checkpoint_is_passed_over_with_a_message(tmp_path, name):
    good, bad = write(tmp_path, 3), write(tmp_path, 12)
    os.truncate(bad / name, 10)
    path, messages = checkpoint.newest_valid(tmp_path)
    assert path == good
    assert "damaged" in messages[0] and name in messages[0]


def test_a_missing_file_is_noticed(tmp_path):
    path = write(tmp_path, 3)
    (path / "training.npz").unlink()
    with pytest.raises(checkpoint.DamagedCheckpointError, match="training.npz"):
        checkpoint.verify(path)


def test_a_renamed_checkpoint_is_not_taken_for_a_newer_one(tmp_path):
    write(tmp_path, 3).rename(tmp_path / "ckpt-99")
    assert checkpoint.newest_valid(tmp_path)[0] is None


def test_a_newer_format_is_refused_and_not_called_damaged(tmp_path):
    path = write(tmp_path, 3) / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(UserError, match="pip install --upgrade"):
        checkpoint.newest_valid(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "[" * 10**5, "{}", '{"format": 1}'])
def test_a_malformed_manifest_is_only_damaged(tmp_path, text):
    path = write(tmp_path, 3)
    (path / "manifest.json").write_text(text)
    with pytest.raises(checkpoint.DamagedCheckpointError):
        checkpoint.verify(path)


def test_every_failing_file_operation_leaves_the_previous_one(
    tmp_path, monkeypatch
):
    before = content(write(tmp_path, 3))
    failures = 0
    for number in range(1, 200):
        with monkeypatch.context() as patched:
            failing = Failing(patched, number)
            try:
                write(tmp_path, 12)
            except StorageError:
                failures += 1
            if failing.left > 0:
                break
        path, _ = checkpoint.newest_valid(tmp_path)
        # Once renamed, the new one counts, announced or not.
        assert path.name in ("ckpt-3", "ckpt-12")
        assert content(tmp_path / "ckpt-3") == before
        assert not list(tmp_path.glob(".*.tmp-*"))
    assert failures > 10
    assert checkpoint.newest_valid(tmp_path)[0].name == "ckpt-12"


def test_every_failing_replacement_leaves_a_valid_checkpoint(
    tmp_path, monkeypatch
):
    write(tmp_path, 3)
    failures = 0
    for number in range(1, 200):
        with monkeypatch.context() as patched:
            failing = Failing(patched, number)
            try:
                write(tmp_path, 3)
            except StorageError:
                failures += 1
            if failing.left > 0:
                break
        checkpoint.clean(tmp_path)
        assert checkpoint.newest_valid(tmp_path)[0].name == "ckpt-3"
    assert failures > 10


@pytest.mark.parametrize(
    ("code", "advice"),
    [(errno.ENOSPC, "Free some space"), (errno.EACCES, "Allow writing")],
)
def test_the_message_says_what_happened_and_what_to_do(
    tmp_path, monkeypatch, code, advice
):
    Failing(monkeypatch, 3, code)
    with pytest.raises(StorageError, match=f"untouched. {advice}"):
        write(tmp_path, 12)


def test_a_leftover_directory_is_never_taken_for_a_checkpoint(tmp_path):
    write(tmp_path, 3)
    shutil.copytree(tmp_path / "ckpt-3", tmp_path / ".ckpt-12.tmp-77")
    assert checkpoint.newest_valid(tmp_path)[0].name == "ckpt-3"
    assert len(checkpoint.clean(tmp_path)) == 1
    assert sorted(os.listdir(tmp_path)) == ["ckpt-3", "latest"]


def test_an_interrupted_replacement_is_put_back(tmp_path):
    before = content(write(tmp_path, 3))
    (tmp_path / "ckpt-3").rename(tmp_path / ".ckpt-3.old")
    checkpoint.clean(tmp_path)
    assert content(tmp_path / "ckpt-3") == before


def test_cleaning_leaves_files_of_others(tmp_path):
    (tmp_path / ".notes.tmp-1").write_text("mine")
    assert checkpoint.clean(tmp_path) == []
    assert (tmp_path / ".notes.tmp-1").exists()


def test_a_pointer_cannot_leave_the_run_directory(tmp_path):
    write(tmp_path / "run", 3)
    (tmp_path / "run" / "best").write_text("../run/ckpt-3")
    with pytest.raises(UserError, match="best"):
        checkpoint.find(tmp_path / "run", "best")


def test_a_checkpoint_is_found_by_pointer_and_by_step(tmp_path):
    write(tmp_path, 3)
    write(tmp_path, 12)
    checkpoint.point(tmp_path, "best", 3)
    found = [checkpoint.find(tmp_path, w).name for w in ("best", "latest", 12)]
    assert found == ["ckpt-3", "ckpt-12", "ckpt-12"]


def test_a_step_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    write(tmp_path, 3)
    with pytest.raises(UserError, match="`7`. Received steps: 3"):
        checkpoint.find(tmp_path, 7)


def test_a_deleted_checkpoint_is_gone_at_once(tmp_path, monkeypatch):
    path = write(tmp_path, 3)
    seen = []
    remove = shutil.rmtree

    def noting(target, *arguments, **options):
        seen.append(path.exists())
        remove(target, *arguments, **options)

    monkeypatch.setattr(shutil, "rmtree", noting)
    checkpoint.delete(path)
    assert not seen[-1] and not list(tmp_path.glob(".*"))
