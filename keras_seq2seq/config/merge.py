"""Several sources of settings become one; the later one wins."""

import copy

from keras_seq2seq.config.model_schema import ModelParams
from keras_seq2seq.config.network_schema import (
    ConvEncoderParams,
    PoolingEncoderParams,
)
from keras_seq2seq.config.section import unfold

# Settings of which a later source's replaces an earlier source's other.
RIVALS = (
    (("save_checkpoints_secs",), ("save_checkpoints_steps",)),
    (
        ("model_params", "inference.max_decode_length"),
        ("model_params", "decoder.params", "max_decode_length"),
    ),
)
# Where nested settings mean dotted ones, and which dotted ones there are.
DOTTED = (
    (("model_params",), ModelParams.keys()),
    (
        ("model_params", "encoder.params"),
        (*ConvEncoderParams.keys(), *PoolingEncoderParams.keys()),
    ),
)


class Merge:
    """Settings merged so far, and where each of them came from.

    Mappings merge key by key, everything else is replaced. `values` holds the
    result; `sources` maps the path of a setting, a tuple of keys, to the name
    of the file or flag that gave it, or to one of `old_lines`.
    """

    def __init__(self):
        self.values = {}
        self.sources = {}
        self.old_lines = set()

    def add(self, values, name, old_lines=()):
        """Lays settings over those before.

        Args:
            values: mapping of flags to plain values.
            name: callable. Top-level key -> name of its source.
            old_lines: mapping of paths to lines of an old dialect, which are
                the sources of the settings there.

        Returns:
            list of errors: settings that `values` itself holds twice.
        """
        values, errors = _dotted(values, name)
        for pair in RIVALS:
            for one, other in (pair, pair[::-1]):
                if at(values, one) is not None:
                    self._remove(other)
        for key, value in values.items():
            self._lay((key,), self.values, value, name(key))
        for path, line in dict(old_lines).items():
            self.sources[path] = line
            self.old_lines.add(line)
        return errors

    def source_of(self, path):
        """Name of the source that decided the setting at `path`, or None."""
        for length in range(len(path), 0, -1):
            inside = (
                name
                for place, name in self.sources.items()
                if place[:length] == path[:length]
            )
            name = next(inside, None)
            if name is not None:
                return name
        return None

    def given_by(self, name):
        """The settings that this source decided, alone."""
        values = {}
        for path, source in self.sources.items():
            if source == name:
                inner = values
                for key in path[:-1]:
                    inner = inner.setdefault(key, {})
                inner[path[-1]] = at(self.values, path)
        return values

    def _lay(self, path, parent, value, name):
        key = path[-1]
        if isinstance(value, dict) and value:
            if not isinstance(parent.get(key), dict):
                self._forget(path, parent.get(key))
                parent[key] = {}
            for inner, one in value.items():
                self._lay((*path, inner), parent[key], one, name)
        elif value != {} or not isinstance(parent.get(key), dict):
            self._forget(path, parent.get(key))
            parent[key] = value
            self.sources[path] = name

    def _remove(self, path):
        parent = at(self.values, path[:-1]) if path[1:] else self.values
        if isinstance(parent, dict) and path[-1] in parent:
            self._forget(path, parent.pop(path[-1]))

    def _forget(self, path, value):
        """Drops the sources of `value`, which leaves the place `path`."""
        self.sources.pop(path, None)
        if not isinstance(value, dict):
            return
        self.sources = {
            place: name
            for place, name in self.sources.items()
            if place[: len(path)] != path
        }


def at(values, path):
    """The value at `path`, a tuple of keys, or None."""
    for key in path:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def put(values, path, value):
    """Sets a place that is empty; tells whether it was."""
    *groups, key = path
    for group in groups:
        values = values.setdefault(group, {})
        if not isinstance(values, dict):
            return False
    if key in values:
        return False
    values[key] = copy.deepcopy(value)
    return True


def _dotted(values, name):
    """`values` with the nested form of dotted settings undone."""
    errors = []
    for path, names in DOTTED:
        inner = at(values, path)
        if not isinstance(inner, dict):
            continue
        flat, twice = unfold(inner, names)
        values = _replaced(values, path, flat)
        errors += [
            f"{name(path[0])}: {'.'.join(path)} has {key!r} twice, dotted and "
            "nested. Keep one"
            for key in twice
        ]
    return values, errors


def _replaced(values, path, new):
    """A copy of `values` with the value at `path` exchanged."""
    if not path:
        return new
    return {
        **values,
        path[0]: _replaced(values[path[0]], path[1:], new),
    }
