"""Plain lines, columns and records are one corpus, however they lie."""

import numpy as np
import pytest

from keras_seq2seq.data import mapped_file
from keras_seq2seq.data.lines import LineReader
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.records import RecordReader, frame_pairs, write_records
from keras_seq2seq.data.subword_sampling import SubwordSampling
from keras_seq2seq.data.text_source import (
    TextSource,
    describe_reader,
    rebuild_reader,
)
from keras_seq2seq.errors import UserError
from tests.data.corpora import indices, words, write

PAIRS = [(" ".join("abcdefgx"[: i % 7]), "a b"[: i % 4]) for i in range(50)]


def lines(texts):
    return "".join(f"{text}\n" for text in texts)


@pytest.fixture
def forms(tmp_path):
    """The same pairs in every form: (source, target)."""
    sides = [list(side) for side in zip(*PAIRS, strict=True)]
    plain = [
        write(tmp_path / name, lines(side))
        for name, side in zip("st", sides, strict=True)
    ]
    table = write(tmp_path / "tsv", lines(map("\t".join, PAIRS)))
    write_records(tmp_path / "r" / "plain", PAIRS, 50, shards=2)
    write_records(tmp_path / "z" / "packed.gz", PAIRS, 50, shards=3)
    readers = [RecordReader("source"), RecordReader("target", required=False)]
    return {
        "lines": [TextSource.open(path, LineReader()) for path in plain],
        "columns": [TextSource.open(table, LineReader(i)) for i in (0, 1)],
        "records": [TextSource.open(tmp_path / "r/*", r) for r in readers],
        "gzip": [TextSource.open(tmp_path / "z/*", r) for r in readers],
    }


def corpus(sides, **options):
    return ParallelText(*sides, source_tokenizer=words(), **options)


def test_all_forms_have_the_same_texts(forms):
    for sides in forms.values():
        assert list(zip(*sides, strict=True)) == PAIRS
        assert list(zip(*sides, strict=True)) == PAIRS  # and again


@pytest.mark.parametrize("limit", [0, 10**9])
def test_all_forms_are_one_corpus(tmp_path, forms, monkeypatch, limit):
    monkeypatch.setattr(mapped_file, "SPAN_BYTES", 300)
    prints = {
        name: corpus(
            sides, in_memory_bytes=limit, cache_dir=tmp_path / "c"
        ).fingerprint
        for name, sides in forms.items()
    }
    assert len(set(prints.values())) == 1


def test_places_count_records_of_files(tmp_path, forms):
    found = corpus(forms["records"])
    first, second = (str(path) for path in forms["records"][0].files)
    assert found.unit == "record"
    assert found.places([0, 24, 25, 49]) == {first: [1, 25], second: [1, 25]}
    mapped = corpus(
        forms["records"], in_memory_bytes=0, cache_dir=tmp_path / "c"
    )
    indices = np.arange(50)
    assert mapped.places(indices) == found.places(indices)


def test_an_index_of_records_is_reused_until_something_changes(tmp_path, forms):
    cache = tmp_path / "c"

    def build(form):
        corpus(form, in_memory_bytes=0, cache_dir=cache)
        return len(indices(cache))

    source, target = forms["records"]
    assert build((source, target)) == 1
    assert build((source, target)) == 1
    assert build((target, source)) == 2  # other fields
    write(source.files[0], frame_pairs(PAIRS[:25][::-1]))
    assert build((source, target)) == 3


def test_damage_is_told_by_the_processes_that_encode(tmp_path, forms):
    source, target = forms["records"]
    data = bytearray(source.files[1].read_bytes())
    data[-3] ^= 1
    write(source.files[1], bytes(data))
    with pytest.raises(UserError, match=f"{source.files[1]}: record 25"):
        corpus((source, target), in_memory_bytes=0, cache_dir=tmp_path / "c")
    assert not indices(tmp_path / "c")


def test_unequal_numbers_of_records_are_told(tmp_path, forms):
    short = write(tmp_path / "short", frame_pairs(PAIRS[:48]))
    source = TextSource.open(short, RecordReader("source"))
    lacking = forms["lines"][1]
    with pytest.raises(UserError, match="has 48 records and .*49: '', 50: 'a'"):
        corpus((source, lacking))


def test_copies_are_sampled_from_records_too(forms):
    sampling = SubwordSampling(copies=3, source=0.0, target=0.0)
    one, three = corpus(forms["gzip"]), corpus(forms["gzip"], sampling=sampling)
    assert len(three) == 3 * len(one)
    assert three.source(53).tolist() == one.source(3).tolist()


@pytest.mark.parametrize(
    "reader", [LineReader(), LineReader(3), RecordReader("t", False, "gzip")]
)
def test_a_reader_is_rebuilt_in_another_process(reader):
    assert rebuild_reader(describe_reader(reader)) == reader


def test_empty_files_and_names_are_explained(tmp_path):
    empty = write(tmp_path / "e", "")
    with pytest.raises(UserError, match="expected records.*an empty file"):
        TextSource.open(empty, RecordReader("source"))
    with pytest.raises(UserError, match='`- ""`'):
        TextSource.open([""], LineReader())
