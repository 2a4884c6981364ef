import re

import pytest
from PIL import Image

from keras_seq2seq.__main__ import main
from keras_seq2seq.data.captions import captions_of_records
from keras_seq2seq.data.records import frame_pairs
from tests.data.corpora import write


@pytest.fixture
def texts(tmp_path):
    source = write(tmp_path / "s", "a b\nc\n\nä 笑\n")
    target = write(tmp_path / "t", "x\ny z\nq\n\n")
    return ["--source", str(source), "--target", str(target)]


def shown(capsys, *flags):
    assert main(["records", "--show", *map(str, flags)]) == 0
    return capsys.readouterr().out


EXPECTED = "a b\tx\nc\ty z\n\tq\nä 笑\t\n"


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("r", []),
        ("r.gz", []),
        ("r", ["--shards", "3"]),
        ("r.gz", ["--shards", "4"]),
    ],
)
def test_what_is_written_is_shown(tmp_path, capsys, texts, name, flags):
    output = tmp_path / "out" / name
    assert main(["records", *texts, "--output", str(output), *flags]) == 0
    assert shown(capsys, output.parent / "*") == EXPECTED


def test_columns_fields_and_compression_are_the_users_choice(tmp_path, capsys):
    table = write(tmp_path / "t.tsv", "1\tx\ta b\n2\ty\tc\n")
    output, fields = (
        tmp_path / "r",
        ["--source_field", "de", "--target_field", "en"],
    )
    flags = ["--source", str(table), "--source_column", "2"]
    flags += ["--target_column", "1", "--output", str(output), "--gzip"]
    assert main(["records", *flags, *fields]) == 0
    assert shown(capsys, output, "--gzip", *fields) == "a b\tx\nc\ty\n"
    assert main(["records", "--show", str(output), *fields]) == 2
    assert "--gzip" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--shards", "5"], "at most 4"),
        (["--target", "LONGER"], "s has 4 lines and .*LONGER has more"),
        (["--show", "r"], "give either"),
        (["--shards", "0"], "shards"),
    ],
)
def test_mistakes_are_told_and_write_nothing(
    tmp_path, capsys, texts, monkeypatch, flags, told
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "LONGER", "1\n2\n3\n4\n5\n")
    before = set(tmp_path.iterdir())
    assert main(["records", *texts, "--output", "r", *flags]) == 2
    said = capsys.readouterr().err
    assert re.search(told, said), said
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "output", [["x.tfrecord.gz"], ["x.tfrecord", "--gzip"]]
)
def test_records_of_pictures_are_not_compressed(output, capsys):
    typed = ["--captions", "x.tsv", "--image_dir", ".", "--output", *output]
    assert main(["records", *typed]) == 2
    told = capsys.readouterr().err
    assert "must not be compressed" in told
    assert told.rstrip().endswith(f"--output {output[0]}")


def test_pictures_that_cannot_be_read_are_told_and_not_packed(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4)).save("a.png")
    write(tmp_path / "cut.jpg", "no picture")
    write(tmp_path / "x.tsv", "a.png\tblack\ncut.jpg\tunseen\n")
    typed = ["--captions", "x.tsv", "--image_dir", ".", "--output", "r"]
    assert main(["records", *typed]) == 0
    assert captions_of_records("r").texts == ["black"]
    told = capsys.readouterr().err
    assert "left out 1 pictures that can't be read" in told
    assert "cut.jpg" in told


def test_targets_are_needed(capsys):
    assert main(["records", "--source", "s", "--output", "r"]) == 2
    assert "--target_column" in capsys.readouterr().err


def test_marks_inside_of_texts_end_nothing(tmp_path, capsys):
    path = write(tmp_path / "r", frame_pairs([("a\tb\n", "c\r")]))
    assert shown(capsys, path) == "a\\tb\\n\tc\\r\n"
