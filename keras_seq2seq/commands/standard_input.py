"""Lines that another program hands over."""

import sys


def standard_input():
    """Lines of standard input, strictly UTF-8."""
    from keras_seq2seq.data.byte_lines import decode_lines

    return decode_lines(sys.stdin.buffer, "standard input")


def file_or_standard_input(path):
    """Lines of a file, or of standard input if its name is `-`."""
    from keras_seq2seq.data.lines import read_all

    return standard_input() if path == "-" else read_all(path)
