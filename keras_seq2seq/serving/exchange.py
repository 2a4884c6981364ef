"""What the bodies of requests and of responses hold, whatever their form."""

from typing import Any, NamedTuple

from keras_seq2seq.serving.refusal import Refusal


class Instance(NamedTuple):
    """One sentence of a request.

    Attributes:
        source: str, text; or a tuple of int, ids without START and END.
        with_matrix: bool. Whether its attention is wanted.
    """

    source: Any
    with_matrix: bool = False


class Sentence(NamedTuple):
    """An `Instance` that is ready to be decoded.

    Attributes:
        source: str or tuple of int.
        length: int. Tokens that the model reads, END apart.
        tokens: int. Tokens before any were cut off.
        with_matrix: bool.
    """

    source: Any
    length: int
    tokens: int
    with_matrix: bool


class Answer(NamedTuple):
    """What is said about one sentence.

    Attributes:
        text: str. The target.
        ids: tuple of int. The target, without END.
        matrix: array `(target tokens with END, source tokens)` of attention
            weights, empty for a blank source; None if not wanted.
    """

    text: str
    ids: tuple = ()
    matrix: Any = None


def line_of(text):
    """A client's text as a line of a file, which is what a model reads.

    Line ends, which clients forget to cut off, are spaces.

    Raises:
        Refusal: half of a surrogate pair, which is no character.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refusal(
            400,
            "expected Unicode text. Received half of a surrogate pair, "
            f"U+{ord(text[error.start]):04X}, at character {error.start}.",
        ) from None
    if "\n" not in text and "\r" not in text:
        return text
    return text.replace("\r\n", " ").replace("\r", " ").replace("\n", " ")
