"""A reader of JSON Schema, of those words that ours has."""

import operator
import re

BOUNDS = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}


def faults(value, schema, root, path="$"):
    """What a value lacks to fit a JSON Schema, of the words we use."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "type" in schema and not of_type(value, schema["type"]):
        return [f"{path} is no {schema['type']}"]
    found = [f"{path} is {word}" for word in refusing(value, schema)]
    if "anyOf" in schema:
        tried = [faults(value, each, root, path) for each in schema["anyOf"]]
        found += [] if [] in tried else min(tried, key=len)
    if isinstance(value, dict):
        found += inside(value, schema, root, path)
    if isinstance(value, list):
        for number, one in enumerate(value):
            place = f"{path}[{number}]"
            found += faults(one, schema.get("items", {}), root, place)
    return found


def of_type(value, names):
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "null": type(None),
        "integer": int,
        "number": (int, float),
    }
    names = [names] if isinstance(names, str) else names
    return any(
        isinstance(value, kinds[name])
        and (name == "boolean" or not isinstance(value, bool))
        for name in names
    )


def refusing(value, schema):
    """What of a schema a single value does not obey."""
    found = []
    if value not in schema.get("enum", [value]):
        found.append(f"none of {schema['enum']}")
    if value != schema.get("const", value):
        found.append(f"not {schema['const']}")
    if isinstance(value, str) and not re.search(
        schema.get("pattern", ""), value
    ):
        found.append(f"not of the form {schema['pattern']}")
    if type(value) in (int, float):
        found += [
            f"beyond {word} {schema[word]}"
            for word, fits in BOUNDS.items()
            if word in schema and not fits(value, schema[word])
        ]
    return found


def inside(value, schema, root, path):
    known = schema.get("properties", {})
    found = [
        f"{path} lacks {key}"
        for key in schema.get("required", ())
        if key not in value
    ]
    for key, one in value.items():
        if key in known:
            found += faults(one, known[key], root, f"{path}.{key}")
        elif schema.get("additionalProperties") is False:
            found.append(f"{path} has no {key}")
    return found


def words(schema):
    """All keywords of a JSON Schema."""
    found = set(schema)
    for key, value in schema.items():
        parts = {
            "properties": lambda v: list(v.values()),
            "$defs": lambda v: list(v.values()),
            "anyOf": list,
            "items": lambda v: [v],
        }.get(key, lambda v: [])(value)
        for part in parts:
            found |= words(part)
    return found
