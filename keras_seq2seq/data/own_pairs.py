"""Pairs that a class of the user's own yields, as a corpus reads them."""

import contextlib
import hashlib
import itertools
import shutil
import tempfile
from pathlib import Path

from keras_seq2seq.data.corpus_index import (
    BUILDING,
    cache_directory,
    storage_error,
)
from keras_seq2seq.data.records import (
    PAIRS_AT_ONCE,
    RecordReader,
    frame_pairs,
)
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.data.write_file import writing
from keras_seq2seq.errors import UserError


class OwnPairs:
    """Checks what a pipeline of the user's own yields.

    Such a pipeline is any object whose `iter()` yields `(source, target)`,
    both str, in the same order each time, and ends; a target may be None
    where nothing but inference reads it. If it has a length, that is checked.

    Args:
        pipeline: the object.
        name: str. What it is called in messages.
    """

    has_targets = True

    def __init__(self, pipeline, name):
        self.pipeline = pipeline
        self.name = name

    def __iter__(self):
        return self._pairs(str)

    def sources(self):
        """The source texts, one by one; here targets may be None."""
        return (source for source, _ in self._pairs(str | None))

    @contextlib.contextmanager
    def written(self, cache_dir=None):
        """Both sides as `TextSource`, of a file that is there meanwhile.

        Args:
            cache_dir: path or None, as `ParallelText` has it. The file is
                made there.

        Raises:
            UserError: no pairs, or one that is not a pair of texts.
            StorageError: the file cannot be written.
        """
        cache = cache_directory(cache_dir)
        try:
            cache.mkdir(parents=True, exist_ok=True)
            # By this name it is found again should this process be killed.
            directory = tempfile.mkdtemp(dir=cache, prefix=BUILDING)
        except OSError as error:
            raise storage_error(cache, error) from error
        try:
            path = Path(directory) / "pairs"
            content = self._write(path)
            yield tuple(
                TextSource((path,), RecordReader(side), self.name, content)
                for side in ("source", "target")
            )
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _write(self, path):
        """Writes the pairs; returns their fingerprint."""
        digest, pairs = hashlib.sha256(), iter(self)
        with writing(path) as file:
            while some := list(itertools.islice(pairs, PAIRS_AT_ONCE)):
                data = frame_pairs(some)
                digest.update(data)
                file.write(data)
        if not path.stat().st_size:
            raise UserError(f"{self.name}: expected pairs. Received: none.")
        return digest.hexdigest()

    def _pairs(self, target_type):
        number = 0
        for number, pair in enumerate(self.pipeline, start=1):
            if not _is_pair(pair, target_type):
                shown = repr(pair)
                dots = "..." * (len(shown) > 70)
                raise UserError(
                    f"{self.name}: pair {number}: expected (source, target), "
                    f"two texts. Received: {shown[:70]}{dots}"
                )
            yield tuple(pair)
        said = len(self.pipeline) if _has_length(self.pipeline) else number
        if number != said:
            raise UserError(
                f"{self.name} says that it has {said} pairs. Received: "
                f"{number}."
            )


def _is_pair(pair, target_type):
    return (
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and isinstance(pair[1], target_type)
    )


def _has_length(pipeline):
    return hasattr(type(pipeline), "__len__")
