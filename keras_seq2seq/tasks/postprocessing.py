"""Functions from text to text, applied to what a model wrote."""

import re

SPACE = "\u2581"  # what SentencePiece writes for a space


def strip_bpe(text):
    """Joins subwords that end in `@@`, as subword-nmt marks them."""
    return re.sub(r"(@@ )|(@@ ?$)", "", text).strip()


def decode_sentencepiece(text):
    """Joins SentencePiece pieces into text."""
    return "".join(text.split(" ")).replace(SPACE, " ").strip()


def slice_text(text, eos="SEQUENCE_END", sos="SEQUENCE_START"):
    """What stands before the first `eos`, and there after the first `sos`.

    An empty `eos` or `sos` cuts nothing off.
    """
    if eos:
        text = text.partition(eos)[0]
    if sos and sos in text:
        text = text.partition(sos)[2]
    return text.strip()


FUNCTIONS = {
    "strip_bpe": strip_bpe,
    "decode_sentencepiece": decode_sentencepiece,
    "slice_text": slice_text,
}
