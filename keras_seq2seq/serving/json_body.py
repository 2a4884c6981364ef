"""Bodies of the type application/json."""

import json

from keras_seq2seq.serving.exchange import Instance, line_of
from keras_seq2seq.serving.refusal import Refusal, shown

MEDIA_TYPE = "application/json"
EXPECTED = (
    'Expected {"instances": [{"data": "text of a sentence"}, ...]}, each '
    'instance with "configuration": {"attention_matrix": "true"} or without.'
)
DIGITS = 6  # of attention weights
SWITCHES = {True: True, False: False, "true": True, "false": False}


def read(body):
    """The instances of a request, one by one.

    Args:
        body: bytes.

    Returns:
        iterator of `Instance`.

    Raises:
        Refusal: 400, anything but the expected form.
    """
    document = parse(body, MEDIA_TYPE)
    if not isinstance(document, dict):
        raise Refusal(400, f"{EXPECTED} Received {shown(document)}.")
    if "instances" not in document:
        raise Refusal(
            400,
            f"{EXPECTED} Received the keys {_keys(document)}{_hint(document)}.",
        )
    refuse_keys(document, ("instances",), EXPECTED)
    instances = document["instances"]
    if not isinstance(instances, list):
        raise Refusal(
            400, f"{EXPECTED} Received as instances {shown(instances)}."
        )
    return (_instance(one, index) for index, one in enumerate(instances))


def write(answers):
    """The body that holds `Answer`s, as bytes."""
    parts = [b'{"predictions": [']
    for index, answer in enumerate(answers):
        parts += [b", " if index else b"", prediction(answer)]
    return b"".join([*parts, b"]}"])


def prediction(answer):
    """An `Answer` as the text of an object, in UTF-8.

    Matrices are written row by row: while `json` writes, it keeps all other
    threads waiting, and a number takes ten times as much memory in a list.
    """
    target = f'"target": {_written(answer.text)}'
    if answer.matrix is None:
        return f"{{{target}}}".encode()
    rows = ", ".join(
        _written(row.astype("float64").round(DIGITS).tolist())
        for row in answer.matrix
    )
    return f'{{{target}, "matrix": [{rows}]}}'.encode()


def parse(text, name):
    """A JSON value.

    Args:
        text: bytes of UTF-8.
        name: str. What messages call it.

    Raises:
        Refusal: 400, not UTF-8 or not JSON.
    """
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Refusal(
            400,
            f"{name}: expected UTF-8. Received byte "
            f"0x{text[error.start]:02x} at position {error.start}.",
        ) from None
    except RecursionError:
        raise Refusal(400, f"{name}: is nested too deeply.") from None
    except ValueError as error:
        raise Refusal(400, f"{name}: is not JSON: {error}.") from None


def refuse_keys(mapping, known, expected):
    """Refuses keys that nobody knows."""
    unknown = [key for key in mapping if key not in known]
    if unknown:
        raise Refusal(
            400, f"{expected} Received the unknown keys {_keys(unknown)}."
        )


def text_in(mapping, key, expected):
    """The text under a key of an object, as a line."""
    if key not in mapping:
        raise Refusal(
            400, f"{expected} Received the keys {_keys(mapping)}, not {key!r}."
        )
    text = mapping[key]
    if isinstance(text, str):
        return line_of(text)
    ids = isinstance(text, list) and all(isinstance(i, int) for i in text)
    hint = " Ids are sent as application/x-recordio-protobuf." if ids else ""
    raise Refusal(400, f"{expected} Received as {key} {shown(text)}.{hint}")


def _written(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _instance(value, index):
    try:
        if not isinstance(value, dict):
            raise Refusal(400, f"{EXPECTED} Received {shown(value)}.")
        text = text_in(value, "data", EXPECTED)
        refuse_keys(value, ("data", "configuration"), EXPECTED)
        return Instance(text, _with_matrix(value.get("configuration", {})))
    except Refusal as refusal:
        raise refusal.of_instance(index) from None


def _with_matrix(configuration):
    if not isinstance(configuration, dict):
        raise Refusal(
            400,
            f"{EXPECTED} Received as configuration {shown(configuration)}.",
        )
    refuse_keys(configuration, ("attention_matrix",), EXPECTED)
    wanted = configuration.get("attention_matrix", False)
    if isinstance(wanted, str):
        wanted = wanted.lower()
    if not isinstance(wanted, bool | str) or wanted not in SWITCHES:
        raise Refusal(
            400,
            'attention_matrix: expected "true", "false", true or false. '
            f"Received {shown(wanted)}.",
        )
    return SWITCHES[wanted]


def _keys(mapping):
    """Some keys of an object as text."""
    keys = [
        repr(key if len(key) <= 40 else f"{key[:36]} ...") for key in mapping
    ]
    return ", ".join(keys[:8]) + (", ..." if len(keys) > 8 else "") or "none"


def _hint(document):
    if "source" not in document:
        return ""
    return "; 'source' belongs to application/jsonlines"


def _no_number(name):
    raise ValueError(f"{name} is no number of JSON")
