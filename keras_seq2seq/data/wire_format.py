"""Protocol buffers' wire format: fields of a message, in and out.

Read by hand, so that the processes that encode data need no other library.

Source:
    https://protobuf.dev/programming-guides/encoding.
"""

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)  # wire types
FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
MOST_NUMBER = 2**29 - 1  # of a field
SIXTY_FOUR_BITS = 2**64 - 1
MOST_SHIFT = 63  # of the last of ten bytes


class WireError(ValueError):
    """Bytes that are no message, with the place and the reason."""


def fields(data, begin=0, end=None):
    """The fields of a message, one by one; groups are skipped.

    Args:
        data: bytes.
        begin, end: int. Where the message begins and ends in `data`.

    Yields:
        `(number, wire type, begin, end)` of the content of each field.

    Raises:
        WireError: a number of more than 10 bytes, a field that is cut off, of
            an unknown type, or of an impossible number.
    """
    place = begin
    end = len(data) if end is None else end
    groups = []
    while place < end:
        number, kind, content, after = _field(data, place, end)
        if kind == GROUP:
            groups.append(number)
        elif kind == GROUP_END:
            if not groups or groups.pop() != number:
                raise WireError(f"the end of no group at byte {place}")
        elif not groups:
            yield number, kind, content, after
        place = after
    if groups:
        raise WireError(f"a group without end at byte {place}")


def _field(data, place, end):
    """Number, wire type, and begin and end of the content of a field."""
    key, content = varint(data, place, end)
    number, kind = key >> 3, key & 7
    if not 0 < number <= MOST_NUMBER:
        raise WireError(f"a field with the number {number} at byte {place}")
    content, after = _content(data, kind, content, end)
    if after > end:
        raise WireError(f"a field that is cut off at byte {place}")
    return number, kind, content, after


def _content(data, kind, place, end):
    """Begin and end of the content of a field of a wire type."""
    if kind == VARINT:
        return place, varint(data, place, end)[1]
    if kind == BYTES:
        length, place = varint(data, place, end)
        return place, place + length
    if kind in (GROUP, GROUP_END):
        return place, place
    if kind not in FIXED_SIZES:
        raise WireError(f"a field of the wire type {kind} at byte {place}")
    return place, place + FIXED_SIZES[kind]


def varint(data, place, end):
    """A number of 7 bits per byte.

    Returns:
        int in [0, 2**64), and the place after it.

    Raises:
        WireError: it is cut off, or longer than 10 bytes.
    """
    number, begin = 0, place
    for shift in range(0, 70, 7):
        if place >= end:
            raise WireError(f"a number that is cut off at byte {begin}")
        byte = data[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & SIXTY_FOUR_BITS, place
    raise WireError(f"a number of more than 10 bytes at byte {begin}")


def signed_varints(data, begin, end):
    """Numbers one after the other, as `int32` and `int64` are packed.

    Returns:
        list of int in [-2**63, 2**63).

    Raises:
        WireError: as `varint`.
    """
    found = []
    number = shift = 0
    for byte in data[begin:end]:  # the one loop over all of a corpus
        number |= (byte & 127) << shift
        if byte < 128:
            found.append(number)
            number = shift = 0
        elif shift == MOST_SHIFT:
            raise WireError(f"a number of more than 10 bytes from byte {begin}")
        else:
            shift += 7
    if shift:
        raise WireError(f"a number that is cut off in front of byte {end}")
    if found and max(found) >> 63:
        return [_signed(number & SIXTY_FOUR_BITS) for number in found]
    return found


def _signed(number):
    return number - 2**64 if number >> 63 else number


def message(number, content):
    """A field that holds bytes: text, a message, or packed numbers.

    Args:
        number: int. The field's.
        content: bytes.

    Returns:
        bytes.
    """
    key = _write_varint(number << 3 | BYTES)
    return key + _write_varint(len(content)) + content


def packed(number, values):
    """A field of packed `int32` or `int64`; nothing if there are none.

    A negative number takes ten bytes.
    """
    if not values:
        return b""
    return message(number, b"".join(map(_write_varint, values)))


def _write_varint(number):
    if 0 <= number < 128:
        return bytes((number,))
    number &= SIXTY_FOUR_BITS
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)
