import gzip
import json
import re
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.record_proto import read_ids
from keras_seq2seq.data.recordio import records
from tests.data.corpora import write
from tests.processes import python

SOURCE = ["b a b", "", "c\u00a0a", "a  b ", "b"]
TARGET = ["y x", "x", "y y", "   ", "z"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, lines in (("s", SOURCE), ("t", TARGET)):
        write(tmp_path / name, "".join(f"{line}\n" for line in lines))


def prepare(*flags):
    return main(["sagemaker", "prepare", "-ts", "s", "-tt", "t", *flags])


def pairs(path="train.rec"):
    data = Path(path).read_bytes()
    return [
        tuple(read_ids(record.payload(data), ("source", "target")))
        for record in records(data)
    ]


def words(side):
    return JsonVocabulary.read(f"vocab.{side}.json").words


def test_records_and_vocabularies_are_written_in_order():
    assert prepare() == 0
    assert words("src") == ("b", "a", "c")  # b four times, a three times
    assert words("trg") == ("y", "x", "z")
    assert pairs() == [([4, 5, 4], [4, 5]), ([6, 5], [4, 4]), ([4], [6])]


def test_the_report_counts_pairs_lengths_and_unknown_words(capsys):
    assert prepare("--num-words-source", "2") == 0
    report = json.loads(capsys.readouterr().out)
    train = report["train"]
    assert (train["pairs"], train["skipped"]) == (3, 2)
    assert train["source"] == {
        "empty": 1,
        "tokens": 6,
        "mean_length": 2.0,
        "longest": 3,
        "unknown_share": round(1 / 6, 6),
    }
    ratios = [2 / 3, 1, 1]
    mean = sum(ratios) / 3
    deviation = (sum((r - mean) ** 2 for r in ratios) / 3) ** 0.5
    assert train["length_ratio"] == {
        "mean": round(mean, 4),
        "std": round(deviation, 4),
    }
    assert report["vocabularies"] == {"vocab.src.json": 6, "vocab.trg.json": 7}


def test_equal_texts_give_equal_bytes(tmp_path):
    assert prepare() == 0
    assert prepare("-to", "again.rec") == 0
    first, second = (tmp_path / n for n in ("train.rec", "again.rec"))
    assert first.read_bytes() == second.read_bytes()


def test_rare_words_and_words_past_the_most_are_unknown():
    limits = ["--num-words-source", "1", "--word-min-count-target", "2"]
    assert prepare(*limits) == 0
    assert words("src") == ("b",)
    assert words("trg") == ("y", "x")
    assert pairs()[-1] == ([4], [1])


@pytest.mark.parametrize("flag", ["-single-vocab", "--single-vocab"])
def test_a_single_vocabulary_is_that_of_both(tmp_path, flag):
    assert prepare(flag) == 0
    assert set(words("src")) == set("abcxyz")
    files = [tmp_path / f"vocab.{side}.json" for side in ("src", "trg")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_vocabulary_is_filled_up_to_a_multiple():
    assert prepare("--pad-vocab-to-multiple-of", "8") == 0
    assert words("src") == ("b", "a", "c", "<pad7>")
    assert len(words("trg")) == 4


def test_existing_vocabularies_are_used_and_copied(tmp_path):
    JsonVocabulary("ba").write(tmp_path / "own.json")
    assert prepare("--vocab-source-json", "own.json") == 0
    assert words("src") == ("b", "a")
    assert words("trg") == ("y", "x", "z")


def test_validation_uses_the_vocabularies_of_training(tmp_path):
    write(tmp_path / "vs", "a new\n")
    write(tmp_path / "vt", "z\n")
    assert prepare("-vs", "vs", "-vt", "vt") == 0
    assert pairs("val.rec") == [([5, 1], [6])]


def test_a_root_gets_channels(tmp_path):
    assert prepare("--root", "ml") == 0
    data = tmp_path / "ml" / "input" / "data"
    assert pairs(data / "train" / "train.rec")
    assert {p.name for p in (data / "vocab").iterdir()} == {
        "vocab.src.json",
        "vocab.trg.json",
    }


@pytest.fixture
def job(tmp_path):
    """A job with both sets, and more validation texts, one of them short."""
    write(tmp_path / "vs", "a b\n")
    write(tmp_path / "vt", "z\n")
    write(tmp_path / "none", "")
    assert prepare("--root", "ml", "-vs", "vs", "-vt", "vt") == 0
    return tmp_path / "ml"


def held(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_validation_records_of_other_vocabularies_are_not_left(
    job, tmp_path, capsys
):
    before = held(job)
    write(tmp_path / "s", "new\n" * 5)
    assert prepare("--root", "ml") == 2
    assert "val.rec was written with other vocab" in capsys.readouterr().err
    assert held(job) == before


def test_validation_records_of_the_same_vocabularies_may_stay(job):
    before = held(job)
    assert prepare("--root", "ml") == 0
    assert held(job) == before


def test_nothing_is_replaced_if_validation_texts_are_refused(job, tmp_path):
    before = held(job)
    write(tmp_path / "s", "new\n" * 5)
    assert prepare("--root", "ml", "-vs", "vs", "-vt", "none") == 2
    assert held(job) == before


def test_compressed_text_is_read(tmp_path):
    assert prepare() == 0
    before = pairs()
    for name in "st":
        path = tmp_path / name
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert prepare() == 0
    assert pairs() == before


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        ("a\nb\nc\n", "x\n", "s has 3 lines and t has 1..*in s: 2: 'b'"),
        ("a\n", "x\ny\nz\n", "s has 1 lines and t has 3..*in t: 2: 'y'"),
        ("\n\n", "x\ny\n", "No token is left"),
    ],
)
def test_texts_that_make_no_pairs_leave_no_file(
    tmp_path, capsys, source, target, told
):
    write(tmp_path / "s", source)
    write(tmp_path / "t", target)
    assert prepare() == 2
    assert re.search(told, capsys.readouterr().err)
    assert {p.name for p in tmp_path.iterdir()} == {"s", "t"}


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["-vs", "s"], "-vs and -vt go together"),
        (["-single-vocab", "--num-words-source", "9"], "must be equal"),
        (["--num-words-source", "0"], "at least 1"),
        (["--vocab-source-json", "s"], "is not JSON"),
    ],
)
def test_flags_that_make_no_sense_are_refused(capsys, flags, told):
    assert prepare(*flags) == 2
    assert told in capsys.readouterr().err


def test_preparing_loads_neither_tensorflow_nor_keras(tmp_path):
    code = (
        "import sys; from keras_seq2seq.__main__ import main; "
        "main('sagemaker prepare -ts s -tt t'.split()); "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
