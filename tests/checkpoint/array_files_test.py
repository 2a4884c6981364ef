import zipfile

import h5py
import ml_dtypes
import numpy as np
import pytest

from keras_seq2seq.checkpoint.array_files import (
    read_hdf5,
    read_zip,
    specification,
    write_hdf5,
    write_zip,
)
from keras_seq2seq.errors import UserError

ARRAYS = {
    "a/kernel": np.arange(6, dtype="float32").reshape(2, 3),
    "a/step": np.array(7, dtype="int64"),
    "half": np.array([1.5, -2.0], dtype=ml_dtypes.bfloat16),
    "empty": np.zeros((0, 4), "float32"),
}


@pytest.mark.parametrize(
    ("write", "read"), [(write_hdf5, read_hdf5), (write_zip, read_zip)]
)
def test_arrays_come_back_with_shape_type_and_bits(tmp_path, write, read):
    write(tmp_path / "file", ARRAYS)
    found = read(tmp_path / "file")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert specification(found[name]) == specification(array)
        assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("read", [read_hdf5, read_zip])
@pytest.mark.parametrize("size", [0, 30, 300])
def test_a_truncated_file_is_the_users_error(tmp_path, read, size):
    write = write_hdf5 if read is read_hdf5 else write_zip
    write(tmp_path / "file", ARRAYS)
    content = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(content[:size])
    with pytest.raises(UserError):
        read(tmp_path / "file")


def test_both_lists_of_names_are_shown(tmp_path):
    write_hdf5(tmp_path / "file", {"old": np.ones(3), "both": np.ones(2)})
    expected = {"new": np.ones(3), "both": np.ones(4)}
    expected = {name: specification(a) for name, a in expected.items()}
    with pytest.raises(UserError) as error:
        read_hdf5(tmp_path / "file", expected)
    text = str(error.value)
    assert "not in the file (1): new" in text
    assert "not in the model (1): old" in text
    assert "both: model (4,) float64, file (2,) float64" in text


def external_link(file):
    file["a"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(file):
    file["b"] = np.ones(2)
    file["a"] = h5py.SoftLink("/b")


def external_storage(file):
    file.create_dataset("a", (8,), "u1", external=[("/etc/passwd", 0, 8)])


def shape_bomb(file):
    file.create_dataset("a", (2**50,), "f4", chunks=(2**20,))


def unwritten(file):
    file.create_dataset("a", (2**50,), "f4")


def text(file):
    file["a"] = "text"


def a_cycle(file):
    group = file.create_group("a")
    group["a"] = group


@pytest.mark.parametrize(
    "craft",
    [external_link, soft_link, external_storage, shape_bomb, unwritten, text,
     a_cycle],
)  # fmt: skip
def test_a_crafted_hdf5_file_is_refused(tmp_path, craft):
    with h5py.File(tmp_path / "file", "w") as file:
        craft(file)
    with pytest.raises(UserError):
        read_hdf5(tmp_path / "file")


def test_an_array_of_objects_is_never_unpickled(tmp_path):
    objects = np.array([print, None], dtype=object)
    np.savez(tmp_path / "file.npz", a=objects, allow_pickle=True)
    with pytest.raises(UserError):
        read_zip(tmp_path / "file.npz")


def test_a_compressed_member_is_refused(tmp_path):
    np.savez_compressed(tmp_path / "file.npz", a=np.zeros(10**6))
    with pytest.raises(UserError, match="compressed"):
        read_zip(tmp_path / "file.npz")


def test_a_member_that_declares_more_than_it_has_is_refused(tmp_path):
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**50,)}
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        with archive.open("a.npy", "w") as member:
            np.lib.format.write_array_header_1_0(member, header)
    with pytest.raises(UserError, match="of its shape"):
        read_zip(tmp_path / "file")


def test_text_in_a_heap_is_never_read(tmp_path):
    # In a damaged heap of texts of any length HDF5 can go round for ever.
    path = tmp_path / "file"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("a", data=np.zeros(2, "uint16"))
        dataset.attrs["dtype"] = "bfloat16"
    assert read_hdf5(path)["a"].dtype == "uint16"
    with h5py.File(path, "a") as file:
        file["a"].attrs["dtype"] = np.bytes_("bfloat16")
    assert read_hdf5(path)["a"].dtype == "bfloat16"
