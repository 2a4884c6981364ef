import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data import mapped_file, records
from keras_seq2seq.data.crc32c import masked_crc32c
from keras_seq2seq.data.example_proto import read_text, write_example
from keras_seq2seq.data.records import (
    RecordReader,
    frame,
    frame_pairs,
    shard_paths,
    write_records,
)
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.errors import UserError
from tests.data.corpora import write

PAIRS = [(f"a b {i}", f"ö 笑 {i}") for i in range(40)]


def read(path, field="source", **options):
    return list(TextSource.open(path, RecordReader(field, **options)))


def header(length):
    packed = struct.pack("<Q", length)
    return packed + masked_crc32c([packed]).astype("<u4").tobytes()


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=5))
def test_what_is_written_is_read(pairs):
    contents = [write_example({"s": s, "t": t}) for s, t in pairs]
    again = [(read_text(c, "s"), read_text(c, "t")) for c in contents]
    assert again == pairs


def test_tensorflow_reads_what_is_written_and_the_other_way_round(tmp_path):
    tf = pytest.importorskip("tensorflow")
    (path,) = write_records(tmp_path / "r", PAIRS, len(PAIRS))
    text = tf.io.FixedLenFeature([], tf.string)
    found = [
        tf.io.parse_single_example(one, {"source": text, "target": text})
        for one in tf.data.TFRecordDataset(str(path), buffer_size=1000)
    ]
    assert [
        tuple(one[side].numpy().decode() for side in ("source", "target"))
        for one in found
    ] == PAIRS
    theirs = tmp_path / "theirs"
    with tf.io.TFRecordWriter(str(theirs)) as writer:
        for source, target in PAIRS:
            example = tf.train.Example()
            for name, value in (("source", source), ("target", target)):
                feature = example.features.feature[name]
                feature.bytes_list.value.append(value.encode())
            example.features.feature["id"].int64_list.value.append(3)
            example.features.feature["x"].float_list.value.append(0.5)
            writer.write(example.SerializeToString())
    assert read(theirs) == [source for source, _ in PAIRS]
    assert read(theirs, "target") == [target for _, target in PAIRS]


def test_shards_keep_the_order_and_equal_pairs_give_equal_files(tmp_path):
    for name in ("one", "two"):
        paths = write_records(tmp_path / name / "r.gz", PAIRS, 40, shards=3)
    assert [path.name for path in paths] == [
        f"r-0000{i}-of-00003.gz" for i in range(3)
    ]
    assert read(tmp_path / "two" / "*") == [source for source, _ in PAIRS]
    for path in paths:
        other = tmp_path / "one" / path.name
        assert other.read_bytes() == path.read_bytes()
    assert shard_paths("a/r", 1)[0].name == "r"


def test_nothing_is_written_if_anything_fails(tmp_path):
    with pytest.raises(ValueError, match="more pairs"):
        write_records(tmp_path / "r", PAIRS[:3], 5, shards=2)
    assert list(tmp_path.iterdir()) == []


def test_ranges_read_alone_make_up_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped_file, "SPAN_BYTES", 200)
    (path,) = write_records(tmp_path / "r", PAIRS, 40)
    reader = RecordReader("source")
    spans = reader.spans(path)
    assert len(spans) > 5
    assert [end for _, end in spans[:-1]] == [begin for begin, _ in spans[1:]]
    parts = [
        text
        for span in spans[::-1]
        for block in reader.blocks(path, *span)
        for text in block[::-1]
    ]
    assert parts[::-1] == [source for source, _ in PAIRS]


@pytest.mark.parametrize("size", [1, 13, 100, 10**6])
def test_gzip_is_unpacked_in_pieces_of_any_size(tmp_path, monkeypatch, size):
    monkeypatch.setattr(records, "GZIP_BYTES", size)
    (path,) = write_records(tmp_path / "r", PAIRS, 40, compress=True)
    assert read(path, compression="gzip") == [source for source, _ in PAIRS]


def test_a_missing_target_is_empty_and_a_missing_source_is_told(tmp_path):
    path = write(tmp_path / "r", frame_pairs([("a", None), ("b", "c")]))
    assert read(path, "target", required=False) == ["", "c"]
    with pytest.raises(UserError, match="record 1.*no feature 'target'"):
        read(path, "target")
    with pytest.raises(UserError, match="'text'; it has 'source'"):
        read(path, "text")


def spoilt(change):
    """The records with one change, and the number of the first bad one."""
    data = bytearray(frame_pairs(PAIRS))
    begins = [begin for begin, _ in records._frames(data, 0, len(data))]
    return bytes(change(data, begins))


def flip(data, place):
    data[place] ^= 1
    return data


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d, b: flip(d, b[6] + 1), "record 7: .*of its length"),
        (lambda d, b: flip(d, b[6] + 9), "record 7: .*of its length"),
        (lambda d, b: flip(d, b[7] + 20), "record 8: .*of its content"),
        (lambda d, b: flip(d, b[8] - 1), "record 8: .*of its content"),
        (lambda d, b: d[: b[9] + 5], "record 10: .*first 5 bytes alone"),
        (lambda d, b: d[: b[9] + 30], "record 10: .*fewer in the file"),
        (lambda d, b: d[: b[3]] + header(2**63), "record 4: .*are the most"),
        (lambda d, b: d[: b[3]] + header(2**20), "record 4: .*fewer in the"),
        (lambda d, b: b"a line of text\n" * 9, "record 1: .*of its length"),
        (
            lambda d, b: gzip.compress(bytes(d)),
            "record 1: .*say compression: gzip",
        ),
        (lambda d, b: frame([b"\xff\xff"]), "record 1: .*no tf.Example"),
        (
            lambda d, b: frame([write_example({"source": "?"})[:-1] + b"\xff"]),
            "record 1: .*not UTF-8: byte 0xff",
        ),
    ],
)
@pytest.mark.parametrize("spans", [150, 10**6])
def test_damage_is_told_with_the_record(
    tmp_path, monkeypatch, spans, change, told
):
    monkeypatch.setattr(mapped_file, "SPAN_BYTES", spans)
    path = write(tmp_path / "r", spoilt(change))
    with pytest.raises(UserError, match=f"{path}: {told}"):
        read(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d[:-9], "no gzip"),
        (lambda d: b"text", "no gzip"),
        (lambda d: flip(bytearray(d), len(d) - 2), "no gzip"),
        (lambda d: gzip.compress(b""), "expected records. Received: none"),
        (
            lambda d: gzip.compress(frame([b"\x0a\x00"]) + header(2**25)),
            "record 1: .*no feature",
        ),
    ],
)
def test_damaged_gzip_is_told(tmp_path, change, told):
    whole = gzip.compress(frame_pairs(PAIRS))
    path = write(tmp_path / "r.gz", bytes(change(whole)))
    with pytest.raises(UserError, match=f"{path}: {told}|{path}: .*{told}"):
        read(path)


def test_a_length_that_lies_takes_no_memory(tmp_path):
    lying = [header(records.MOST_BYTES), header(2**40)]
    files = [write(tmp_path / f"{i}", data) for i, data in enumerate(lying)]
    files += [
        write(tmp_path / f"{i}.gz", gzip.compress(data))
        for i, data in enumerate(lying)
    ]
    tracemalloc.start()
    for path in files:
        with pytest.raises(UserError, match="record 1"):
            read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20


def test_other_kinds_and_numbers_of_values_are_told():
    def example(feature):
        def message(number, content):
            return bytes([number << 3 | 2, len(content)]) + content

        entry = message(1, b"n") + message(2, feature)
        return message(1, message(1, entry))

    integers = bytes([3 << 3 | 2, 3, 0x0A, 1, 7])
    two = bytes([1 << 3 | 2, 6]) + b"\x0a\x01a\x0a\x01b"
    with pytest.raises(ValueError, match="holds integers, not text"):
        read_text(example(integers), "n")
    with pytest.raises(ValueError, match="2 values"):
        read_text(example(two), "n")
    assert read_text(example(b""), "n", required=False) == ""


@given(st.binary(max_size=80))
def test_any_bytes_are_an_example_or_refused(data):
    try:
        assert isinstance(read_text(data, "source", required=False), str)
    except ValueError as error:
        assert str(error)


def test_checksums_agree_with_tensorflow(tmp_path):
    tf = pytest.importorskip("tensorflow")
    path = tmp_path / "r"
    contents = [np.random.default_rng(i).bytes(i * 37) for i in range(9)]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for content in contents:
            writer.write(content)
    assert path.read_bytes() == frame(contents)
