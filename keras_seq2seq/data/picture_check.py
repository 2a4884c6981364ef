"""Reads every picture once before training, and tells which can't be read."""

import concurrent.futures
import hashlib
import json
import os

from keras_seq2seq.data.corpus_index import cache_directory
from keras_seq2seq.data.pictures import PictureError, read_picture
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import StorageError

AT_ONCE = 1024  # pictures that wait for a thread
MOST_THREADS = 8
SIZE = 64  # pixels that pictures are brought to: less work than the whole


def threads():
    """Threads that read pictures; Pillow works outside of Python's lock."""
    return min(os.cpu_count() or 1, MOST_THREADS)


def unreadable_pictures(pictures, cache_dir=None):
    """Which pictures can't be read.

    The result is kept beside encoded corpora and found again as long as no
    file changes.

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
    found = _read_all(pictures)
    try:
        write_file(path, json.dumps(found))
    except StorageError:
        pass  # only slower the next time
    return found


def _read_all(pictures):
    found = {}
    with concurrent.futures.ThreadPoolExecutor(threads()) as pool:
        for begin in range(0, len(pictures), AT_ONCE):
            some = range(begin, min(begin + AT_ONCE, len(pictures)))
            reasons = pool.map(lambda i: _reason(pictures[i]), some)
            for index, reason in zip(some, reasons, strict=True):
                if reason is not None:
                    found[index] = reason
    return found


def _reason(source):
    try:
        read_picture(source, SIZE, SIZE)
    except PictureError as error:
        return str(error)
    return None
