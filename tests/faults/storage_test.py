"""Disks that are full, read-only or gone, for real where it can be had.

Small file systems are mounted in a namespace of the test's own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from keras_seq2seq import checkpoint, set_up
from keras_seq2seq.__main__ import main
from tests.commands.small_run import basic_flags, small_run, train_flags

REPOSITORY = Path(__file__).parents[2]
# Mounts, runs the command, and copies what it left behind.
SCRIPT = """
mount $MOUNT "$DISK" || exit 99
"$@"
code=$?
cp -a "$DISK/." "$KEPT"
exit $code
"""


@pytest.fixture
def mounted(tmp_path):
    """`mounted(options, command)`: exit code, output, directory of what stays.

    `DISK` in the options and the command is where the mount is.
    """
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare to mount a file system")
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    kept.mkdir()

    def run(options, command, text=None):
        command = [part.replace("DISK", str(disk)) for part in command]
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", SCRIPT, "sh", *command],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "MOUNT": options,
                "DISK": str(disk),
                "KEPT": str(kept),
            },
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 99 or "unshare failed" in done.stderr:
            pytest.skip("may not mount a file system here")
        return done, kept

    return run


def command(*arguments):
    return [sys.executable, "-m", "keras_seq2seq", *map(str, arguments)]


@pytest.mark.slow
def test_a_full_disk_keeps_the_checkpoint_to_go_on_from(mounted, tmp_path):
    flags = {"keep_checkpoint_max": 1}
    done, kept = mounted(
        "-t tmpfs -o size=220k none", command(*basic_flags("DISK/run", **flags))
    )
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "Free some space" in done.stderr
    path, messages = checkpoint.newest_valid(kept / "run")
    assert path is not None
    assert messages == []
    # The same command goes on where there is space.
    shutil.copytree(kept / "run", tmp_path / "run")
    assert main(basic_flags(tmp_path / "run", **flags)) == 0


@pytest.mark.slow
def test_a_read_only_run_is_read_and_not_trained(mounted):
    flags = train_flags("DISK", train_steps=80)
    options = f"--bind -o ro {small_run()}"
    done, _ = mounted(options, command(*flags))
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr
    done, _ = mounted(options, command("infer", "--model_dir", "DISK"), "a b\n")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_a_run_that_vanishes_is_named_and_not_made_anew(
    tmp_path, monkeypatch, capsys
):
    class Vanish(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 10:
                (tmp_path / "run").rename(tmp_path / "moved")

    make = set_up.run_callbacks
    monkeypatch.setattr(
        set_up, "run_callbacks", lambda *given: [Vanish(), *make(*given)]
    )
    flags = basic_flags(
        tmp_path / "run", train_steps=20, save_checkpoints_steps=3
    )
    assert main(flags) == 5
    told = capsys.readouterr().err
    # The one, or the other if it vanished while a checkpoint was written.
    assert "has vanished" in told or "No such file or directory" in told
    assert "start the same command again" in told
    assert not (tmp_path / "run").exists()
    monkeypatch.undo()
    (tmp_path / "moved").rename(tmp_path / "run")
    assert main(flags) == 0
