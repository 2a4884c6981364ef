import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.wire_format import (
    WireError,
    fields,
    message,
    packed,
    signed_varints,
    varint,
)

INT64 = st.integers(-(2**63), 2**63 - 1)


def test_numbers_have_seven_bits_per_byte():
    assert varint(b"\xac\x02", 0, 2) == (300, 2)
    assert packed(1, [300]) == b"\x0a\x02\xac\x02"


def test_a_negative_number_takes_ten_bytes():
    content = packed(1, [-1])
    assert content == b"\x0a\x0a" + b"\xff" * 9 + b"\x01"
    assert signed_varints(content, 2, len(content)) == [-1]


@given(st.lists(INT64))
def test_packed_numbers_come_back(values):
    content = packed(3, values)
    found = [signed_varints(content, b, e) for _, _, b, e in fields(content)]
    assert found == ([values] if values else [])


def test_fields_of_every_wire_type_are_found_and_groups_are_skipped():
    content = (
        b"\x08\x05"  # 1: 5
        b"\x11" + bytes(8)  # 2: eight bytes
        + b"\x1b\x08\x07\x23\x24\x1c"  # 3: a group, with a group in it
        + message(4, b"ab")
        + b"\x2d" + bytes(4)  # 5: four bytes
    )  # fmt: skip
    found = [(n, kind, end - begin) for n, kind, begin, end in fields(content)]
    assert found == [(1, 0, 1), (2, 1, 8), (4, 2, 2), (5, 5, 4)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x08", "a number that is cut off at byte 1"),
        (b"\x08" + b"\xff" * 10 + b"\x00", "more than 10 bytes at byte 1"),
        (b"\x08\x01\x0a\x05ab", "a field that is cut off at byte 2"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "cut off at byte 0"),
        (b"\x11\x00", "cut off at byte 0"),
        (b"\x00\x01", "the number 0 at byte 0"),
        (b"\x0e", "the wire type 6 at byte 1"),
        (b"\x0b\x08\x01", "a group without end at byte 3"),
        (b"\x0b\x14", "the end of no group at byte 1"),
        (b"\x0c", "the end of no group at byte 0"),
    ],
)
def test_what_is_no_message_is_refused_with_its_place(content, told):
    with pytest.raises(WireError, match=told):
        list(fields(content))
