import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.record_proto import read_ids, write_record
from keras_seq2seq.data.wire_format import message, packed

BOTH = ("source", "target")
# Checked against google.protobuf.
GOLDEN = bytes.fromhex(
    "0a120a06736f7572636512083a060a040405ac02"
    "0a100a0674617267657412063a040a020708"
)
IDS = st.lists(st.integers(-(2**31), 2**31 - 1))


def entry(name, *values, field=1):
    """A feature with values as they are written."""
    parts = [message(2, value) for value in values]
    return message(field, message(1, name.encode()) + b"".join(parts))


def int32(*contents):
    return message(7, b"".join(contents))


TARGET = entry("target", int32(packed(1, [7])))


def test_the_golden_record_is_written_byte_for_byte():
    assert write_record({"source": [4, 5, 300], "target": [7, 8]}) == GOLDEN


def test_the_golden_record_is_read():
    assert read_ids(GOLDEN, BOTH) == [[4, 5, 300], [7, 8]]
    assert read_ids(GOLDEN, ["target"]) == [[7, 8]]


@given(IDS, IDS)
def test_ids_come_back(source, target):
    record = write_record({"source": source, "target": target})
    assert read_ids(record, BOTH) == [source, target]


@pytest.mark.parametrize(
    "value",
    [
        int32(b"\x08\x04", b"\x08\xac\x02"),  # not packed
        int32(packed(1, [4]), b"\x08\xac\x02"),  # mixed
        int32(packed(1, [4]), packed(1, [300])),  # in two pieces
        int32(packed(1, [4])) + int32(packed(1, [300])),  # of one oneof
        int32(packed(2, [9]), packed(1, [4, 300]), packed(3, [2])),  # sparse
        b"\x98\x06\x01" + int32(b"\x98\x06\x01", packed(1, [4, 300])),  # 99
        message(2, b"\x0a\x04abcd") + int32(packed(1, [4, 300])),  # last wins
    ],
)
def test_ids_are_read_however_they_are_written(value):
    record = entry("source", value) + TARGET
    assert read_ids(record, BOTH) == [[4, 300], [7]]


def test_entries_may_stand_in_any_order_with_others():
    record = (
        entry("weight", message(2, packed(1, [1])))
        + TARGET
        + message(3, b"uid")
        + entry("source", int32(packed(1, [9])))
        + entry("source", int32(packed(1, [4])))
    )
    assert read_ids(record, BOTH) == [[4], [7]]


def test_the_value_may_stand_before_the_name_and_in_pieces():
    record = message(
        1,
        message(2, int32(packed(1, [4])))
        + message(1, b"source")
        + message(2, int32(packed(1, [5]))),
    )
    assert read_ids(record, ["source"]) == [[4, 5]]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (
            entry("source_ids", int32()) + entry("target_ids", int32()),
            r"has features \['source_ids', 'target_ids'\], expected source and "
            "target",
        ),
        (b"", r"has features \[\], expected"),
        (
            entry("source", int32()) + entry("target", int32(), field=2),
            r"\['source'\].*; the label map has 'target'",
        ),
        (
            entry("source", message(2, b"")) + TARGET,
            "has a float32 tensor in the feature 'source', expected an int32",
        ),
        (entry("source", message(9, b"a")) + TARGET, "has bytes in"),
        (entry("source") + TARGET, "has nothing in"),
        (
            entry("source", int32(packed(1, [2**31]))) + TARGET,
            "has the id 2147483648, which is no int32",
        ),
        (
            entry("source", int32(b"\x0d\x00\x00\x00\x00")) + TARGET,
            "values that are no integers at byte",
        ),
        (GOLDEN[:-1], "is no protobuf Record: a field that is cut off at byte"),
        (
            entry("source", int32(message(1, b"\xff" * 11))) + TARGET,
            "more than 10 bytes",
        ),
    ],
)
def test_other_records_are_refused_with_the_reason(record, told):
    with pytest.raises(ValueError, match=told):
        read_ids(record, BOTH)
