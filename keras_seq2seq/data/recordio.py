"""RecordIO files: payloads in frames of four-byte words.

A frame is a magic number, a word that holds the payload's length in its lower
29 bits, the payload, and zeros up to a multiple of four bytes; all
little-endian. The upper three bits are 0 for a whole record. A record whose
payload holds the magic number at a multiple of four is cut there, so that the
number marks nothing but frames: its parts have 1, 2, ..., 2, 3.

Source:
    dmlc-core, `recordio.h`; Amazon SageMaker, "Common data formats for
    training".
"""

import struct
from typing import NamedTuple

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
HEADER = struct.Struct("<II")
LENGTH_BITS = 29
MOST_PART_BYTES = 2**LENGTH_BITS - 1
MOST_BYTES = 1 << 26  # of one record that is read
MOST_PARTS = 4096  # of one record; a text has one
WHOLE, FIRST, MIDDLE, LAST = range(4)


class FrameError(ValueError):
    """Bytes that are no frame.

    Attributes:
        place: int. Where the frame begins.
        begin: int. Where its record begins.
    """

    def __init__(self, place, begin, fault):
        super().__init__(fault)
        self.place = place
        self.begin = begin


class Record(NamedTuple):
    """Where one record lies.

    Attributes:
        begin, end: int. Of all its frames.
        parts: list of `(begin, end)` of its payload's parts.
    """

    begin: int
    end: int
    parts: list

    def payload(self, data):
        """The payload, bytes; between parts stands the magic number."""
        if len(self.parts) == 1:
            begin, end = self.parts[0]
            return bytes(data[begin:end])
        parts = [bytes(data[begin:end]) for begin, end in self.parts]
        return MAGIC_BYTES.join(parts)


def frame(payload):
    """One record.

    Args:
        payload: bytes, less than 512 MiB.

    Returns:
        bytes.
    """
    cuts = list(_magic_places(payload))
    begins = [0, *(cut + len(MAGIC_BYTES) for cut in cuts)]
    ends = [*cuts, len(payload)]
    flags = [WHOLE] if not cuts else [FIRST, *[MIDDLE] * (len(cuts) - 1), LAST]
    written = []
    for flag, begin, end in zip(flags, begins, ends, strict=True):
        length = end - begin
        if length > MOST_PART_BYTES:
            raise ValueError(
                f"A part must have at most {MOST_PART_BYTES} bytes. Received: "
                f"{length}"
            )
        written.append(HEADER.pack(MAGIC, flag << LENGTH_BITS | length))
        written.append(payload[begin:end] + bytes(-length % 4))
    return b"".join(written)


def _magic_places(payload):
    place = payload.find(MAGIC_BYTES)
    while place >= 0:
        if place % 4:
            place = payload.find(MAGIC_BYTES, place + 1)
        else:
            yield place
            place = payload.find(MAGIC_BYTES, place + len(MAGIC_BYTES))


def records(data, size=None):
    """The records in a buffer, one by one.

    Args:
        data: bytes, or a file that is mapped into memory.
        size: int or None. Bytes of it that count; None for all.

    Yields:
        `Record`.

    Raises:
        FrameError: at the first frame that is none, is cut off, or is a part
            out of its order.
    """
    size = len(data) if size is None else size
    place, last = 0, size - HEADER.size
    while place < size:
        begin = place
        # Nearly all are whole, and there may be millions.
        if place <= last:
            magic, length = HEADER.unpack_from(data, place)
            content = place + HEADER.size
            end = content + length
            if magic == MAGIC and length <= MOST_BYTES and end <= size:
                place = min(end + -length % 4, size)
                yield Record(begin, place, [(content, end)])
                continue
        record = _record(data, place, size)
        place = record.end
        yield record


def _record(data, begin, size):
    """A record of any number of parts."""
    place, parts, flag, total = begin, [], FIRST, 0
    while flag in (FIRST, MIDDLE):
        expected = (MIDDLE, LAST) if parts else (WHOLE, FIRST)
        flag, content, end = _part(data, place, size, begin, expected)
        parts.append((content, end))
        total += end - content
        if total > MOST_BYTES or len(parts) > MOST_PARTS:
            fault = f"a record of more than {MOST_BYTES} bytes, or of more "
            fault += f"than {MOST_PARTS} parts"
            raise FrameError(place, begin, fault)
        # A last frame without its zeros is whole for all that.
        place = min(end + -(end - content) % 4, size)
    return Record(begin, place, parts)


def _part(data, place, size, begin, expected):
    """Flag of a frame, and where its part of the payload begins and ends."""
    header = bytes(data[place : min(place + HEADER.size, size)])
    if not MAGIC_BYTES.startswith(header[:4]):
        fault = f"{header[:4].hex(' ')} instead of {MAGIC_BYTES.hex(' ')}"
        raise FrameError(place, begin, fault)
    if len(header) < HEADER.size:
        fault = (
            f"the first {len(header)} bytes of it alone"
            if header
            else "the end of the data"
        )
        raise FrameError(place, begin, fault)
    word = HEADER.unpack(header)[1]
    flag, length = word >> LENGTH_BITS, word & MOST_PART_BYTES
    content = place + HEADER.size
    if flag not in expected:
        wanted = " or ".join(map(str, expected))
        fault = f"the continuation flag {flag}, where {wanted} stands"
        raise FrameError(place, begin, fault)
    if length > MOST_BYTES:
        fault = (
            f"a length of {length} bytes, of which {MOST_BYTES} are the most"
        )
        raise FrameError(place, begin, fault)
    if content + length > size:
        fault = f"a length of {length} bytes, of which {size - content} follow"
        raise FrameError(place, begin, fault)
    return flag, content, content + length
