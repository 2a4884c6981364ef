"""What all parts of a configuration have in common."""

import difflib
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from keras_seq2seq.config.values import Says, received, wrong

WORDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    dict: "a mapping",
    tuple: "a list",
    Any: "anything",
}
BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
MOST_KEYS_SHOWN = 60


class Section(BaseModel):
    """Frozen settings that refuse unknown keys, in the user's words.

    Settings with dotted names may be written nested: `{embedding: {dim: 5}}`
    means `{embedding.dim: 5}`.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, protected_namespaces=()
    )

    @model_validator(mode="wrap")
    @classmethod
    def _in_plain_words(cls, values, handler):
        if isinstance(values, dict):
            values, twice = unfold(values, cls.keys())
            refuse(cls, [((key,), _twice(key), values) for key in twice])
        try:
            return handler(values)
        except ValidationError as error:
            found = error.errors(include_url=False)
        raise ValidationError.from_exception_data(
            cls.__name__, [_translate(cls, one) for one in found]
        )

    @classmethod
    def keys(cls):
        """The settings' names as a configuration file spells them."""
        return tuple(
            field.alias or name for name, field in cls.model_fields.items()
        )


def refuse(section, faults):
    """Raises all `faults`, triples of path, text and the value, if any."""
    if faults:
        raise ValidationError.from_exception_data(
            section.__name__, [_detail(*fault) for fault in faults]
        )


def typed(schemas, name, value):
    """Validates params by the class that takes them.

    Args:
        schemas: mapping of class names to sections.
        name: text. A class name, or the user's own dotted path, whose
            params are a free mapping; None if the name was wrong itself.
        value: what the configuration holds.

    Returns:
        a section or a dict.
    """
    if name is None:
        return {}
    if name not in schemas:
        if isinstance(value, dict):
            return dict(value)
        raise wrong(f"must be a mapping. Received: {received(value)}")
    schema = schemas[name]
    if isinstance(value, Section) and not isinstance(value, schema):
        value = value.model_dump(by_alias=True)
    return schema.model_validate(value)


def unfold(values, names):
    """Turns nested settings into the dotted ones in `names`.

    Returns:
        the flat mapping, and the list of settings that were given twice.
    """
    flat, twice = {}, []
    for key, value in values.items():
        inner = {key: value}
        if _is_group(key, value, names):
            nested = {f"{key}.{name}": one for name, one in value.items()}
            inner, more = unfold(nested, names)
            twice += more
        twice += [name for name in inner if name in flat]
        flat.update(inner)
    return flat, twice


def _is_group(key, value, names):
    if key in names or not isinstance(value, dict):
        return False
    return any(name.startswith(f"{key}.") for name in names)


def _twice(key):
    return f"is given twice, once as {key!r} and once nested. Keep one"


def _detail(path, text, value, kind="config_value"):
    return InitErrorDetails(
        type=PydanticCustomError(kind, "{text}", {"text": text}),
        loc=path,
        input=value,
    )


def _translate(section, error):
    """Pydantic's error about `section` as one of ours."""
    path, kind, value = error["loc"], error["type"], error["input"]
    if kind.startswith("config_"):
        return _detail(path, error["msg"], value, kind)
    if kind == "extra_forbidden" and len(path) == 1:
        text = _unknown(str(path[0]), section.keys())
        return _detail(path, text, value, "config_unknown")
    if not path:
        text = f"must be a mapping. Received: {received(value)}"
        return _detail(path, text, value)
    expected = _expected(section, path[0])
    if kind == "missing":
        return _detail(path[:1], f"is required: {expected}", value)
    places = [part for part in path[1:] if isinstance(part, int)]
    text = f"must be {expected}. Received: {received(value)}"
    return _detail((path[0], *places), text, value)


def _unknown(key, keys):
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"has no key {key!r}. Did you mean {near[0]!r}?"
    shown = ", ".join(keys[:MOST_KEYS_SHOWN]) or "none"
    return f"has no key {key!r}. Keys: {shown}"


def _expected(section, key):
    """Words for what the setting `key` may be."""
    for name, field in section.model_fields.items():
        if key in (name, field.alias):
            return describe(field.annotation, field.metadata)
    return "different"


def describe(annotation, metadata=()):
    """Words for a type with its bounds, such as `an integer >= 1`."""
    says = [item.text for item in metadata if isinstance(item, Says)]
    words = says[0] if says else _words(annotation)
    or_null = " or null" if words.endswith(" or null") else ""
    bounds = [
        f"{sign} {getattr(item, bound):g}"
        for item in metadata
        for bound, sign in BOUNDS.items()
        if getattr(item, bound, None) is not None
    ]
    if not bounds:
        return words
    words = words.removesuffix(or_null)
    return f"{words} {' and '.join(bounds)}{or_null}"


def _words(annotation):
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return describe(inner[0], inner[1:])
    if origin is Literal:
        return f"one of {', '.join(repr(value) for value in inner)}"
    if origin in (Union, types.UnionType):
        return _alternatives(inner)
    if origin is tuple:
        return f"a list, each {describe(inner[0])}"
    return WORDS.get(origin or annotation, "a mapping")


def _alternatives(inner):
    words = [describe(one) for one in inner if one is not type(None)]
    words = list(dict.fromkeys(words))  # several sections: one "a mapping"
    return " or ".join(words + ["null"] * (type(None) in inner))
