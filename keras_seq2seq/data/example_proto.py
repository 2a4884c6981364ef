"""Text in and out of `tf.Example` and `tf.SequenceExample`.

Without TensorFlow, so that the processes that encode text need none.

Source:
    TensorFlow, `core/example/example.proto` and `feature.proto`.
"""

from keras_seq2seq.data.wire_format import (
    BYTES,
    VARINT,
    WireError,
    fields,
    message,
    packed,
    signed_varints,
)

KINDS = {1: "bytes", 2: "floats", 3: "integers"}
MOST_NAMED = 10  # features in a message


def write_example(features):
    """A serialised `tf.Example` of features of one text each.

    Args:
        features: dict from str to str.

    Returns:
        bytes; equal for equal features in equal order.
    """
    entries = [_entry(name, _feature(text)) for name, text in features.items()]
    return message(1, b"".join(entries))


def read_text(example, name, required=True):
    """The one text of a feature.

    Args:
        example: bytes. A serialised `tf.Example`.
        name: str. The feature.
        required: bool. If False, a feature that is missing is `""`.

    Returns:
        str.

    Raises:
        ValueError: with the reason in words: no `tf.Example`, no such
            feature, or one that is not a single text.
    """
    features = _features(example)
    found = features.pop(name.encode("utf-8"), None)
    values = [] if found is None else _values(found, name)
    if not values:
        if required:
            raise ValueError(f"no feature {name!r}; {_named(list(features))}")
        return ""
    if len(values) > 1:
        raise ValueError(f"{len(values)} values in the feature {name!r}, not 1")
    try:
        return values[0].decode("utf-8")
    except UnicodeDecodeError as error:
        byte = values[0][error.start]
        raise ValueError(
            f"the feature {name!r} is not UTF-8: byte 0x{byte:02x}"
        ) from None


def write_sequence_example(context, lists):
    """A serialised `tf.SequenceExample`.

    Args:
        context: dict from str to bytes, str or int: features of one value.
        lists: dict from str to a sequence of bytes, str or ints: a value for
            each step.

    Returns:
        bytes.
    """
    one = [_entry(name, _feature(value)) for name, value in context.items()]
    several = [
        _entry(name, b"".join(message(1, _feature(x)) for x in values))
        for name, values in lists.items()
    ]
    return message(1, b"".join(one)) + message(2, b"".join(several))


def read_sequence_example(content):
    """The values in a `tf.SequenceExample`.

    Args:
        content: bytes.

    Returns:
        dict from names of the context's features to lists of values, and dict
        from names of feature lists to a list of such lists, one per step.
        Values are bytes or ints; floats are left out.

    Raises:
        ValueError: with the reason in words: no `tf.SequenceExample`.
    """
    context, lists = {}, {}
    for features in _inside(content, 1):
        for name, feature in _entries(features):
            context[name] = _all_values(feature)
    for features in _inside(content, 2):
        for name, steps in _entries(features):
            lists[name] = [_all_values(step) for step in _inside(steps, 1)]
    return context, lists


def _entry(name, inside):
    content = message(1, name.encode("utf-8")) + message(2, inside)
    return message(1, content)


def _feature(value):
    if isinstance(value, int):
        return message(3, packed(1, [value]))
    value = value.encode("utf-8") if isinstance(value, str) else value
    return message(1, message(1, value))


def _entries(features):
    for entry in _inside(features, 1):
        parts = dict(_fields(entry))
        yield parts.get(1, b"").decode("utf-8", "replace"), parts.get(2, b"")


def _all_values(feature):
    found = []
    for kind, content in _fields(feature):
        if kind == 1:
            found = list(_inside(content, 1))
        elif kind == 3:
            found = _whole_numbers(content)
    return found


def _whole_numbers(content):
    """Values of an `Int64List`, packed or one by one."""
    found = []
    for _, kind, begin, end in fields(content):
        if kind not in (BYTES, VARINT):
            raise ValueError("bytes that are no list of integers")
        found += signed_varints(content, begin, end)
    return found


def _features(example):
    """Names and contents of all features; of equal names the last counts."""
    found = {}
    for features in _inside(example, 1):
        for entry in _inside(features, 1):
            parts = dict(_fields(entry))
            found[parts.get(1, b"")] = parts.get(2, b"")
    return found


def _named(keys):
    if not keys:
        return "it has none"
    names = [key.decode("utf-8", "replace") for key in keys[:MOST_NAMED]]
    return "it has " + ", ".join(map(repr, names))


def _values(feature, name):
    """Byte strings of a feature, of which the last list counts."""
    kind, content = None, b""
    for number, value in _fields(feature):
        if number in KINDS:
            kind, content = number, value
    if kind not in (None, 1):
        raise ValueError(f"the feature {name!r} holds {KINDS[kind]}, not text")
    return list(_inside(content, 1))


def _inside(data, wanted):
    return (value for number, value in _fields(data) if number == wanted)


def _fields(data):
    """Number and bytes of every field that has bytes."""
    try:
        for number, kind, begin, end in fields(data):
            if kind == BYTES:
                yield number, data[begin:end]
    except WireError as error:
        raise ValueError(f"bytes that are no tf.Example: {error}") from None
