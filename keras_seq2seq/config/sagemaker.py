"""SageMaker seq2seq's dialect: its hyperparameters become our settings."""

import difflib
import os
from collections.abc import Mapping

from pydantic import ValidationError

from keras_seq2seq.config.merge import put
from keras_seq2seq.config.sagemaker_places import (
    ALWAYS,
    EXTRA_PLACES,
    PLACES,
)
from keras_seq2seq.config.sagemaker_rules import (
    ERROR,
    NOTE,
    WARNING,
    findings,
)
from keras_seq2seq.config.sagemaker_schema import (
    EXTRAS,
    ROWS,
    Hyperparameters,
)
from keras_seq2seq.config.sagemaker_values import as_text
from keras_seq2seq.config.values import received
from keras_seq2seq.errors import UserError

NAME = "hyperparameters"
FILE = "hyperparameters.json"
DIALECT = "sagemaker"
DOCUMENT = "document 004"
PAGE = "docs/sagemaker.md"
KEYS = (*ROWS, *EXTRAS)
# What SageMaker's tuning jobs add by themselves.
ADDED_BY_TUNING = ("_tuning_objective_metric",)


def parse(hyperparameters, strict=False, where=NAME, sources=None):
    """Hyperparameters out of text.

    Args:
        hyperparameters: mapping of names to text, as SageMaker sends them, or
            to values.
        strict: bool. Take the 48 of document 004 alone, and of those only
            what SageMaker took.
        where: str. What they are called in errors, such as a file.
        sources: mapping from names to where they were given, or None.

    Returns:
        `Hyperparameters`, frozen; `model_fields_set` are those given.

    Raises:
        UserError: with all errors at once, one per line.
    """
    if not isinstance(hyperparameters, Mapping):
        raise UserError(
            f"{where}: must be a mapping of names to text, such as "
            f'{{"batch_size": "64"}}. Received: {received(hyperparameters)}'
        )
    values = {
        str(key): value
        for key, value in hyperparameters.items()
        if key not in ADDED_BY_TUNING
    }
    errors = _beyond_document(values) if strict else []
    given, more, wrong = _validated(values)
    errors += more + findings(given, (ERROR,), wrong)
    if errors:
        raise UserError(_lines(errors, where, sources))
    return given


def to_hyperparameters(given, defaults=False):
    """What `parse` read as text again.

    Args:
        given: `Hyperparameters`.
        defaults: bool. Also those rows of document 004 that were not given.

    Returns:
        dict of str to str, which `parse` reads as equal; a value that is none
        is left out.
    """
    names = (
        key
        for key in KEYS
        if key in given.model_fields_set or (defaults and key in ROWS)
    )
    values = {name: getattr(given, name) for name in names}
    return {
        name: as_text(value)
        for name, value in values.items()
        if value is not None
    }


def remarks(given):
    """Warnings and notes about hyperparameters, each beginning with a key."""
    return [line for _, line in findings(given, (WARNING, NOTE))]


def upgrade(hyperparameters, strict=False, where=NAME):
    """Hyperparameters as a configuration of ours, data apart.

    Args:
        hyperparameters, strict, where: as in `parse`.

    Returns:
        dict as a configuration file holds it, and list of str: warnings.

    Raises:
        UserError: as `parse`.
    """
    given = parse(hyperparameters, strict, where)
    return settings(given)[0], remarks(given)


def settings(given, sources=None):
    """Our settings, and the hyperparameter that decided each.

    Args:
        given: `Hyperparameters`.
        sources: mapping from names to where they were given, or None.

    Returns:
        dict as a configuration file holds it, and dict from the path of a
        setting to a line such as `hyperparameters: batch_size=64`, one after
        the other where several decided it.
    """
    values, lines = {}, {}
    for path, setting in ALWAYS.items():
        put(values, path, setting)
    for name, row in {**PLACES, **EXTRA_PLACES}.items():
        value = getattr(given, name)
        source = DOCUMENT if name in ROWS else DIALECT
        if name in given.model_fields_set:
            source = (sources or {}).get(name, NAME)
        for path, setting in row(given, value):
            put(values, path, setting)
            line = f"{source}: {name}={as_text(value)}"
            lines.setdefault(path, []).append(line)
    return values, {path: "; ".join(each) for path, each in lines.items()}


def is_hyperparameters(values, path, others):
    """Whether a file holds hyperparameters, not a configuration.

    Args:
        values: mapping, the file's content.
        path: str. Where it lies; only `.json` is looked at.
        others: container of the names of a configuration's settings.
    """
    alone = set(others) - set(KEYS)
    if not path.endswith(".json") or not alone.isdisjoint(values):
        return False
    named = os.path.basename(path) == FILE
    return named or not set(ROWS).difference(others).isdisjoint(values)


def _lines(errors, where, sources):
    """Pairs (key, text) as lines, each with the source of its key."""
    sources = sources or {}
    return "\n".join(
        f"{sources.get(key, where)}: {text}" for key, text in errors
    )


def _beyond_document(values):
    """What SageMaker refused and we take, as errors."""
    text = "is not among the 48 hyperparameters of SageMaker. Remove it"
    errors = [(key, f"{key} {text}") for key in EXTRAS if key in values]
    key = "checkpoint_threshold"
    if str(values.get(key)) == "-1":
        text = f"{key} must be an integer >= 1. Received: -1"
        errors.append((key, text))
    return errors


def _validated(values):
    """What is right, the rest by default; errors; keys of the rest."""
    try:
        return Hyperparameters.model_validate(values), [], set()
    except ValidationError as error:
        found = error.errors(include_url=False)
    wrong = {str(one["loc"][0]) for one in found}
    rest = {key: one for key, one in values.items() if key not in wrong}
    given = Hyperparameters.model_validate(rest)
    return given, list(map(_complaint, found)), wrong


def _complaint(error):
    key, text = error["loc"][0], error["msg"]
    if error["type"] != "config_unknown":
        return key, f"{key} {text}"
    near = difflib.get_close_matches(key, KEYS, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"See {PAGE}"
    return key, f"there is no hyperparameter {key!r}. {hint}"
