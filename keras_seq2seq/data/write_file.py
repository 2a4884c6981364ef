"""Files that are whole or absent, never half written."""

import contextlib
import os
import tempfile
from pathlib import Path

from keras_seq2seq.errors import StorageError


def write_file(path, data):
    """Writes a file under a temporary name, then renames it.

    Args:
        path: path. Missing directories are made.
        data: bytes, or str that is written as UTF-8 with `\\n` line ends.

    Returns:
        `Path` of the file.

    Raises:
        StorageError: no space, no permission, or a directory of that name.
    """
    data = data.encode("utf-8") if isinstance(data, str) else data
    with writing(path) as file:
        file.write(data)
    return Path(path)


@contextlib.contextmanager
def writing(path):
    """A binary file to write to, which gets its name when all went well.

    Args:
        path: path. Missing directories are made.

    Raises:
        StorageError: no space, no permission, or a directory of that name.
    """
    path, temporary = Path(path), None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=".writing-"
        )
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # before the name: a crash may come
        # mkstemp makes files for the owner only, whatever the umask allows.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise StorageError(f"{path}: cannot be written: {error}") from error


def _umask():
    umask = os.umask(0o022)
    os.umask(umask)
    return umask
