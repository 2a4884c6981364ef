"""Variables that training leaves as they are."""

import difflib
import math
from fnmatch import fnmatchcase

from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.errors import UserError


def freeze(model, patterns):
    """Takes variables out of training, before the model is compiled.

    The optimizer then has no state of them, and no step changes them.

    Args:
        model: built `keras.Model`.
        patterns: sequence of str. Patterns of `fnmatch` over the names that
            checkpoints store, such as `encoder/*`.

    Returns:
        list of str: a line per pattern, for the start banner.

    Raises:
        UserError: a pattern without a match, or nothing left to train.
    """
    variables = weight_names(model)
    told = []
    for pattern in patterns:
        found = [name for name in variables if fnmatchcase(name, pattern)]
        if not found:
            raise UserError(
                f"freeze: no variable's name matches {pattern!r}. Names are "
                f"like {', '.join(_near(pattern, list(variables)))}"
            )
        for name in found:
            variables[name].trainable = False
        count = sum(math.prod(variables[name].shape) for name in found)
        plural = "" if len(found) == 1 else "s"
        told.append(
            f"Frozen:     {pattern}, {len(found)} variable{plural}, {count:,} "
            "parameters"
        )
    if not model.trainable_variables:
        raise UserError(
            f"freeze: nothing is left to train. Received: {', '.join(patterns)}"
        )
    return told


def _near(pattern, names, count=5):
    """Names, and patterns of all below a scope, that look like `pattern`."""
    scopes = {name.rpartition("/")[0] for name in names}
    scopes |= {name.partition("/")[0] for name in names}
    candidates = sorted({f"{scope}/*" for scope in scopes} | set(names))
    near = difflib.get_close_matches(pattern, candidates, count, cutoff=0.4)
    return near or sorted({f"{name.partition('/')[0]}/*" for name in names})
