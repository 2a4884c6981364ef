"""Lines that another program hands over."""

import sys


def standard_input():
    """Lines of standard input, strictly UTF-8."""
    from keras_seq2seq.data.byte_lines import decode_lines

    return decode_lines(sys.stdin.buffer, "standard input")
