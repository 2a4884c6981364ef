"""Named arrays in a file: HDF5 for weights, an uncompressed zip for the rest.

Neither can name another file, hold an object, or declare more than it has.
"""

import io
import math
import os
import zipfile
from typing import NamedTuple

import h5py
import ml_dtypes
import numpy as np

from keras_seq2seq.checkpoint.manifest import DamagedCheckpointError
from keras_seq2seq.checkpoint.storage import write_bytes
from keras_seq2seq.errors import BAD_ARRAY_FILE, UserError

# Types that the files do not know; stored as unsigned integers.
FOREIGN = {
    name: np.dtype(getattr(ml_dtypes, name))
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")
}


class Specification(NamedTuple):
    """Shape and type name of an array."""

    shape: tuple
    dtype: str


def specification(array):
    """Describes an array or a variable."""
    return Specification(tuple(array.shape), np.dtype(array.dtype).name)


def write_hdf5(path, arrays):
    """Writes `{name: array}`, one contiguous dataset each.

    The file is made in memory: HDF5 does not recover from a full disk.
    """
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        for name, array in arrays.items():
            dataset = file.create_dataset(name, data=_to_plain(array))
            if array.dtype.name in FOREIGN:
                dataset.attrs["dtype"] = np.bytes_(array.dtype.name)
    write_bytes(path, image.getbuffer())


def read_hdf5(path, expected=None):
    """Reads what `write_hdf5` wrote.

    Args:
        path: the file.
        expected: dict `{name: Specification}` or None. What must be there;
            compared before any value is read.

    Returns:
        dict `{name: array}`.

    Raises:
        UserError: if names or shapes differ, with both lists; if the file
            refers to another file or declares more than it holds.
    """
    try:
        with h5py.File(path, "r") as file:
            datasets = dict(_datasets(file, path))
            found = {
                name: Specification(dataset.shape, _dtype_name(dataset))
                for name, dataset in datasets.items()
            }
            if expected is not None:
                check_same(path, expected, found)
            return {
                name: _from_plain(dataset[()], found[name].dtype)
                for name, dataset in datasets.items()
            }
    except UserError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise DamagedCheckpointError(
            f"{path} cannot be read: {error}"
        ) from error


def write_zip(path, arrays):
    """Writes `{name: array}` as an uncompressed `.npz`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            suffix = (
                f"@{array.dtype.name}" if array.dtype.name in FOREIGN else ""
            )
            plain = _to_plain(array)
            write_member(
                archive, f"{name}{suffix}", plain.dtype, plain.shape, [plain]
            )


def write_member(archive, name, dtype, shape, parts):
    """Writes one array of an `.npz` file, bit by bit if it is big.

    Args:
        archive: `ZipFile` open for writing.
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
    with archive.open(member, "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.asarray(part, dtype).tobytes())


def read_zip(path):
    """Reads what `write_zip` wrote.

    Raises:
        UserError: if a member is compressed, holds objects, or declares more
            than it has.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return dict(_read_member(archive, m) for m in archive.infolist())
    except UserError:
        raise
    except (
        OSError,
        zipfile.BadZipFile,
        RuntimeError,
        *BAD_ARRAY_FILE,
    ) as error:
        raise DamagedCheckpointError(
            f"{path} cannot be read: {error}"
        ) from error


def check_same(path, expected, found):
    """Refuses a file whose arrays are not the expected ones.

    Args:
        path: the file, for the message.
        expected: dict `{name: Specification}`, what the model has.
        found: dict `{name: Specification}`, what the file has.

    Raises:
        UserError: with the lists of what is missing, unknown and different.
    """
    lists = {
        "In the model, not in the file": expected.keys() - found.keys(),
        "In the file, not in the model": found.keys() - expected.keys(),
        "Different": {
            f"{name}: model {_shown(expected[name])}, "
            f"file {_shown(found[name])}"
            for name in expected.keys() & found.keys()
            if expected[name] != found[name]
        },
    }
    if any(lists.values()):
        shown = "".join(
            f"\n  {title} ({len(names)}): {_first(names)}"
            for title, names in lists.items()
            if names
        )
        raise UserError(
            f"{path} must hold the model's {len(expected)} variables. "
            f"Received: {len(found)} variables{shown}\n  Build the model with "
            "the settings of the run that wrote the file."
        )


def _datasets(group, path, prefix="", seen=None):
    seen = set() if seen is None else seen
    for name in group:
        where = prefix + name
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UserError(f"{path}: {where} must not refer elsewhere")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise UserError(f"{path}: {where} must not be stored twice")
        seen.add(address)
        if isinstance(item, h5py.Group):
            yield from _datasets(item, path, where + "/", seen)
        else:
            _check_dataset(item, f"{path}: {where}")
            yield where, item


def _check_dataset(item, where):
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "biuf":
        raise UserError(f"{where} must be an array of numbers")
    size = math.prod(item.shape or ()) * item.dtype.itemsize
    held = item.id.get_storage_size()
    elsewhere = item.external or item.is_virtual or item.chunks
    # A contiguous dataset holds what it declares, unless the file is shorter.
    if elsewhere or held != size or size > os.path.getsize(item.file.filename):
        raise UserError(
            f"{where} must hold its {size} bytes in one piece in this file. "
            f"Received: {held} bytes"
        )


def _dtype_name(dataset):
    if dataset.dtype.kind != "u" or "dtype" not in dataset.attrs:
        return dataset.dtype.name
    # Text of fixed length only: reading another kind, HDF5 can go round in a
    # damaged heap for ever.
    if dataset.attrs.get_id("dtype").dtype.kind != "S":
        return dataset.dtype.name
    declared = bytes(dataset.attrs["dtype"]).decode("ascii", "replace")
    return declared if declared in FOREIGN else dataset.dtype.name


def _read_member(archive, member):
    name, _, foreign = member.filename.removesuffix(".npy").partition("@")
    compressed = member.compress_type != zipfile.ZIP_STORED
    if compressed or member.file_size > os.path.getsize(archive.filename):
        raise UserError(f"{archive.filename}: {name} must not be compressed")
    with archive.open(member) as file:
        shape, dtype = _read_header(file)
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "biuf" or size != member.file_size - file.tell():
            raise UserError(
                f"{archive.filename}: {name} must hold numbers of its shape. "
                f"Received: {dtype}, {shape}"
            )
        file.seek(0)
        array = np.lib.format.read_array(file, allow_pickle=False)
    return name, _from_plain(array, foreign)


def _read_header(file):
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    return shape, dtype


def _to_plain(array):
    # `require` would make a scalar one-dimensional, so would `ascontiguous`.
    array = np.asarray(array, order="C")
    if array.dtype.name in FOREIGN:
        return array.view(f"u{array.dtype.itemsize}")
    return array


def _from_plain(array, dtype_name):
    foreign = FOREIGN.get(dtype_name)
    if foreign is None or array.dtype != np.dtype(f"u{foreign.itemsize}"):
        return np.asarray(array)
    return np.asarray(array).view(foreign)


def _shown(item):
    return f"{item.shape} {item.dtype}"


def _first(names, count=20):
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(sorted(names)[:count]) + more
