"""Plain values as YAML in one line."""

import yaml


class _Writer(yaml.SafeDumper):
    """A dumper that breaks no line."""


def _text(writer, text):
    style = None if text.isprintable() else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def flow(values):
    """YAML of plain values, without any line break."""
    text = yaml.dump(
        values,
        Dumper=_Writer,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=10**9,
    )
    return text.removesuffix("...\n").strip()
