"""Configuration files and flags in, one checked `Config` out."""

import json
import logging
from typing import NamedTuple

from pydantic import ValidationError

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.complaints import complaint, missing
from keras_seq2seq.config.merge import Merge
from keras_seq2seq.config.paths import resolve_paths
from keras_seq2seq.config.sagemaker import DIALECT as SAGEMAKER
from keras_seq2seq.config.sagemaker import NAME as HYPERPARAMETERS
from keras_seq2seq.config.sagemaker import is_hyperparameters
from keras_seq2seq.config.sagemaker_layer import translate
from keras_seq2seq.config.schema import REFUSED_BY_IMAGE2SEQ, Config
from keras_seq2seq.config.upgrade import Layer, upgrade
from keras_seq2seq.config.values import received
from keras_seq2seq.config.wiki import DELIMITERS, OLD_FLAGS, OLD_TEXT_FLAGS
from keras_seq2seq.config.yaml_writer import flow
from keras_seq2seq.errors import UserError

SCHEMA_VERSION = 1
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}
PRESENT = "google_seq2seq"  # the dialect of document 003, extended
DIALECT_SOURCE = "document "  # of the defaults of an old dialect
# Taken as typed; all else is YAML, in which `*` and `:` mean something.
TEXT_FLAGS = (
    "model",
    "output_dir",
    "schedule",
    "data_dir",
    "init_from",
    "freeze",
    HYPERPARAMETERS,
    *OLD_TEXT_FLAGS,
)
EMPTY_IS_ABSENT = (
    "model_params",
    "input_pipeline_train",
    "input_pipeline_dev",
    "hooks",
    "metrics",
    "prepare",
    "published",
    "average",
)
# Model -> beginnings of settings that change nothing there, and why.
UNUSED = {
    "BasicSeq2Seq": ("attention.", "has no attention"),
    "Image2Seq": ("embedding.source_", "reads no source text"),
}

logger = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """A configuration, and where each setting in it came from."""

    config: Config
    sources: dict  # path of a setting, a tuple of keys -> file or --flag
    dialect: str  # in which it was written
    told: list  # lines about old names and the defaults of an old dialect

    @property
    def given(self):
        """Top-level settings of the user's own, not of an old dialect."""
        return {
            path[0]
            for path, source in self.sources.items()
            if not source.startswith(DIALECT_SOURCE)
        }


def load(paths, overrides=None, complete=True):
    """The configuration of a run.

    Args:
        paths: text with commas, or a list of texts. YAML or JSON files, merged
            in this order: mappings key by key, all else replaced.
        overrides: mapping of flag names (without `--`) to text as typed, or
            to values; None means not given. Wins over all files.
        complete: bool. Demand what training needs: model, data, vocabularies.

    Returns:
        Config, relative data paths joined to `data_dir`.

    Raises:
        UserError: with all errors at once, one per line.
    """
    loaded = load_with_sources(paths, overrides, complete)
    for line in loaded.told:
        logger.warning("%s", line)
    return loaded.config


def load_with_sources(paths, overrides=None, complete=True):
    """`load`, with the source of every setting: a `Loaded`."""
    overrides = overrides or {}
    layers, flags, errors = [], {}, []
    for path in (*_split(paths), *_split(overrides.get("config_path"))):
        errors += _attempt(_add_file, layers, path)
    errors += _add_flags(flags, overrides)
    return _loaded([*layers, Layer(flags)], errors, complete)[0]


def upgraded(layer):
    """Settings of one place in the present form.

    Args:
        layer: `upgrade.Layer`.

    Returns:
        dict, as a configuration file holds it, with the defaults of its
        dialect, and a list of lines about what was old.

    Raises:
        UserError: as `load`.
    """
    loaded, values = _loaded([layer], [], complete=False)
    return values, loaded.told


def lay_over(values, overrides):
    """Plain settings with flags laid over them, to be written to a file.

    Args:
        values: dict, as a configuration file holds it.
        overrides: as in `load`.

    Returns:
        dict.

    Raises:
        UserError: with all errors at once.
    """
    merge, flags, errors = Merge(), {}, []
    errors += merge.add(values, str)
    errors += _add_flags(flags, overrides)
    errors += merge.add(flags, lambda key: f"--{key}")
    _raise(errors)
    return merge.values


def override(config, overrides):
    """A stored configuration with flags laid over it, as `infer` does.

    Args:
        config: Config.
        overrides: as in `load`.

    Returns:
        Config; paths are taken as they are.

    Raises:
        UserError: with all errors at once.
    """
    merge, flags = Merge(), {}
    merge.add(plain(config), lambda key: "config.json")
    errors = _add_flags(flags, overrides)
    errors += merge.add(flags, lambda key: f"--{key}")
    config, more = _validated(merge)
    _raise(errors + more)
    return config


def to_json(config, dialect=PRESENT, versions=None):
    """Text of `config.json`.

    Args:
        config: Config.
        dialect: text. Which way of writing configurations it came from.
        versions: mapping of library names to versions.

    Returns:
        JSON text with a line break at its end.
    """
    content = {
        "schema_version": SCHEMA_VERSION,
        "dialect": dialect,
        "versions": dict(versions or {}),
        "config": plain(config),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def from_json(text, name="config.json"):
    """The configuration in the text of a `config.json`.

    Args:
        text: what `to_json` returned.
        name: text. What it is called in errors.

    Raises:
        UserError: damaged, or written by a newer version.
    """
    content = yaml_reader.parse_json(text, name)
    if not isinstance(content, dict) or "schema_version" not in content:
        raise UserError(
            f"{name}: is no stored configuration: it has no schema_version"
        )
    version = content["schema_version"]
    if type(version) is not int or version < 1:
        raise UserError(
            f"{name}: schema_version must be an integer >= 1. "
            f"Received: {received(version)}"
        )
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{name}: was written by a newer keras-seq2seq (schema "
            f"{version}, this one reads up to {SCHEMA_VERSION}). Type "
            "pip install --upgrade keras-seq2seq"
        )
    values = content.get("config")
    if not isinstance(values, dict):
        raise UserError(
            f"{name}: config must be a mapping. Received: {received(values)}"
        )
    merge = Merge()
    errors = merge.add(values, lambda key: name)
    config, more = _validated(merge)
    _raise(errors + more)
    return config


def json_schema():
    """JSON Schema of configuration files, as a dict."""
    schema = Config.model_json_schema(by_alias=True)
    schema["properties"][HYPERPARAMETERS] = {
        "description": "SageMaker's, or the path of a file of them.",
        "anyOf": [{"type": "string"}, {"type": "object"}],
    }
    return {"$schema": JSON_SCHEMA, **in_standard_words(schema)}


def in_standard_words(schema):
    """A schema in which pydantic's own words of bounds are JSON Schema's."""
    if isinstance(schema, dict):
        return {
            BOUNDS.get(key, key): in_standard_words(one)
            for key, one in schema.items()
        }
    if isinstance(schema, list):
        return [in_standard_words(one) for one in schema]
    return schema


def _split(paths):
    if isinstance(paths, str):
        paths = paths.split(",")
    return [str(path).strip() for path in paths or () if str(path).strip()]


def _attempt(step, *arguments):
    """Runs a step that adds settings; its errors as a list."""
    try:
        return step(*arguments) or []
    except UserError as error:
        return [str(error)]


def as_layer(values, anchored, path):
    """What a file holds as a `Layer`.

    A file of SageMaker's hyperparameters is a layer with these alone.

    Args:
        values, anchored: as `yaml_reader.parse` returns them.
        path: text.

    Raises:
        UserError: it is no mapping.
    """
    if not isinstance(values, dict):
        raise UserError(
            f"{path}: must be a mapping of settings, such as batch_size: 16. "
            f"Received: {received(values)}"
        )
    if is_hyperparameters(values, path, Config.keys()):
        return Layer({HYPERPARAMETERS: values}, path)
    for key in anchored - {*Config.keys(), *OLD_FLAGS, HYPERPARAMETERS}:
        logger.info(
            "%s: %r is no setting, it only carries an anchor", path, key
        )
        del values[key]
    return Layer(_present(values), path)


def _add_file(layers, path):
    values, anchored = yaml_reader.read(path)
    if values is not None:
        layers.append(as_layer(values, anchored, path))


def _add_flags(flags, overrides):
    """Reads all flags that are given; returns errors."""
    return [
        error
        for flag, value in overrides.items()
        if value is not None
        for error in _attempt(_add_flag, flags, flag, value)
    ]


def _add_flag(flags, flag, value):
    """Reads a flag as typed; `None` means null, as in the documentation.

    Scripts pass empty text for "none"; an empty delimiter means characters.
    """
    if value == "" and flag in TEXT_FLAGS and flag not in DELIMITERS:
        return
    if isinstance(value, str) and flag not in TEXT_FLAGS:
        value = yaml_reader.parse(value, f"--{flag}")[0]
    flags.update(_present({flag: value}))


def _present(values):
    """Drops empty groups: `model_params:` with nothing behind it.

    `None`, as Python and google/seq2seq write it, is null in files and flags.
    """
    values = {
        key: None if value in ("None", "none") else value
        for key, value in values.items()
    }
    return {
        key: value
        for key, value in values.items()
        if value not in (None, {}) or key not in EMPTY_IS_ABSENT
    }


def plain(config):
    """A configuration as plain values, as a file may hold them."""
    values = config.model_dump(mode="json", by_alias=True)
    if config.model == "Image2Seq":
        for key in REFUSED_BY_IMAGE2SEQ:
            del values["model_params"][key]
    return values


def _loaded(layers, errors, complete):
    """`Loaded`, and the settings that were given as plain values."""
    try:
        translated = translate(layers)
        present = upgrade(translated.layers)
    except UserError as error:
        raise UserError("\n".join([*errors, str(error)])) from None
    typed = present.layers[-1]
    if typed.where is None:  # what `config_path` named has been read
        typed.values.pop("config_paths", None)
        typed.old_lines.pop(("config_paths",), None)
    merge, told, twice = _merged(present)
    config, more = _validated(merge)
    errors = [*errors, *twice]
    if complete and not errors and not more:
        more = missing(config)
    _raise(errors + more)
    dialect = SAGEMAKER if translated.found else _dialect(present.document)
    config = resolve_paths(config)
    told = [*translated.told, *told, *_unused(config, merge.sources)]
    return Loaded(config, merge.sources, dialect, told), merge.values


def _unused(config, sources):
    """Lines about settings that this model has no use for."""
    if config.model not in UNUSED:
        return []
    idle, reason = UNUSED[config.model]
    keys = {
        path[1] for path in sources if path[0] == "model_params" and path[1:]
    }
    given = config.model_params.model_dump(by_alias=True)
    return [
        f"{key} has no effect: {config.model} {reason}."
        for key in sorted(keys)
        if key.startswith(idle) and given[key] is not None
    ]


def _dialect(document):
    return f"wiki_{document.name}" if document else PRESENT


def _merged(upgraded):
    """Layers, over the defaults of their dialect; what to say; errors."""
    merge, errors = _laid(upgraded.layers)
    told, document = upgraded.deprecations, upgraded.document
    if document is None:
        return merge, told, errors
    defaults, notes = document.defaults(merge.values)
    below = Layer(defaults, f"{DIALECT_SOURCE}{document.name}")
    merge, errors = _laid([below, *upgraded.layers])
    effective = merge.given_by(below.where)
    line = f"Defaults of the wiki's {below.where}: {flow(effective)}"
    return merge, [*told, *notes, line], errors


def _laid(layers):
    merge, errors = Merge(), []
    for layer in layers:
        errors += merge.add(layer.values, layer.name, layer.old_lines)
    return merge, errors


def _validated(merge):
    """The configuration, or None and its errors."""
    try:
        return Config.model_validate(merge.values), []
    except ValidationError as error:
        found = error.errors(include_url=False)
    lines = [complaint(merge, one) for one in found]
    return None, list(dict.fromkeys(lines))


def _raise(errors):
    if errors:
        raise UserError("\n".join(errors))
