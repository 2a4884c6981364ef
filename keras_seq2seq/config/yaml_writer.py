"""Plain values as YAML that `yaml_reader` reads as the same values."""

import yaml

from keras_seq2seq.config.yaml_reader import Loader


def _resolvers():
    """What is no text when it is read, by PyYAML or by us, such as `1e3`."""
    own, read = (
        kind.yaml_implicit_resolvers for kind in (yaml.SafeDumper, Loader)
    )
    return {
        first: [*own.get(first, ()), *read.get(first, ())]
        for first in {**own, **read}
    }


class _Writer(yaml.SafeDumper):
    """Quotes what would be no text, and breaks no line in it."""

    yaml_implicit_resolvers = _resolvers()


def _text(writer, text):
    style = None if text.isprintable() else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def block(values):
    """YAML of plain values, a line for each, mappings in their order."""
    return _dumped(values)


def flow(values):
    """YAML of plain values, without any line break."""
    text = _dumped(values, default_flow_style=True)
    return text.removesuffix("...\n").strip()


def _dumped(values, **style):
    return yaml.dump(
        values,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=10**9,
        **style,
    )
