"""`model.tar.gz`: a model in one file, and back."""

import atexit
import gzip
import re
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path

from keras_seq2seq.checkpoint.storage import storage_errors
from keras_seq2seq.data.write_file import writing
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import CONFIG_FILE, read_run
from keras_seq2seq.sagemaker.model_directory import (
    ARCHIVE,
    JOB_FILE,
    write_model,
)

MOST_BYTES = 16 * 2**30  # of all files of an archive
MOST_FILES = 10_000
MOST_DEPTH = 5
AT_ONCE = 1 << 20  # bytes that are unpacked at once
PLAIN_NAME = re.compile(r"\w[\w.+=,@ -]*")


def pack(directory, output=None):
    """Writes a model as an archive; equal models give equal bytes.

    Args:
        directory: path of a job, of its `model/`, or of a run (train's
            `output_dir`), of which only what inference needs is packed.
        output: path or None. None: `model.tar.gz` beside the directory.

    Returns:
        Path of the archive.

    Raises:
        UserError: no model there.
        StorageError: the archive cannot be written.
    """
    directory = _of_job(Path(directory))
    read_run(directory)
    output = Path(output or directory.resolve().parent / ARCHIVE)
    archives = {ARCHIVE}
    if output.resolve().parent == directory.resolve():
        archives.add(output.name)
    if (directory / JOB_FILE).exists():
        _write(directory, output, archives)
    else:
        with tempfile.TemporaryDirectory(prefix="keras_seq2seq-") as scratch:
            _write(write_model(directory, scratch), output, archives)
    return output


def _write(directory, output, left_out):
    paths = sorted(
        path
        for path in directory.rglob("*")
        if path.is_file()
        and path.relative_to(directory).as_posix() not in left_out
    )
    with (
        writing(output) as file,
        # No time and no name: equal files give equal archives.
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as out,
        tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in paths:
            member = tarfile.TarInfo(path.relative_to(directory).as_posix())
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)


def open_model(path, directory=None, most_bytes=MOST_BYTES):
    """A model's directory, out of an archive if it is in one.

    Args:
        path: path of a directory that `load` reads, of a job, of another
            directory that holds a `model.tar.gz`, or of an archive.
        directory: path or None. Where an archive is unpacked; None: a
            temporary directory, which goes when the process ends.
        most_bytes: int. Larger archives are refused, counted unpacked.

    Returns:
        Path for `keras_seq2seq.load`.

    Raises:
        UserError: no model, an archive that is damaged or too large, or that
            holds anything but plain files at plain relative names.
        StorageError: no space for what is in it.
    """
    path = _of_job(Path(path))
    packed = path / ARCHIVE if path.is_dir() else path
    is_model = (path / CONFIG_FILE).exists()
    if path.is_dir() and (is_model or not packed.exists()):
        read_run(path)
        return path
    if not packed.is_file():
        raise UserError(
            f"{path}: expected the directory of a model or a {ARCHIVE}. "
            "Received: no such file or directory."
        )
    if directory is None:
        directory = tempfile.mkdtemp(prefix="keras_seq2seq-model-")
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
    unpacked = _unpack(packed, Path(directory), most_bytes)
    _check(packed, unpacked)
    return unpacked


def _of_job(directory):
    """The model of a job, if a directory is a job's."""
    model = directory / "model"
    is_job = not (directory / CONFIG_FILE).exists()
    return model if is_job and model.is_dir() else directory


class _Unpacked:
    """Gzip's content, of which no header makes one read very much."""

    def __init__(self, file, most_bytes):
        self._file = file
        self._most = most_bytes
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size=-1):
        """Reads at most `AT_ONCE` bytes, in front of `most_bytes`."""
        if not 0 <= size <= AT_ONCE:
            raise tarfile.ReadError(f"a header of {size} bytes")
        if self._file.tell() > self._most:
            raise tarfile.ReadError(f"more than {self._most} bytes unpacked")
        return self._file.read(size)


def _unpack(archive, directory, most_bytes):
    """Writes an archive's files; returns the directory that has the model."""
    # Beside the contents, every file has a header and is rounded up.
    limit = most_bytes + 2 * MOST_FILES * tarfile.BLOCKSIZE
    try:
        with (
            gzip.open(archive, "rb") as file,
            tarfile.open(fileobj=_Unpacked(file, limit), mode="r:") as tar,
        ):
            for number, member in enumerate(tar):
                if number >= MOST_FILES:
                    raise tarfile.ReadError(f"more than {MOST_FILES} files")
                _extract(tar, member, archive, directory)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{archive}: expected a {ARCHIVE}, packed with tar and gzip. "
            f"Received: {error}. Pack or copy it again."
        ) from error
    found = [path for path in directory.iterdir() if path.is_dir()]
    if not (directory / CONFIG_FILE).exists() and len(found) == 1:
        return found[0]
    return directory


def _extract(tar, member, archive, directory):
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if member.name.startswith("/") or not all(map(_plain, parts)):
        raise UserError(
            f"{archive}: expected files with plain relative names. Received: "
            f"{member.name!r}. Nothing is unpacked outside of its directory."
        )
    if member.isdir() or any(part.startswith(".") for part in parts):
        return
    if not member.isreg() or member.issparse() or len(parts) > MOST_DEPTH:
        raise UserError(
            f"{archive}: expected plain files. Received: {member.name!r}, a "
            "link, a device, or too deep."
        )
    path = directory.joinpath(*parts)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name that occurs twice is an error, too.
        with path.open("xb") as file, tar.extractfile(member) as content:
            while data := content.read(AT_ONCE):
                file.write(data)


def _plain(part):
    return part != ".." and PLAIN_NAME.fullmatch(part.removeprefix("."))


def _check(archive, directory):
    if (directory / CONFIG_FILE).exists():
        read_run(directory)
        return
    held = sorted(path.name for path in directory.iterdir())[:8]
    raise UserError(
        f"{archive} holds no {CONFIG_FILE}, so it is no model of this library. "
        f"It holds: {', '.join(held) or 'nothing'}. Models that SageMaker's "
        "own container has trained cannot be read; train anew from the same "
        "channels and hyperparameters with `keras-seq2seq sagemaker train`."
    )
