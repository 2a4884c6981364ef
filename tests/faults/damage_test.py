"""What a process finds damaged when it goes on."""

import shutil

import pytest

from tests.commands.small_run import small_run, train_flags
from tests.processes import python

WEIGHTS = "ckpt-60/model.weights.h5"


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.slow
def test_damage_and_leftovers_are_told_and_passed_over(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    flip(run / WEIGHTS)
    with open(run / "ckpt-50" / "training.npz", "r+b") as file:
        file.truncate(100)
    shutil.copytree(run / "ckpt-40", run / ".ckpt-55.tmp-999999")
    done = python("-m", "keras_seq2seq", *train_flags(run))
    told = done.stderr
    assert done.returncode == 0, told
    assert "ckpt-60/model.weights.h5 has changed since it was written" in told
    assert "ckpt-50/training.npz must have" in told
    assert ".ckpt-55.tmp-999999: left by an interrupted write" in told
    assert "Going on from ckpt-40" in told
    assert not list(run.glob(".ckpt*"))
    expected = (small_run() / WEIGHTS).read_bytes()
    assert (run / WEIGHTS).read_bytes() == expected
