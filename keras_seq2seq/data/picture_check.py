"""Reads every picture once before training, and tells which can't be read."""

import concurrent.futures
import contextlib
import hashlib
import json

from keras_seq2seq.data.corpus_index import cache_directory
from keras_seq2seq.data.pictures import PictureError, read_picture
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import StorageError, UserError
from keras_seq2seq.processors import processors

AT_ONCE = 1024  # pictures that wait for a thread
MOST_THREADS = 8
SIZE = 64  # pixels that pictures are brought to: less work than the whole


def threads():
    """Threads that read pictures; Pillow works outside of Python's lock."""
    return min(processors(), MOST_THREADS)


def unreadable_pictures(pictures, cache_dir=None):
    """Which pictures can't be read.

    The result is kept beside encoded corpora and found again as long as no
    file changes, unless a reason is one that may pass.

    Args:
        pictures: `FolderPictures` or `RecordPictures`.
        cache_dir: path or None, as `ParallelText` has it.

    Returns:
        dict from indices to reasons.
    """
    told = f"pictures {pictures.fingerprint()}"
    key = hashlib.sha256(told.encode()).hexdigest()[:32]
    path = cache_directory(cache_dir) / f"{key}.pictures.json"
    try:
        known = json.loads(path.read_text("utf-8"))
        return {int(index): str(text) for index, text in known.items()}
    except (OSError, ValueError, AttributeError):
        pass  # not there, or damaged: looked at again
    errors = _read_all(pictures)
    found = {index: str(error) for index, error in errors.items()}
    if all(error.lasting for error in errors.values()):
        # Without space it is only slower the next time.
        with contextlib.suppress(StorageError):
            write_file(path, json.dumps(found))
    return found


def readable(captions):
    """Captions without those of pictures that can't be read.

    Args:
        captions: `Captions`.

    Raises:
        UserError: none of the pictures can be read.
    """
    unreadable = unreadable_pictures(captions.pictures)
    if len(unreadable) == len(captions.pictures):
        raise UserError(
            "None of the pictures can be read: "
            + "; ".join(list(unreadable.values())[:3])
        )
    return captions.without(unreadable)


def _read_all(pictures):
    found = {}
    with concurrent.futures.ThreadPoolExecutor(threads()) as pool:
        for begin in range(0, len(pictures), AT_ONCE):
            some = range(begin, min(begin + AT_ONCE, len(pictures)))
            errors = pool.map(lambda i: _error(pictures[i]), some)
            for index, error in zip(some, errors, strict=True):
                if error is not None:
                    found[index] = error
    return found


def _error(source):
    try:
        read_picture(source, SIZE, SIZE)
    except PictureError as error:
        return error
    return None
