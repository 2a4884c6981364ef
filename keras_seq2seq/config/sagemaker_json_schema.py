"""JSON Schema of a `hyperparameters.json`."""

from keras_seq2seq.config.files import JSON_SCHEMA, in_standard_words
from keras_seq2seq.config.sagemaker_schema import Hyperparameters

SPELT = {
    "integer": "^-?[0-9]+$",
    "number": "^[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?$",
    "boolean": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$",
    "null": "^(None)?$",
}


def json_schema():
    """JSON Schema of SageMaker's hyperparameters, as a dict.

    Every value may be itself or text that spells it. Bounds hold for
    numbers; text is held against the form of a number alone.
    """
    schema = in_standard_words(Hyperparameters.model_json_schema())
    schema["properties"] = {
        key: _or_text(one) for key, one in schema["properties"].items()
    }
    return {"$schema": JSON_SCHEMA, **schema}


def _or_text(setting):
    """A setting, or text that spells it."""
    described = {
        key: setting.pop(key)
        for key in ("title", "description", "default")
        if key in setting
    }
    kinds = setting.pop("anyOf", [setting])
    texts = [
        {"type": "string", "pattern": SPELT[kind["type"]]}
        for kind in kinds
        if kind.get("type") in SPELT
    ]
    return {**described, "anyOf": [*kinds, *texts]}
