import json

import numpy as np
import pytest

from keras_seq2seq.data import mapped_file
from keras_seq2seq.data.id_pairs import IdPairs
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import frame
from keras_seq2seq.data.recordio_reader import RecordIOReader
from keras_seq2seq.data.selection import select_pairs
from keras_seq2seq.data.text_source import (
    TextSource,
    describe_reader,
    rebuild_reader,
)
from keras_seq2seq.errors import UserError
from tests.data.corpora import words, write

SIZE = 11  # words a to g, and four specials
BOTH = [RecordIOReader(field, SIZE) for field in ("source", "target")]
ROWS = [([4 + i % 7] * (1 + i % 3), [10, 1][: 1 + i % 2]) for i in range(50)]


def record(source, target):
    return frame(write_record({"source": source, "target": target}))


def write_rows(path, rows=ROWS):
    return write(path, b"".join(record(*row) for row in rows))


def read(path, reader=BOTH[0]):
    return list(TextSource.open(path, reader))


def test_ids_are_those_of_the_file_in_order(tmp_path):
    path = write_rows(tmp_path / "r")
    found = [read(path, reader) for reader in BOTH]
    assert list(zip(*found, strict=True)) == ROWS


def test_ranges_read_alone_make_up_the_file(tmp_path, monkeypatch):
    path = write_rows(tmp_path / "r")
    monkeypatch.setattr(mapped_file, "SPAN_BYTES", 200)
    spans = BOTH[0].spans(path)
    assert len(spans) > 5
    found = [
        ids
        for span in spans
        for block in BOTH[0].blocks(path, *span)
        for ids in block
    ]
    assert found == [source for source, _ in ROWS]


@pytest.mark.parametrize("in_memory_bytes", [0, 10**6])
def test_a_corpus_has_the_ids_as_they_are(tmp_path, in_memory_bytes):
    paths = [
        write_rows(tmp_path / "r1", ROWS[:20]),
        write_rows(tmp_path / "r2", ROWS[20:]),
    ]
    sides = [TextSource.open(paths, reader) for reader in BOTH]
    pairs = ParallelText(
        *sides,
        source_tokenizer=words(),
        source_max_length=2,
        append_end=False,
        in_memory_bytes=in_memory_bytes,
        cache_dir=tmp_path / "cache",
    )
    assert len(pairs) == 50
    for i, (source, target) in enumerate(ROWS):
        np.testing.assert_array_equal(pairs.source(i), source[:2])
        np.testing.assert_array_equal(pairs.target(i), target)
    assert pairs.unsliced_source_lengths[2] == 3
    assert pairs.places([0, 21]) == {str(paths[0]): [1], str(paths[1]): [2]}


def test_pairs_are_told_as_texts(tmp_path):
    path = write_rows(tmp_path / "r", [([4, 1], [10]), ([5], [4, 4])])
    pairs = IdPairs.open([path], ("source", "target"), (words(), words()))
    assert list(pairs) == [("a <unk>", "g"), ("b", "a a")]
    assert pairs.has_targets
    source = IdPairs.open([path], ("source",), (words(), words()))
    assert list(source.sources()) == ["a <unk>", "b"]
    assert not source.has_targets


@pytest.mark.parametrize("in_memory_bytes", [0, 10**6])
def test_empty_sides_are_known_to_be_empty(tmp_path, in_memory_bytes):
    path = write_rows(tmp_path / "r", [([4], [5]), ([], [6]), ([7], [])])
    pairs = ParallelText(
        *(TextSource.open(path, reader) for reader in BOTH),
        source_tokenizer=words(),
        append_end=False,
        in_memory_bytes=in_memory_bytes,
        cache_dir=tmp_path / "cache",
    )
    found = select_pairs(pairs, empty="drop")
    assert (found.read, found.empty, len(found.pairs)) == (3, 2, 1)
    with pytest.raises(UserError, match="no pair is left of 2"):
        select_pairs(pairs.take(np.array([1, 2])), empty="drop")


def test_a_reader_that_was_described_reads_alike(tmp_path):
    described = json.loads(json.dumps(describe_reader(BOTH[1])))
    path = write_rows(tmp_path / "r")
    assert read(path, rebuild_reader(described)) == read(path, BOTH[1])


GOOD = b"".join(record(*row) for row in ROWS)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (GOOD + record([4, 0], [4]), "has the id 0 at position 1 .*is <pad>"),
        (GOOD + record([2], [4]), "has the id 2 at position 0 .*is <s>"),
        (GOOD + record([4, 4, 3], [4]), "has the id 3 .*position 2 .*is </s>"),
        (
            GOOD + record([-1], [4]),
            "has the id -1 .*vocabulary 11 ids",
        ),
        (
            GOOD + record([11], [4]),
            "has the id 11 at .* 11 ids, 0 to 10",
        ),
        (
            GOOD + frame(write_record({"source_ids": [4], "target_ids": [4]})),
            r"has features \['source_ids', 'target_ids'\], expected source",
        ),
        (GOOD + b"oops", "expected a RecordIO frame.* Received: 6f 6f 70 73"),
        (GOOD + record([4], [4])[:-20], "of which"),
    ],
)
@pytest.mark.parametrize("spans", [200, 10**6])
def test_bad_records_are_told_with_file_number_and_byte(
    tmp_path, monkeypatch, spans, data, told
):
    monkeypatch.setattr(mapped_file, "SPAN_BYTES", spans)
    path = write(tmp_path / "r", data)
    place = rf"{path}: record 50 \(from 0\) at byte {len(GOOD)}: "
    with pytest.raises(UserError, match=f"{place}.*{told}"):
        read(path)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a sentence\n", "sagemaker prepare"),
        (b"\x1f\x8b\x08" + bytes(30), "unpack it with gunzip"),
    ],
)
def test_other_files_are_told_with_what_to_do(tmp_path, data, told):
    with pytest.raises(UserError, match=f"record 0 .*{told}"):
        read(write(tmp_path / "r", data))
