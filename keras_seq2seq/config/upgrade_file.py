"""An old configuration file in the present form."""

from keras_seq2seq.config import hparams, yaml_reader
from keras_seq2seq.config.files import as_layer, upgraded
from keras_seq2seq.config.upgrade import Layer
from keras_seq2seq.config.wiki import DOCUMENT_001, DOCUMENT_002
from keras_seq2seq.config.yaml_writer import block

OPTIONS = {"model_class", "model_params"}
OLD_KEYS = {*DOCUMENT_001.hparams, *DOCUMENT_002.hparams}


def upgrade_file(path, model=None):
    """What the file means, without a word of the old dialects.

    Args:
        path: text. A configuration in YAML or JSON, an `hparams.txt` or a
            `train_options.json` of google/seq2seq.
        model: text or None. Class of the model, where the file has none.

    Returns:
        YAML text with every setting of the file and those defaults of its
        time that are others today, and a list of lines to show.

    Raises:
        UserError: not readable, or as `files.load`.
    """
    layer = _layer(path)
    if model is not None:
        layer.values["model"] = model
    values, told = upgraded(layer)
    return block(values), told


def _layer(path):
    """The file's content as settings, old ones among them."""
    text = yaml_reader.read_text(path)
    if hparams.PAIR.match(text):
        return Layer({"hparams": text}, path)
    layer = as_layer(*yaml_reader.parse(text, path), path)
    if set(layer.values) <= OPTIONS:
        return layer._replace(values=_options(layer.values))
    return layer


def _options(values):
    """`train_options.json`: the class, and what `--model_params` had."""
    params = values.get("model_params", {})
    old = isinstance(params, dict) and not OLD_KEYS.isdisjoint(params)
    named = {"model": values["model_class"]} if "model_class" in values else {}
    return {**named, "hparams" if old else "model_params": params}
