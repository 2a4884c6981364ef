"""A configuration as YAML that tells where each value came from."""

from keras_seq2seq.config.files import plain
from keras_seq2seq.config.yaml_writer import flow


def annotated(loaded):
    """The settings, one per line, each with its source behind it.

    Args:
        loaded: `files.Loaded`.

    Returns:
        YAML text, itself a configuration file that means the same. Data paths
        are joined to `data_dir`, which is null therefore.
    """
    config = loaded.config.model_copy(update={"data_dir": None})
    return "".join(_lines(plain(config), (), loaded.sources))


def _lines(values, above, sources):
    for key, value in values.items():
        path = (*above, key)
        indent = "  " * len(above)
        if isinstance(value, dict) and value and path not in sources:
            yield f"{indent}{flow(key)}:\n"
            yield from _lines(value, path, sources)
        else:
            source = _source(path, sources)
            yield f"{indent}{flow(key)}: {flow(value)}  # {source}\n"


def _source(path, sources):
    """What decided a setting, or the group that it was given with."""
    for length in range(len(path), 0, -1):
        if path[:length] in sources:
            return _one_line(sources[path[:length]])
    return "default"


def _one_line(text):
    """Text that may stand in a comment."""
    return "".join(one if one.isprintable() else " " for one in text)
