"""YAML and JSON text into plain values; nothing else can come out.

PyYAML's safe loader with `1e-4` as a number, no dates, no numbers to base 60,
no repeated keys, and bounds on size, depth and repeated aliases.
"""

import json
import math
import re

import yaml

from keras_seq2seq.errors import UserError

MOST_BYTES = 4_000_000
MOST_VALUES = 100_000  # with every alias written out
MOST_DEPTH = 50
BIGGEST_INTEGER = 2**63
REMOVED = {
    "tag:yaml.org,2002:value",
    "tag:yaml.org,2002:float",
    "tag:yaml.org,2002:int",
    "tag:yaml.org,2002:timestamp",
}


class Loader(yaml.SafeLoader):
    """Safe loader that remembers which nodes carry an anchor."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] not in REMOVED]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text):
        super().__init__(text)
        self.anchored = []

    def fetch_flow_collection_start(self, TokenClass):  # noqa: N803
        """Refuses depths at which PyYAML's scanner would take minutes."""
        if self.flow_level >= MOST_DEPTH:
            raise RecursionError
        super().fetch_flow_collection_start(TokenClass)

    def compose_document(self):
        """The document's node; its anchors are kept before they are lost."""
        self.get_event()
        node = self.compose_node(None, None)
        self.get_event()
        self.anchored = [id(carrier) for carrier in self.anchors.values()]
        self.anchors = {}
        return node


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?[0-9]+(_[0-9]+)*\Z", re.ASCII),
    list("-+0123456789"),
)
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"""[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z
        |[-+]?[0-9]+[eE][-+]?[0-9]+\Z
        |[-+]?\.(inf|Inf|INF)\Z
        |\.(nan|NaN|NAN)\Z""",
        re.ASCII | re.VERBOSE,
    ),
    list("-+0123456789."),
)
# `010` is ten, not eight.
Loader.add_constructor(
    "tag:yaml.org,2002:int",
    lambda loader, node: _integer(loader.construct_scalar(node)),
)


def parse(text, name):
    """Plain values out of YAML or JSON.

    Args:
        text: the document.
        name: text. What it is called in errors: a file or a flag.

    Returns:
        the value (mappings, lists, text, numbers, booleans, None), and the
        set of top-level keys whose value carries an anchor.

    Raises:
        UserError: not YAML, repeated keys, tags, too big, infinite numbers.
    """
    _refuse_size(text, name)
    try:
        value, anchored = _parse_yaml(text, name)
    except yaml.YAMLError as error:
        value, anchored = _tabbed_json(text), set()
        if value is None:
            raise _not_yaml(error, name) from None
    except RecursionError:
        raise UserError(f"{name}: is nested too deeply") from None
    except UserError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError):
        # PyYAML's own constructors, at tags such as `!!bool maybe`.
        raise UserError(
            f"{name}: has a value that does not fit its !!tag. Remove the tag"
        ) from None
    check(value, name)
    return value, anchored


def parse_json(text, name):
    """Plain values out of strict JSON, with `parse`'s bounds.

    Raises:
        UserError: not JSON, repeated keys, infinite numbers.
    """
    _refuse_size(text, name)
    try:
        value = json.loads(text, object_pairs_hook=_distinct)
        check(value, name)
    except RecursionError:
        raise UserError(f"{name}: is nested too deeply") from None
    except UserError:
        raise
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f"{name}:{line}" if line else name
        raise UserError(f"{where}: is not JSON: {error}") from None
    return value


def read(path):
    """`parse` of a file.

    Args:
        path: text.

    Raises:
        UserError: it cannot be read, or is not UTF-8, or as `parse`.
    """
    return parse(read_text(path), path)


def read_text(path):
    """The text of a configuration file.

    Args:
        path: text.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise UserError(
            f"{path}: can not be read as a configuration: {reason}"
        ) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}:{line}: must be UTF-8 text. Received byte "
            f"0x{content[error.start]:02x}"
        ) from None


def _refuse_size(text, name):
    if len(text) > MOST_BYTES:
        raise UserError(
            f"{name}: is too big for a configuration. Expected at most "
            f"{MOST_BYTES} characters"
        )


def _integer(text):
    """An integer; absurd ones become infinite, which is refused later."""
    return int(text) if len(text) < 25 else math.inf


def _parse_yaml(text, name):
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, set()
        _walk(node, name, {}, 0)
        return loader.construct_document(node), _anchored(loader, node)
    finally:
        loader.dispose()


def _anchored(loader, node):
    """Top-level keys whose value has an anchor of its own."""
    if not isinstance(node, yaml.MappingNode):
        return set()
    return {
        key.value
        for key, value in node.value
        if id(value) in loader.anchored
        and not isinstance(value, yaml.ScalarNode)
    }


def _walk(node, name, sizes, depth):
    """Number of values in `node`, every alias written out."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if sizes.get(id(node)) == 0:
        _fail(node, name, "an alias inside its own anchor")
    if id(node) in sizes:
        return sizes[id(node)]
    if depth > MOST_DEPTH:
        _fail(node, name, "values nested too deeply")
    sizes[id(node)] = 0  # unfinished
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated_keys(node, name)
        inner = [part for pair in node.value for part in pair]
    else:
        inner = node.value
    size = 1 + sum(_walk(part, name, sizes, depth + 1) for part in inner)
    if size > MOST_VALUES:
        _fail(node, name, f"more than {MOST_VALUES} values")
    sizes[id(node)] = size
    return size


def _refuse_repeated_keys(node, name):
    seen = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            _fail(key, name, "a key that is not text")
        if key.value in seen:
            _fail(
                key,
                name,
                f"key {key.value!r} twice, first in line {seen[key.value]}. "
                "Keep one",
            )
        seen[key.value] = key.start_mark.line + 1


def _fail(node, name, what):
    raise UserError(f"{name}:{node.start_mark.line + 1}: has {what}")


def _tabbed_json(text):
    """JSON that YAML does not read because of its tabs, else None."""
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        return None


def _not_yaml(error, name):
    mark = getattr(error, "problem_mark", None)
    line = f":{mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or str(error)
    return UserError(f"{name}{line}: is not YAML: {' '.join(problem.split())}")


def _distinct(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def check(value, name):
    """Refuses keys and values that a configuration can not hold.

    Args:
        value: plain values.
        name: text. What they are called in errors.

    Raises:
        UserError: keys that are no text, infinite numbers, half characters.
    """
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str) or not _is_unicode(key):
                raise UserError(
                    f"{name}: keys must be text. Received: {key!r}. Put it in "
                    "quotes"
                )
            check(one, name)
    elif isinstance(value, list):
        for one in value:
            check(one, name)
    elif not _is_plain(value):
        raise UserError(
            f"{name}: values must be text, finite numbers, true, false, null, "
            f"lists or mappings. Received: {type(value).__name__}"
            f"{f' {value}' if isinstance(value, float) else ''}"
        )


def _is_plain(value):
    if isinstance(value, int | float):
        return abs(value) < BIGGEST_INTEGER or (
            isinstance(value, float) and math.isfinite(value)
        )
    return value is None or (isinstance(value, str) and _is_unicode(value))


def _is_unicode(text):
    """False for half of a surrogate pair, which no file can hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
