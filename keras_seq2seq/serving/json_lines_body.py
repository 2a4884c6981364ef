"""Bodies of the type application/jsonlines, as batch transform sends them."""

from keras_seq2seq.serving.exchange import Instance
from keras_seq2seq.serving.json_body import (
    parse,
    prediction,
    refuse_keys,
    text_in,
)
from keras_seq2seq.serving.refusal import Refusal, shown

MEDIA_TYPE = "application/jsonlines"
EXPECTED = 'Expected {"source": "text of a sentence"} on each line.'


def read(body):
    """The instances of a request, one per line.

    A blank line is a blank sentence, so that there are as many lines in the
    answer.

    Args:
        body: bytes.

    Returns:
        iterator of `Instance`.

    Raises:
        Refusal: 400, with the line, anything but the expected form.
    """
    begin, number = 0, 0
    while begin < len(body):
        end = body.find(b"\n", begin)
        end = len(body) if end < 0 else end
        yield _instance(body[begin:end], number)
        begin, number = end + 1, number + 1


def write(answers):
    """The body that holds `Answer`s, one per line, as bytes."""
    return b"".join(prediction(each) + b"\n" for each in answers)


def _instance(line, index):
    if not line.strip():
        return Instance("")
    try:
        value = parse(line, f"line {index + 1}")
        if not isinstance(value, dict):
            raise Refusal(400, f"{EXPECTED} Received {shown(value)}.")
        text = text_in(value, "source", EXPECTED)
        refuse_keys(value, ("source",), EXPECTED)
        return Instance(text)
    except Refusal as refusal:
        raise refusal.of_instance(index) from None
