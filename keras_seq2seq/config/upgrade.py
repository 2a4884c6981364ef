"""Settings in an old dialect become settings in the present one."""

import copy
import difflib
import json
import shlex
from typing import Any, NamedTuple

from keras_seq2seq.config import hparams
from keras_seq2seq.config.merge import at, put
from keras_seq2seq.config.model_schema import ModelParams
from keras_seq2seq.config.section import unfold
from keras_seq2seq.config.values import received
from keras_seq2seq.config.wiki import (
    DOCUMENT_001,
    DOCUMENT_002,
    FLAGS,
    LATER_FLAGS,
    LATER_KEYS,
    NORMALIZED,
    PIPELINE,
    SCORE_FN,
    WEIGHT,
)
from keras_seq2seq.config.yaml_writer import flow
from keras_seq2seq.errors import UserError

COMPATIBILITY = "docs/compatibility.md"
TEXT_KEYS = frozenset(
    field.alias or name
    for name, field in ModelParams.model_fields.items()
    if field.annotation in (str, str | None)
)
KEYS = (*DOCUMENT_001.hparams, *DOCUMENT_002.hparams, *ModelParams.keys())


class Layer(NamedTuple):
    """Settings from one place.

    Attributes:
        values: dict. Top-level settings.
        where: str or None. Path of the file; None: the command line.
        old_lines: dict. Path of a setting -> the old line that gave it.
    """

    values: dict
    where: str | None = None
    old_lines: dict = {}

    def name(self, key):
        """What the place of a top-level setting is called."""
        return self.where or f"--{key}"

    def spot(self, key):
        """What a top-level setting itself is called."""
        return f"{self.where}: {key}" if self.where else f"--{key}"


class Upgraded(NamedTuple):
    """Layers in the present form, without the defaults of their dialect.

    Attributes:
        layers: list of Layer.
        document: `wiki.Document`, the dialect they were in, or None.
        deprecations: list of str. One line per renamed flag or key.
    """

    layers: list
    document: Any
    deprecations: list


def upgrade(layers, flags=FLAGS):
    """All layers of settings in the present form.

    Args:
        layers: list of Layer, old and new settings mixed as they came.
        flags: mapping of old flags beside `hparams`, as `wiki.FLAGS`.

    Returns:
        Upgraded.

    Raises:
        UserError: keys of both documents, unknown keys, values without an
            equal; all at once.
    """
    layers = [_with_flat_hparams(layer) for layer in layers]
    document = _document(layers, flags)
    done = [_Upgrade(layer, document, flags) for layer in layers]
    errors = [error for one in done for error in one.errors]
    if errors:
        raise UserError("\n".join(errors))
    return Upgraded(
        [one.layer for one in done],
        document,
        [line for one in done for line in one.deprecations],
    )


def _with_flat_hparams(layer):
    """The layer with `hparams` as a mapping of dotted keys."""
    given, name = layer.values.get("hparams"), layer.spot("hparams")
    if given is None:
        return layer
    if isinstance(given, str):
        given = hparams.parse(given, name, TEXT_KEYS)
    if not isinstance(given, dict):
        raise UserError(
            f"{name}: must be key=value pairs or a mapping. Received: "
            f"{received(given)}"
        )
    flat, twice = unfold(given, KEYS)
    if twice:
        raise UserError(
            f"{name}: has {twice[0]!r} twice, dotted and nested. Keep one"
        )
    return layer._replace(values={**layer.values, "hparams": flat})


def _document(layers, flags):
    """The dialect of all layers together, or None for the present one."""
    keys = [
        key for layer in layers for key in layer.values.get("hparams") or ()
    ]
    first, second = (
        [key for key in keys if key.startswith(document.marks)]
        for document in (DOCUMENT_001, DOCUMENT_002)
    )
    if first and second:
        raise UserError(
            f"hparams: {first[0]} is of the wiki's document 001 (December "
            f"2016), {second[0]} of document 002 (January 2017), which has "
            "encoder.rnn_cell.* and decoder.rnn_cell.* for it. Keep one of "
            f"the two. See {COMPATIBILITY}"
        )
    names = {name for layer in layers for name in layer.values}
    if "hparams" not in names and (
        "model_params" in names or names.isdisjoint(flags)
    ):
        return None
    later = not names.isdisjoint(LATER_FLAGS) or any(
        key.startswith(LATER_KEYS) for key in keys
    )
    return DOCUMENT_002 if second or later and not first else DOCUMENT_001


class _Upgrade:
    """One layer, its old settings replaced.

    Args:
        given: Layer.
        document: `wiki.Document` or None.
        flags: as `upgrade` has it.
    """

    def __init__(self, given, document, flags):
        new, old = {}, {}
        for key, value in given.values.items():
            is_old = key in flags or key == "hparams"
            (old if is_old else new)[key] = value
        self.layer = given._replace(
            values=copy.deepcopy(new), old_lines=dict(given.old_lines)
        )
        self.deprecations, self.errors = [], []
        values = old.pop("hparams", None)
        for flag, value in old.items():
            if value is not None:
                self._flag(flag, value, flags[flag](value))
        if values is not None:
            self._hparams(values, document.hparams)

    def _flag(self, flag, value, places):
        sign = ": " if self.layer.where else "="
        line = f"{self.layer.spot(flag)}{sign}{_shown(value)}"
        pipelines = {
            path[0]: {"class": PIPELINE}
            for path, _ in places
            if path[0].startswith("input_pipeline")
        }
        for name in pipelines:
            if at(self.layer.values, (name, "class")) is None:
                self._place([((name, "class"), PIPELINE)], line)
        alone = self._place(places, line)
        for name, given in pipelines.items():
            alone[name] = {**given, **alone[name]}
        self._tell(line, self._spelt(alone))

    def _hparams(self, values, table):
        spot = self.layer.spot("hparams")
        new = "model_params" if self.layer.where else "--model_params"
        self._tell(spot, new)
        for key, value in values.items():
            line = f"{spot}: {key}={_shown(value)}"
            if key in table:
                self._old_key(key, value, values, table[key], line)
            elif key in ModelParams.keys():
                self._place([(("model_params", key), value)], line)
            else:
                near = difflib.get_close_matches(key, KEYS, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                self.errors.append(f"{spot} has no key {key!r}.{hint}")

    def _old_key(self, key, value, values, convert, line):
        if key == SCORE_FN and value == NORMALIZED and values.get(WEIGHT):
            self._tell(line, f"{WEIGHT} alone")
            return
        try:
            places = convert(value)
        except UserError as error:
            self.errors.append(f"{line} {error}. See {COMPATIBILITY}")
            return
        places = [(("model_params", *path), one) for path, one in places]
        self._tell(line, self._spelt(self._place(places, line)))

    def _tell(self, old, new):
        self.deprecations.append(f"{old} is deprecated, write {new}")

    def _spelt(self, values):
        """Settings as they are typed at the command line or in a file."""
        if self.layer.where:
            lines = [f"{key}: {flow(one)}" for key, one in values.items()]
            return " and ".join(lines)
        return " ".join(
            f"--{key} {shlex.quote(flow(one))}" for key, one in values.items()
        )

    def _place(self, places, line):
        """Puts values in their places; returns them alone."""
        alone = {}
        for path, value in places:
            put(alone, path, value)
            if self._put(path, value, line):
                self.layer.old_lines[path] = line
        return alone

    def _put(self, path, value, line):
        if put(self.layer.values, path, value):
            return True
        self.errors.append(
            f"{line}: {'.'.join(path)} is given twice. Keep one. See "
            f"{COMPATIBILITY}"
        )
        return False


def _shown(value):
    """A value as an old line spelt it."""
    return value if isinstance(value, str) else json.dumps(value)
