import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keras_seq2seq.data.crc32c import LONG, masked_crc32c


def one_by_one(data):
    """The definition, bit by bit."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    crc = state ^ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def unmasked(crc):
    rotated = (int(crc) - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def test_the_published_checks_hold():
    # RFC 3720, B.4, and the catalogue's check value.
    texts = [b"123456789", bytes(32), b"\xff" * 32, bytes(range(32))]
    published = [0xE3069283, 0x8A9136AA, 0x62A8AB43, 0x46DD794E]
    assert list(map(unmasked, masked_crc32c(texts))) == published


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_many_at_once_are_each_alone(parts):
    assert masked_crc32c(parts).tolist() == list(map(one_by_one, parts))


def test_long_and_short_ones_go_together():
    generator = np.random.default_rng(3)
    lengths = (0, 3, 127, 128, 129, LONG, LONG + 1, 4096, 4097, 9000)
    parts = [generator.bytes(length) for length in lengths]
    assert masked_crc32c(parts).tolist() == list(map(one_by_one, parts))
