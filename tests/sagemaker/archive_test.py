import gzip
import io
import os
import re
import shutil
import tarfile

import pytest

import keras_seq2seq
from keras_seq2seq.checkpoint import write_checkpoint
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import read_run, write_run
from keras_seq2seq.sagemaker import open_model, pack
from keras_seq2seq.sagemaker.model_directory import write_model
from tests.run_directories import configuration, words
from tests.sagemaker import jobs

pytestmark = pytest.mark.usefixtures("eagerly")


def archive(path, *members):
    """A tar.gz of members `(name, content)` or whole `TarInfo`."""
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            tar.addfile(info, io.BytesIO(member[1]))
    return path


def special(name, kind, **values):
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in values.items():
        setattr(info, key, value)
    return info


def test_equal_models_give_equal_archives_of_plain_names(finished, tmp_path):
    first = pack(finished, tmp_path / "first.tar.gz")
    os.utime(finished / "model" / "best")
    again = pack(finished / "model", tmp_path / "again.tar.gz")
    assert first.read_bytes() == again.read_bytes()
    with tarfile.open(first) as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    assert names == sorted(names)
    assert {"config.json", "vocab.src.json", "vocab.trg.json"} <= {*names}
    assert {(m.mtime, m.uid, m.uname, m.mode) for m in members} == {
        (0, 0, "", 0o644)
    }


def test_an_archive_gives_the_model_back(finished, tmp_path):
    path = pack(finished, tmp_path / "model.tar.gz")
    for place in (path, tmp_path, finished, finished / "model"):
        assert (open_model(place) / "config.json").exists()
    model = keras_seq2seq.load(open_model(path, tmp_path / "opened"))
    own = keras_seq2seq.load(finished / "model")
    found, expected = (m.generate(jobs.LINES[:4]) for m in (model, own))
    assert [x.text for x in found] == [x.text for x in expected]


def test_of_a_run_only_the_model_is_packed(finished, tmp_path):
    run = finished / "output" / "run"
    path = pack(run, tmp_path / "model.tar.gz")
    with tarfile.open(path) as tar:
        names = tar.getnames()
    assert not [n for n in names if "training" in n or "samples" in n]
    assert keras_seq2seq.load(open_model(path)).generate(["a"])


@pytest.fixture
def small_run(tmp_path):
    """A run without a vocabulary of the source, with weights of nothing."""

    def fill(directory):
        (directory / "model.weights.h5").write_bytes(b"weights")
        return {"model.weights.h5": {}}

    run = tmp_path / "run"
    write_run(run, configuration(), (None, words("a b")))
    write_checkpoint(run, 1, fill)
    return run


def test_a_model_that_reads_no_text_is_packed(small_run, tmp_path):
    path = pack(small_run, tmp_path / "model.tar.gz")
    source, target = read_run(open_model(path)).tokenizers
    assert source is None
    assert target.fingerprint == words("a b").fingerprint


def test_a_run_is_read_though_an_archive_lies_in_it(small_run):
    pack(small_run, small_run / "model.tar.gz")
    assert open_model(small_run) == small_run


@pytest.mark.parametrize("name", ["model.tar.gz", "mine.tar.gz"])
def test_an_archive_in_a_run_is_not_packed_again(small_run, name):
    path = pack(small_run, small_run / name)
    first = path.read_bytes()
    assert pack(small_run, path).read_bytes() == first
    with tarfile.open(path) as tar:
        assert name not in tar.getnames()


def test_an_archive_in_a_model_is_not_packed_again(small_run, tmp_path):
    model = write_model(small_run, tmp_path / "model")
    path = pack(model, model / "model.tar.gz")
    first = path.read_bytes()
    assert pack(model, path).read_bytes() == first


def test_a_model_may_lie_in_a_folder_of_the_archive(finished, tmp_path):
    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as tar:
        tar.add(finished / "model", "./some model")
    assert open_model(tmp_path / "m.tar.gz").name == "some model"


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (("../config.json", b"{}"), "plain relative names"),
        (("a/../../b", b""), "plain relative names"),
        (("/etc/config.json", b""), "plain relative names"),
        (("a\nb", b""), "plain relative names"),
        (("a/b/c/d/e/f", b""), "too deep"),
        (special("a", tarfile.SYMTYPE, linkname="/etc/passwd"), "a link"),
        (special("a", tarfile.LNKTYPE, linkname="../b"), "a link"),
        (special("a", tarfile.FIFOTYPE), "a link, a device"),
        (special("a", tarfile.CHRTYPE), "a link, a device"),
    ],
)
def test_nothing_is_unpacked_elsewhere(tmp_path, member, told):
    path = archive(tmp_path / "m.tar.gz", member)
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    with pytest.raises(UserError, match=f"m.tar.gz: .*{told}"):
        open_model(path, folder)
    left = {p for p in tmp_path.rglob("*")}
    assert left == {path, folder.parent, folder}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"text", "packed with tar and gzip"),
        (b"", "Received: "),
        (gzip.compress(b"no tar" * 200, mtime=0), "packed with tar and gzip"),
        (
            gzip.compress(bytes(10_000), mtime=0)[:-20],
            "packed with tar and gzip",
        ),
    ],
)
def test_what_is_no_archive_is_told(tmp_path, content, told):
    path = tmp_path / "m.tar.gz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=told):
        open_model(path)


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    bomb = archive(tmp_path / "m.tar.gz", ("a", bytes(30_000_000)))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(UserError, match="more than .* bytes unpacked"):
        open_model(bomb, tmp_path / "in", most_bytes=1_000_000)
    written = sum(p.stat().st_size for p in (tmp_path / "in").rglob("*"))
    assert written < 15_000_000


def test_a_header_takes_no_memory(tmp_path):
    header = special("a", tarfile.XHDTYPE, size=2**30)
    header = header.tobuf(tarfile.USTAR_FORMAT)
    (tmp_path / "m.tar.gz").write_bytes(gzip.compress(header + bytes(9999)))
    with pytest.raises(UserError, match="a header of 1073741824 bytes"):
        open_model(tmp_path / "m.tar.gz")


def test_a_file_that_occurs_twice_is_refused(tmp_path):
    path = archive(tmp_path / "m.tar.gz", ("a", b"1"), ("a", b"2"))
    with pytest.raises(UserError):
        open_model(path)


def test_models_of_the_services_own_are_told(tmp_path):
    path = archive(tmp_path / "m.tar.gz", ("params.best", b""))
    with pytest.raises(UserError, match="It holds: params.best. Models that"):
        open_model(path)


@pytest.mark.parametrize("call", [open_model, pack])
def test_what_is_no_model_is_told(tmp_path, call):
    nowhere = tmp_path / "nowhere"
    with pytest.raises(UserError, match=re.escape(str(nowhere))):
        call(nowhere)
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with pytest.raises(UserError, match="no config.json"):
        call(tmp_path)
