"""An `.npz` file that is written array by array."""

import contextlib
import zipfile

from keras_seq2seq.checkpoint.array_files import write_member
from keras_seq2seq.checkpoint.storage import storage_errors
from keras_seq2seq.data.write_file import writing


class ArrayArchive:
    """Adds arrays to a file one after the other, keeping none in memory.

    The file has its name when it is closed, and never if it is discarded;
    `numpy.load` reads it without pickle.

    Args:
        path: path of the file, as it is: no suffix is added.

    Raises:
        StorageError: no space, no permission, or a directory of that name.
    """

    def __init__(self, path):
        self.path = path
        self._open = contextlib.ExitStack()
        file = self._open.enter_context(writing(path))
        self._archive = self._open.enter_context(zipfile.ZipFile(file, "w"))

    def add(self, name, array):
        """Writes one array under a name."""
        self.add_rows(name, array.dtype, array.shape, [array])

    def add_rows(self, name, dtype, shape, parts):
        """Writes one array in parts; see `write_member`."""
        with storage_errors(self.path):
            write_member(self._archive, name, dtype, shape, parts)

    def close(self):
        """Completes the file and gives it its name."""
        self._open.close()

    def discard(self):
        """Leaves no file."""
        with contextlib.suppress(_Discarded):
            self._open.__exit__(_Discarded, _Discarded(), None)


class _Discarded(Exception):
    """Ends the contexts of an archive as an error does."""
