"""The variables of a model as TensorFlow's tfprof listed them."""

import logging
import math
from pathlib import Path

import keras

from keras_seq2seq.checkpoint import replace_text
from keras_seq2seq.checkpoint.storage import make_directory
from keras_seq2seq.checkpoint.variable_names import weight_names

FILE = "model_analysis.txt"
LOGGER = logging.getLogger("keras_seq2seq")


class ModelAnalysis(keras.callbacks.Callback):
    """google/seq2seq's PrintModelAnalysisHook: lists all variables, once.

    Writes and logs `model_analysis.txt` as training begins, unless the run
    has that file.

    Args:
        directory: path of the run.
    """

    def __init__(self, directory):
        super().__init__()
        self.path = Path(directory) / FILE

    def on_train_begin(self, logs=None):
        if self.path.exists():
            return
        lines = analysis_lines(weight_names(self.model))
        make_directory(self.path.parent)
        replace_text(self.path, "\n".join(lines) + "\n")
        LOGGER.info("\n".join(lines))


def analysis_lines(variables):
    """Lists variables under the scopes of their names.

    Args:
        variables: dict from names with slashes to variables.

    Returns:
        list of str. The first has the total; a line of a scope has the sum of
        what is below it, one of a variable its shape and its parameters, own
        and with all below it, and `frozen` where training does not change it.
    """
    lines = [f"_TFProfRoot (--/{_total(variables.values())} params)"]
    above = ()
    for name in sorted(variables, key=lambda name: name.split("/")):
        *scopes, _ = parts = name.split("/")
        for depth in range(1, len(scopes) + 1):
            scope = tuple(parts[:depth])
            if scope != above[:depth]:
                below = _below("/".join(scope), variables)
                lines.append(
                    f"{'  ' * depth}{'/'.join(scope)} (--/{below} params)"
                )
        above = tuple(scopes)
        lines.append(f"{'  ' * len(parts)}{_described(name, variables[name])}")
    return lines


def human_count(number):
    """A count as tfprof wrote it: 999, 16.38k, 12.81m, 1.20b."""
    for limit, unit in ((1e9, "b"), (1e6, "m"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.2f}{unit}"
    return str(number)


def _described(name, variable):
    shape = "x".join(map(str, variable.shape)) or "scalar"
    count = human_count(math.prod(variable.shape))
    frozen = "" if variable.trainable else ", frozen"
    return f"{name} ({shape}, {count}/{count} params{frozen})"


def _below(scope, variables):
    return _total(
        variable
        for name, variable in variables.items()
        if name.startswith(f"{scope}/")
    )


def _total(variables):
    return human_count(sum(math.prod(each.shape) for each in variables))
