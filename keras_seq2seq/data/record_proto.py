"""Ids in and out of SageMaker's `aialgs.data.Record`.

A record maps names to values; ids are the values of an int32 tensor.

Source:
    Amazon SageMaker, "Common data formats for training": `Record`, proto2,
    with `features` 1 and `label` 2; `Value`, one of `float32_tensor` 2,
    `float64_tensor` 3, `int32_tensor` 7, `bytes` 9; tensors with `values` 1,
    `keys` 2 and `shape` 3.
"""

from typing import NamedTuple

from keras_seq2seq.data.wire_format import (
    BYTES,
    VARINT,
    WireError,
    fields,
    message,
    packed,
    signed_varints,
)

FEATURES, LABEL = 1, 2
KINDS = {
    2: "a float32 tensor",
    3: "a float64 tensor",
    7: "an int32 tensor",
    9: "bytes",
}
INT32_TENSOR = 7
MOST_NAMED = 10  # features in a message
LEAST, MOST = -(2**31), 2**31 - 1  # of int32
NO_RECORD = "is no protobuf Record: {} of it"


class Feature(NamedTuple):
    """One value of a record, not decoded yet.

    Attributes:
        kind: str. Of `KINDS`, or `"nothing"`.
        ranges: list of `(begin, end)` in the record; together the values.
    """

    kind: str
    ranges: list


def write_record(features):
    """A serialised `Record` of features of ids.

    Args:
        features: dict from str to sequences of int.

    Returns:
        bytes; equal for equal features in equal order.
    """
    return b"".join(
        message(FEATURES, _write_entry(name, values))
        for name, values in features.items()
    )


def _write_entry(name, values):
    tensor = packed(1, [int(value) for value in values])
    value = message(INT32_TENSOR, tensor)
    return message(1, name.encode("utf-8")) + message(2, value)


def read_ids(record, names):
    """The ids of several features of a `Record`.

    Integers may be packed or not, in one piece or several; fields that are
    not known, `keys` and `shape` are skipped. Of equal names the last counts.

    Args:
        record: bytes.
        names: sequence of str.

    Returns:
        list of lists of int, one per name.

    Raises:
        ValueError: with the reason in words: no `Record`, other features, no
            int32 tensor.
    """
    return [ids_of(record, each) for each in read_features(record, names)]


def read_features(record, names):
    """Several features of a `Record`, all of ids, not decoded yet.

    Args, Raises: as `read_ids`.

    Returns:
        list of `Feature`, one per name.
    """
    try:
        features = read_map(record, FEATURES)
        _check_names(record, features, names)
    except WireError as error:
        raise ValueError(NO_RECORD.format(error)) from None
    for name in names:
        if features[name].kind != KINDS[INT32_TENSOR]:
            raise ValueError(
                f"has {features[name].kind} in the feature {name!r}, expected "
                "an int32 tensor of ids"
            )
    return [features[name] for name in names]


def ids_of(record, feature):
    """The ids of a feature, list of int."""
    found = []
    try:
        for begin, end in feature.ranges:
            found += signed_varints(record, begin, end)
    except WireError as error:
        raise ValueError(NO_RECORD.format(error)) from None
    # Protocol buffers cut such numbers to 32 bits, which makes other words.
    if found and not LEAST <= min(found) <= max(found) <= MOST:
        wrong = next(i for i in found if not LEAST <= i <= MOST)
        raise ValueError(f"has the id {wrong}, which is no int32")
    return found


def read_map(record, number):
    """A map of a `Record`, its values not decoded.

    Args:
        record: bytes.
        number: int. `FEATURES` or `LABEL`.

    Returns:
        dict from str to `Feature`.

    Raises:
        WireError: no message.
    """
    found = {}
    for field, kind, begin, end in fields(record):
        if field == number and kind == BYTES:
            name, feature = _entry(record, (begin, end))
            found[name] = feature
    return found


def _entry(record, span):
    name, feature = b"", Feature("nothing", [])
    for number, kind, begin, end in fields(record, *span):
        if kind != BYTES:
            continue
        if number == 1:
            name = record[begin:end]
        elif number == 2:
            feature = _value(record, (begin, end), feature)
    return name.decode("utf-8", "replace"), feature


def _value(record, span, feature):
    """A `Value`, merged into what was read of the same one before."""
    for number, kind, begin, end in fields(record, *span):
        if number not in KINDS or kind != BYTES:
            continue
        if feature.kind != KINDS[number]:
            feature = Feature(KINDS[number], [])
        if number == INT32_TENSOR:
            feature.ranges.extend(_values(record, (begin, end)))
    return feature


def _values(record, span):
    """Ranges of the values of a tensor of integers."""
    for number, kind, begin, end in fields(record, *span):
        if number != 1:
            continue
        if kind not in (BYTES, VARINT):
            raise WireError(f"values that are no integers at byte {begin}")
        yield begin, end


def _check_names(record, features, names):
    if all(name in features for name in names):
        return
    found = sorted(features)
    shown = ", ".join(map(repr, found[:MOST_NAMED]))
    more = ", ..." * (len(found) > MOST_NAMED)
    text = f"has features [{shown}{more}], expected {' and '.join(names)}"
    labels = [name for name in read_map(record, LABEL) if name in names]
    if labels:
        text += f"; the label map has {labels[0]!r}, which belongs there, too"
    raise ValueError(text)
