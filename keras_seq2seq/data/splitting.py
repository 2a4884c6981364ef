"""How a delimiter cuts a line into tokens."""

import re

# What `str.split()` splits at; decoded text has the first of them.
WHITESPACE = " " + "".join(
    chr(code) for code in range(0x3001) if chr(code).isspace() and code != 32
)


def splitter(delimiter):
    """Function that cuts a text into tokens.

    Args:
        delimiter: str. One character splits at it; several characters are a
            set, each of which splits; `""` gives the Unicode characters
            (code points) of the text, spaces among them.

    Returns:
        Function from str to list of str, without empty tokens.

    Source:
        google/seq2seq, `data/split_tokens_decoder.py`, which split bytes.
    """
    if delimiter == "":
        return list
    if len(delimiter) == 1:
        return lambda text: [t for t in text.split(delimiter) if t]
    cut = re.compile("[" + re.escape(delimiter) + "]").split
    return lambda text: [t for t in cut(text) if t]
