"""One writer per run directory."""

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path

from keras_seq2seq.checkpoint.storage import storage_errors
from keras_seq2seq.errors import RunInUseError

LOCK_FILE = ".lock"


@contextlib.contextmanager
def locked(run_dir):
    """Holds the run directory while its one writer works.

    The operating system frees the lock when the process ends, however it
    ends, so that no lock is ever stale.

    Raises:
        RunInUseError: if another process holds it, with its pid.
        StorageError: if the directory cannot be written.
    """
    path = Path(run_dir) / LOCK_FILE
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunInUseError(_in_use(run_dir, file)) from None
        file.truncate(0)
        started = time.strftime("%Y-%m-%d %H:%M:%S %z")
        file.write(json.dumps({"pid": os.getpid(), "started": started}))
        file.flush()
        yield


def _in_use(run_dir, file):
    file.seek(0)
    try:
        holder = json.loads(file.read())
        who = f"process {holder['pid']}, started {holder['started']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return (
        f"{run_dir} is in use by {who}. Wait until it has ended, or type "
        "another --output_dir."
    )
