"""A training on a file system of 400 kB, in a mount namespace of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keras_seq2seq import checkpoint
from tests.commands.small_run import small_run, train_flags

REPOSITORY = Path(__file__).parents[2]
SCRIPT = """
mount -t tmpfs -o size=$1 keras_seq2seq "$2" || exit 99
shift 2
"$@"
code=$?
cp -a "$DISK/." "$KEPT"
exit $code
"""


@pytest.fixture
def on_a_small_disk(tmp_path):
    """`on_a_small_disk(size, flags)`: exit code, what was told, what stays."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to mount a small file system")

    def run(size):
        disk, kept = tmp_path / "disk", tmp_path / "kept"
        disk.mkdir()
        kept.mkdir()
        flags = train_flags(disk / "run", keep_checkpoint_max=1)
        command = [sys.executable, "-m", "keras_seq2seq", *flags]
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", SCRIPT, "sh", size, disk, *command],
            cwd=REPOSITORY,
            env={**os.environ, "DISK": str(disk), "KEPT": str(kept)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode in (1, 99) and "mount" in done.stderr:
            pytest.skip("may not mount a small file system here")
        return done.returncode, done.stderr, kept / "run"

    return run


def test_a_full_disk_keeps_the_previous_checkpoint(on_a_small_disk, tmp_path):
    code, told, run = on_a_small_disk("330k")
    assert code == 5, told
    assert "Traceback" not in told
    assert "Free some space" in told
    path, messages = checkpoint.newest_valid(run)
    assert path is not None, told
    assert messages == []
    # The same command goes on where there is space.
    assert main_elsewhere(run, tmp_path / "run") == small_weights()


def main_elsewhere(run, elsewhere):
    """Weights of a run that goes on in another place."""
    from keras_seq2seq.__main__ import main

    shutil.copytree(run, elsewhere)
    assert main(train_flags(elsewhere, keep_checkpoint_max=1)) == 0
    return (elsewhere / "ckpt-60" / "model.weights.h5").read_bytes()


def small_weights():
    return (small_run() / "ckpt-60" / "model.weights.h5").read_bytes()
