"""Types of single settings: what text and numbers are let through.

Pydantic's own conversions take `True` for 1 and 1 for `True`; these do not.
A number may arrive as text, because YAML reads `1e-4` as text.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from keras_seq2seq.config import google
from keras_seq2seq.errors import UserError

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\Z", re.ASCII)
DEFAULT_BUCKETS = 8  # boundaries chosen by `buckets: auto`


class Says:
    """Puts into words what a type expects, for error messages."""

    def __init__(self, text):
        self.text = text


def wrong(text):
    """An error whose text is shown as it is, after the setting's name."""
    return PydanticCustomError("config_value", "{text}", {"text": text})


def received(value):
    """How an error message shows what the user gave."""
    kinds = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "text",
        dict: "mapping",
        list: "list",
        tuple: "list",
    }
    if value is None:
        return "null"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    if len(shown) > 70:
        shown = f"{shown[:66]} ..."
    return f"{shown} ({kinds.get(type(value), type(value).__name__)})"


def _number(value):
    """Text that spells a number becomes one; all else stays."""
    if isinstance(value, str) and NUMBER.match(value.strip()):
        return float(value)
    return value


def _whole(value):
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", value):
        return int(value)
    number = _number(value)
    if isinstance(number, float) and number.is_integer():
        if abs(number) >= 2**63:  # could be stored and not read again
            raise wrong(
                f"must be an integer below 2**63. Received: {received(value)}"
            )
        return int(number)
    return value


def _real(value):
    number = _number(value)
    if type(number) is int and abs(number) < 2**63:
        return float(number)
    return number


def _flag(value):
    """`"false"` is never true."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _one_or_many(value):
    """A single value stands for a list of one; text is never split."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,)


def _patterns(value):
    """`a/*,b/*`, `a/*` and `["a/*"]` are lists, too."""
    if isinstance(value, str):
        if re.fullmatch(r"\[.*\]", value):
            value = value[1:-1]
        parts = (part.strip(" \"'") for part in value.split(","))
        return tuple(part for part in parts if part)
    return _one_or_many(value)


def one_or_many(kind):
    """JSON Schema of a value that may stand for a list of one."""
    return {"anyOf": [kind, {"type": "array", "items": kind}]}


Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Real = Annotated[
    float, BeforeValidator(_real), Field(strict=True, allow_inf_nan=False)
]
Flag = Annotated[bool, BeforeValidator(_flag), Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_many),
    Says("text or a list of texts"),
    WithJsonSchema(one_or_many({"type": "string"})),
]
Patterns = Annotated[
    tuple[Annotated[Text, Field(min_length=1)], ...],
    BeforeValidator(_patterns),
    Says("text with commas or a list of texts"),
    WithJsonSchema(one_or_many({"type": "string"})),
]
Wholes = Annotated[
    tuple[Whole, ...],
    BeforeValidator(_one_or_many),
    Says("an integer or a list of integers"),
    WithJsonSchema(one_or_many({"type": "integer"})),
]
Precision = Literal["float32", "mixed_bfloat16"]
KeepProbability = Annotated[Real, Field(gt=0, le=1)]
Free = dict[str, Any]


def name_of(role, optional=False):
    """Type of a setting that names a class or function of that role."""

    def read(value):
        if not isinstance(value, str) or (optional and not value):
            return value
        try:
            return google.class_name(value, role)
        except UserError as error:
            raise wrong(f"is refused: {error}") from None

    names = [*google.NAMES[role], *google.ALIASES.get(role, ())]
    return Annotated[
        str,
        BeforeValidator(read),
        Field(strict=True),
        Says(f"the name of a class or function ({role})"),
        # Editors offer the names, and let a path of the user's own pass.
        WithJsonSchema({"anyOf": [{"enum": names}, {"type": "string"}]}),
    ]


MaxLengthRatio = Annotated[
    Annotated[Real, Field(gt=0)] | Literal["auto"] | None,
    Says("a number > 0, 'auto' or null"),
]


def parse_boundaries(value):
    """Bucket boundaries as google/seq2seq wrote them.

    Args:
        value: `"10,20,30"`, one integer, a list of integers, `"auto"` or
            `"auto:n"`; None, `""` and an empty list mean no buckets.

    Returns:
        a tuple of strictly increasing lengths in tokens, `"auto:n"` or None.

    Raises:
        PydanticCustomError: anything else.
    """
    given = value
    if isinstance(value, str):
        value = value.strip()
        if value.startswith("auto"):
            return _automatic(value)
        value = [part.strip() for part in value.split(",") if part.strip()]
    if value is None or value in ([], ()):
        return None
    bounds = tuple(_whole(bound) for bound in _one_or_many(value))
    whole = all(type(bound) is int and bound > 0 for bound in bounds)
    if not whole or sorted(set(bounds)) != list(bounds):
        raise wrong(
            "must be rising lengths such as 10,20,30, or auto, or auto:8. "
            f"Received: {received(given)}"
        )
    return bounds


def _automatic(value):
    """`auto` and `auto:n` with the number spelt out."""
    if value == "auto":
        return f"auto:{DEFAULT_BUCKETS}"
    if re.fullmatch(r"auto:[1-9][0-9]{0,3}", value):
        return value
    raise wrong(
        "must be auto or auto:n, with n the number of boundaries. "
        f"Received: {received(value)}"
    )


# Sockeye's names of what embeddings share.
SOCKEYE_SHARES = {
    "src_trg": "source_target",
    "trg_softmax": "target_output",
    "src_trg_softmax": "all",
}


def parse_share(value):
    """`embedding.share`, which was true or false and now has names."""
    value = _flag(value)
    if isinstance(value, bool):
        return "source_target" if value else "none"
    return SOCKEYE_SHARES.get(value, value) if type(value) is str else value
