import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from keras_seq2seq.checkpoint.lock import LOCK_FILE, locked
from keras_seq2seq.errors import RunInUseError, StorageError

HOLD = """
    import sys, time
    from keras_seq2seq.checkpoint.lock import locked
    with locked(sys.argv[1]):
        print("held", flush=True)
        time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `tmp_path`."""
    command = [sys.executable, "-c", textwrap.dedent(HOLD), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_the_second_is_told_who_holds_it_and_since_when(holder, tmp_path):
    with pytest.raises(RunInUseError) as error, locked(tmp_path):
        pass
    told = str(error.value)
    assert f"process {holder.pid}, started" in told
    assert re.search(rf"started {time.strftime('%Y-%m-%d')} \d\d:\d\d", told)
    assert "--output_dir" in told


def test_the_lock_of_a_killed_process_is_stale_at_once(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / LOCK_FILE).exists()
    with locked(tmp_path):
        pass


def test_a_lock_file_with_nonsense_is_no_obstacle(tmp_path):
    (tmp_path / LOCK_FILE).write_bytes(b"\xff{[")
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / LOCK_FILE).read_text()


def test_a_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path):
        pass


def test_a_place_that_cannot_hold_a_lock_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"), locked(tmp_path / "file"):
        pass
