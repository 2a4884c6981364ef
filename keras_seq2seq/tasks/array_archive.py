"""An `.npz` file that is written array by array."""

import contextlib
import zipfile

import numpy as np

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
        """Writes one array in parts.

        Args:
            name: str.
            dtype: NumPy type.
            shape: tuple of int.
            parts: iterable of arrays that make it up, joined at axis 0.
        """
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
            "fortran_order": False,
            "shape": tuple(shape),
        }
        member = zipfile.ZipInfo(f"{name}.npy")  # of no date
        with (
            storage_errors(self.path),
            self._archive.open(member, "w", force_zip64=True) as file,
        ):
            np.lib.format.write_array_header_1_0(file, header)
            for part in parts:
                file.write(np.ascontiguousarray(part, dtype).tobytes())

    def close(self):
        """Completes the file and gives it its name."""
        self._open.close()

    def discard(self):
        """Leaves no file."""
        with contextlib.suppress(_Discarded):
            self._open.__exit__(_Discarded, _Discarded(), None)


class _Discarded(Exception):
    """Ends the contexts of an archive as an error does."""
