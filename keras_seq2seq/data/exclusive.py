"""One process at a time."""

import contextlib
import fcntl
from pathlib import Path


@contextlib.contextmanager
def exclusively(path):
    """Waits until no other process is in such a block, then enters it.

    Args:
        path: of an empty file that is made for it, and stays. A process that
            ends, however it does, has left.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
