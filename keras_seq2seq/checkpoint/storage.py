"""File operations that survive a crash at any moment.

A reader sees the old content or the new one, never a part: everything is
written under a temporary name, flushed to the disk, and renamed.
"""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from keras_seq2seq.errors import StorageError


@contextlib.contextmanager
def storage_errors(path, kept="Nothing that was there before is lost."):
    """Turns an `OSError` into a `StorageError` that names `path`.

    Args:
        path: what could not be written.
        kept: str. What the failure left untouched.

    Raises:
        StorageError: no space, no permission, a vanished directory, ...
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}. {kept} "
            f"{_advice(error)}"
        ) from error


def make_directory(path):
    """Makes a directory, and those above it, unless it is there.

    Raises:
        StorageError: if it cannot be made.
    """
    with storage_errors(path):
        Path(path).mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def new_directory(path):
    """Gives a temporary directory that becomes `path` when all went well.

    An older directory of that name is moved aside first (`.NAME.old`), and
    deleted last.
    """
    path = Path(path)
    temporary = temporary_name(path)
    shutil.rmtree(temporary, ignore_errors=True)
    os.mkdir(temporary)
    try:
        yield temporary
        _flush_directory(temporary)
        _move_into_place(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def replace_text(path, text):
    """Writes a small UTF-8 file: whole, or not at all.

    Raises:
        StorageError: if the place cannot be written.
    """
    path = Path(path)
    temporary = temporary_name(path)
    with storage_errors(path):
        try:
            write_bytes(temporary, text.encode("utf-8"))
            _flush(temporary)
            os.replace(temporary, path)
            _flush(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def remove_directory(path):
    """Deletes a directory so that no reader ever sees a part of it."""
    path = Path(path)
    trash = path.with_name(f".{path.name}.trash")
    shutil.rmtree(trash, ignore_errors=True)
    os.rename(path, trash)
    shutil.rmtree(trash)


def write_bytes(path, content):
    """Writes bytes or a buffer to a file that nobody reads yet."""
    with open(path, "wb") as file:
        file.write(content)


def temporary_name(path):
    """The hidden neighbour under which `path` is written."""
    return path.with_name(f".{path.name}.tmp-{os.getpid()}")


def aside_name(path):
    """The hidden neighbour to which an older `path` is moved."""
    return path.with_name(f".{path.name}.old")


def _move_into_place(temporary, path):
    aside = aside_name(path)
    if path.exists():
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(path, aside)
    try:
        os.rename(temporary, path)
    except BaseException:
        if aside.exists():
            os.rename(aside, path)
        raise
    _flush(path.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _flush_directory(directory):
    for path in sorted(directory.iterdir()):
        _flush(path)
    _flush(directory)


def _flush(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot flush a directory.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _advice(error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space, then start the same command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Allow writing there, then start the same command again."
    return "Check that the place exists, then start the same command again."
