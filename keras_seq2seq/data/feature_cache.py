"""Features of pictures in a file: computed once, mapped into memory."""

import contextlib
import errno
import hashlib
import io
import json
import logging
import os
import shutil

import numpy as np

from keras_seq2seq.data.corpus_index import cache_directory
from keras_seq2seq.data.exclusive import exclusively
from keras_seq2seq.data.picture_store import StoredPicture
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import StorageError

FORMAT = 1  # raise it when the layout of the files changes
AT_ONCE = 256  # pictures between two notes of how far it has come
FEATURES, PROGRESS, DONE = "features.npy", "progress.json", "done.json"
NAMED = (str, StoredPicture)  # sources that are found again
logger = logging.getLogger("keras_seq2seq")


class FeatureTable:
    """Features of pictures, by number or by source.

    Args:
        pictures: `FolderPictures` or `RecordPictures`.
        features: array `(N, C, D)`, mapped from a file.
        unreadable: ints. Pictures whose features are none.
    """

    def __init__(self, pictures, features, unreadable=()):
        self.pictures = pictures
        self.features = features
        self.readable = np.ones(len(pictures), bool)
        self.readable[list(unreadable)] = False
        sources = (pictures[number] for number in range(len(pictures)))
        self._numbers = {
            source: number
            for number, source in enumerate(sources)
            if isinstance(source, NAMED)
        }

    @property
    def shape(self):
        """Cells and width `(C, D)` of one picture."""
        return self.features.shape[1:]

    @property
    def dtype(self):
        """Type of the features."""
        return self.features.dtype

    def get(self, source):
        """Features of a source, an array `(C, D)`; None for others."""
        number = self._number(source)
        if number is None:
            return None
        return np.asarray(self.features[number], "float32")

    def numbers(self, sources):
        """Numbers of sources; None unless there are features of all."""
        found = [self._number(source) for source in sources]
        return None if None in found else found

    def _number(self, source):
        if not isinstance(source, NAMED):
            return None
        number = self._numbers.get(source)
        known = number is not None and self.readable[number]
        return number if known else None

    def take(self, numbers):
        """Features of pictures by number, `(B, C, D)`."""
        return self.features[numbers]


def load_or_compute(
    pictures, compute, described, shape, dtype="float16", cache_dir=None
):
    """Features of all pictures, from the cache or computed now.

    The file's key is what decides its content: pictures, and what `described`
    says of the network. A computation that was interrupted goes on where it
    was; one that another process does is waited for. Pictures that could not
    be read are tried again whenever the cache is opened.

    Args:
        pictures: `FolderPictures` or `RecordPictures`.
        compute: callable from a list of sources to a list of arrays `(C, D)`,
            None for a picture that can't be read.
        described: JSON. Network, digest of its weights, size, precision.
        shape: `(C, D)`.
        dtype: `"float16"` or `"float32"`.
        cache_dir: path or None, as `ParallelText` has it.

    Returns:
        `FeatureTable`.

    Raises:
        StorageError: no space, or no permission.
    """
    content = [FORMAT, pictures.fingerprint(), described, list(shape), dtype]
    key = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
    directory = cache_directory(cache_dir) / f"{key}.features"
    shape = (len(pictures), *shape)
    found = _open(directory, shape, dtype)
    if found is None:
        with _storage_errors(directory):
            directory.mkdir(parents=True, exist_ok=True)
            with exclusively(directory / ".lock"):
                # Whoever held the lock may have computed them.
                if _open(directory, shape, dtype) is None:
                    _compute(directory, pictures, compute, shape, dtype)
        found = _open(directory, shape, dtype)
    elif found[1]:
        _try_again(directory, pictures, compute, found[1])
        found = _open(directory, shape, dtype)
    return FeatureTable(pictures, *found)


def _open(directory, shape, dtype):
    """Array and unreadable pictures of a complete cache, else None."""
    try:
        done = json.loads((directory / DONE).read_text("utf-8"))
        array = np.load(directory / FEATURES, "r", allow_pickle=False)
        if array.shape != shape or array.dtype != dtype:
            return None
        return array, [int(number) for number in done["unreadable"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent, damaged or not complete


def _try_again(directory, pictures, compute, unreadable):
    """Computes what could not be read before, if it can be now."""
    rows = compute([pictures[number] for number in unreadable])
    found = {
        number: row
        for number, row in zip(unreadable, rows, strict=True)
        if row is not None
    }
    if not found:
        return
    # A cache that can't be written is as good as it was.
    with (
        contextlib.suppress(OSError, StorageError),
        exclusively(directory / ".lock"),
    ):
        array = np.load(directory / FEATURES, "r+", allow_pickle=False)
        for number, row in found.items():
            array[number] = _stored(row, array.dtype)
        array.flush()
        note = json.loads((directory / DONE).read_text("utf-8"))
        rest = [n for n in note["unreadable"] if n not in found]
        _note(directory / DONE, len(array), rest)


def _compute(directory, pictures, compute, shape, dtype):
    count, width = shape[0], int(np.prod(shape[1:])) * np.dtype(dtype).itemsize
    (directory / DONE).unlink(missing_ok=True)
    header = _header(shape, dtype)
    begin, unreadable = _progress(directory, len(header), width)
    _check_space(directory, (count - begin) * width)
    path = directory / FEATURES
    with path.open("r+b" if begin else "wb") as file:
        file.write(header)
        file.truncate(len(header) + begin * width)
        file.seek(len(header) + begin * width)
        logger.warning(
            "Computing the features of %d pictures into %s ...",
            count - begin,
            directory,
        )
        while begin < count:
            some = range(begin, min(begin + AT_ONCE, count))
            rows = compute([pictures[number] for number in some])
            for number, row in zip(some, rows, strict=True):
                if row is None:
                    unreadable.append(number)
                    row = np.zeros(shape[1:], dtype)
                file.write(_stored(row, dtype).tobytes())
            begin = some.stop
            file.flush()
            os.fsync(file.fileno())
            _note(directory / PROGRESS, begin, unreadable)
            if begin // (10 * AT_ONCE) > (begin - len(some)) // (10 * AT_ONCE):
                logger.warning("%d of %d pictures", begin, count)
    _note(directory / DONE, count, unreadable)
    (directory / PROGRESS).unlink()


def _stored(row, dtype):
    limit = np.finfo(dtype).max  # no feature becomes infinite
    return np.asarray(np.clip(row, -limit, limit), dtype)


def _header(shape, dtype):
    """What stands in the file before the features."""
    told = {
        "descr": np.dtype(dtype).str,
        "fortran_order": False,
        "shape": shape,
    }
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, told)
    return content.getvalue()


def _progress(directory, header, width):
    """How many pictures are computed, and which of them can't be read.

    Args:
        directory: Path.
        header, width: int. Bytes before the features, and of one picture's.
    """
    try:
        noted = json.loads((directory / PROGRESS).read_text("utf-8"))
        computed, unreadable = int(noted["computed"]), noted["unreadable"]
        there = (directory / FEATURES).stat().st_size
        if there >= header + computed * width:
            return computed, list(unreadable)
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing, or damaged: from the beginning
    return 0, []


def _note(path, computed, unreadable):
    note = {"computed": computed, "unreadable": unreadable}
    write_file(path, json.dumps(note))


def _check_space(directory, needed):
    free = shutil.disk_usage(directory).free
    if needed > free:
        raise StorageError(
            f"{directory}: the features need {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} are free. Set KERAS_SEQ2SEQ_CACHE to a "
            "directory with space, or say feature_cache: none."
        )


@contextlib.contextmanager
def _storage_errors(directory):
    try:
        yield
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise StorageError(
            f"{directory}: cannot keep features: "
            f"{'no space is left' if full else error}. Set KERAS_SEQ2SEQ_CACHE "
            "to a directory with space."
        ) from error
