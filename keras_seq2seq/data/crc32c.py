"""The checksum of TFRecords, of many byte strings at once."""

import functools

import numpy as np

POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits reversed
INVERTED = bytes(255 - byte for byte in range(256))
LONG = 2048  # bytes


def _table():
    state = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        state = (state >> 1) ^ (state & 1) * np.uint32(POLYNOMIAL)
    return state


TABLE = _table()


def masked_crc32c(parts):
    """Masked CRC-32C of byte strings.

    Args:
        parts: sequence of N bytes objects.

    Returns:
        uint32 array `(N,)`.

    Source:
        TensorFlow, `core/lib/hash/crc32c.h`; RFC 3720, appendix B.4.
    """
    crcs = np.zeros(len(parts), np.uint32)
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    # Long ones in larger chunks: both loops of Python stay short.
    for chosen, chunk in ((lengths <= LONG, 128), (lengths > LONG, 4096)):
        own = np.flatnonzero(chosen)
        if len(own):
            crcs[own] = _crc32c([parts[i] for i in own], lengths[own], chunk)
    rotated = (crcs >> np.uint32(15)) | (crcs << np.uint32(17))
    return rotated + np.uint32(0xA282EAD8)


def _crc32c(parts, lengths, chunk):
    """Advances all chunks of all parts together, then joins each part's.

    The chunks begin with a state of zero, to which zeros in front of a part
    do nothing. That a part begins with a state of ones is made up for by
    inverting its first four bytes.
    """
    filled = b"".join(
        piece
        for part in parts
        for piece in (
            bytes(-len(part) % chunk),
            part[:4].translate(INVERTED),
            part[4:],
        )
    )
    columns = np.frombuffer(filled, np.uint8).reshape(-1, chunk).T.copy()
    chunks = np.zeros(columns.shape[1], np.uint32)
    for column in columns:
        chunks = TABLE[chunks.astype(np.uint8) ^ column] ^ (chunks >> 8)
    counts = -(-lengths // chunk)
    first = np.cumsum(counts) - counts
    states = np.zeros(len(parts), np.uint32)
    for step in range(counts.max()):
        longer = np.flatnonzero(counts > step)
        joined = _jumped(states[longer], chunk)
        states[longer] = joined ^ chunks[first[longer] + step]
    for length in range(4):  # ones that no byte was there to take
        left = np.uint32(0xFFFFFFFF) >> np.uint32(8 * length)
        states[lengths == length] ^= left
    return ~states


def _jumped(states, chunk):
    """States advanced by a chunk of zeros."""
    tables = _jumps(chunk)
    jumped = np.zeros_like(states)
    for number, table in enumerate(tables):
        jumped ^= table[(states >> np.uint32(8 * number)).astype(np.uint8)]
    return jumped


@functools.cache
def _jumps(chunk):
    """What a chunk of zeros makes of each byte of a state, `(4, 256)`."""
    shifts = 8 * np.arange(4, dtype=np.uint32)
    states = np.arange(256, dtype=np.uint32) << shifts[:, None]
    for _ in range(chunk):
        states = TABLE[states.astype(np.uint8)] ^ (states >> 8)
    return states
