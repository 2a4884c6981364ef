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
    """What stands between the first `sos` and the first `eos`."""
    text = text.split(eos, 1)[0]
    return text.rpartition(sos)[2].strip() if sos in text else text.strip()


FUNCTIONS = {
    "strip_bpe": strip_bpe,
    "decode_sentencepiece": decode_sentencepiece,
    "slice_text": slice_text,
}
