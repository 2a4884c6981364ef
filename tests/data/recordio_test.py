import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import (
    MAGIC_BYTES,
    MOST_BYTES,
    FrameError,
    frame,
    records,
)

PIECES = st.lists(st.sampled_from([MAGIC_BYTES, b"\x0a\x23", b"abcd", b"x"]))


def read(data):
    return [record.payload(data) for record in records(data)]


def header(flag, length):
    return MAGIC_BYTES + struct.pack("<I", flag << 29 | length)


def test_the_golden_record_is_framed_byte_for_byte():
    payload = write_record({"source": [4, 5, 300], "target": [7, 8]})
    framed = bytes.fromhex(f"0a23d7ce26000000{payload.hex()}0000")
    assert len(framed) == 48
    assert frame(payload) == framed
    assert read(framed) == [payload]


@given(st.lists(PIECES.map(b"".join)))
def test_payloads_come_back_in_frames_of_whole_words(payloads):
    data = b"".join(map(frame, payloads))
    assert len(data) % 4 == 0
    assert read(data) == payloads


@pytest.mark.parametrize(
    ("payload", "framed"),
    [
        (MAGIC_BYTES, header(1, 0) + header(3, 0)),
        (b"abcd" + MAGIC_BYTES, header(1, 4) + b"abcd" + header(3, 0)),
        (
            MAGIC_BYTES + b"abcd" + MAGIC_BYTES + b"x",
            header(1, 0) + header(2, 4) + b"abcd" + header(3, 1) + b"x\0\0\0",
        ),
        # Not at a multiple of four: it can't be mistaken for a frame.
        (b"x" + MAGIC_BYTES, header(0, 5) + b"x" + MAGIC_BYTES + b"\0\0\0"),
    ],
)
def test_a_payload_is_cut_where_it_holds_the_magic_number(payload, framed):
    assert frame(payload) == framed
    assert read(framed) == [payload]


def test_a_whole_record_may_hold_the_magic_number():
    data = header(0, 8) + b"abcd" + MAGIC_BYTES
    assert read(data) == [b"abcd" + MAGIC_BYTES]


def test_the_last_record_needs_no_zeros():
    assert read(frame(b"ab") + frame(b"abc")[:-1]) == [b"ab", b"abc"]


@pytest.mark.parametrize(
    ("data", "place", "told"),
    [
        (b"text text", 0, "74 65 78 74 instead of 0a 23 d7 ce"),
        (frame(b"ab") + b"\0\0\0\0", 12, "00 00 00 00 instead of"),
        (frame(b"ab") + MAGIC_BYTES, 12, "the first 4 bytes of it alone"),
        (frame(b"ab") + MAGIC_BYTES[:2], 12, "the first 2 bytes of it alone"),
        (header(0, 9) + b"abc", 0, "a length of 9 bytes, of which 3 follow"),
        (header(0, MOST_BYTES + 1), 0, f"of which {MOST_BYTES} are"),
        (header(2, 0), 0, "flag 2, where 0 or 1"),
        (header(5, 0), 0, "flag 5, where 0 or 1"),
        (header(1, 0) + header(0, 0), 8, "flag 0, where 2 or 3"),
        (header(1, 0), 8, "the end of the data"),
    ],
)
def test_what_is_no_frame_is_refused_with_its_place(data, place, told):
    with pytest.raises(FrameError, match=told) as error:
        read(data)
    assert error.value.place == place


def test_empty_parts_of_a_record_take_little_memory():
    data = header(1, 0) + header(2, 0) * 50_000 + header(3, 0)
    tracemalloc.start()
    with pytest.raises(FrameError, match="more than 4096 parts"):
        read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_length_that_lies_takes_no_memory():
    data = header(0, MOST_BYTES) + b"abc"
    tracemalloc.start()
    with pytest.raises(FrameError):
        read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
