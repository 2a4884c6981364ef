"""The state of a model and its optimizer as files of a checkpoint."""

import contextlib
from pathlib import Path
from typing import NamedTuple

from keras_seq2seq.checkpoint.array_files import (
    check_same,
    read_hdf5,
    read_zip,
    specification,
    write_hdf5,
    write_zip,
)
from keras_seq2seq.checkpoint.averaging import WEIGHTS_FILE
from keras_seq2seq.checkpoint.variable_names import (
    metric_names,
    optimizer_names,
    seed_names,
    weight_names,
)
from keras_seq2seq.checkpoint.variable_value import variable_value

TRAINING_FILE = "training.npz"


class ModelState(NamedTuple):
    """Copies of all that a model must remember.

    Attributes:
        weights: dict `{name: array}`.
        training: dict `{name: array}` of the optimizer (steps, slots,
            averages), the random generators and the metrics; names begin
            with `optimizer/`, `seeds/` or `metrics/`.
    """

    weights: dict
    training: dict


def snapshot(model, metrics=True):
    """Copies the state of `model`, so that training may go on meanwhile.

    Args:
        model: built `keras.Model`, compiled or not.
        metrics: bool. If True, with the accumulators of its metrics.

    Returns:
        `ModelState`.
    """
    training = _training_variables(model)
    if metrics:
        training |= _metric_variables(model)
    return ModelState(copy_weights(model), _copies(training))


def copy_weights(model):
    """Copies the weights of `model`: dict `{name: array}`."""
    return _copies(weight_names(model))


def averaged_weights(model):
    """The exponential averages that the optimizer keeps: `{name: array}`.

    The model's own weights are as they were afterwards.
    """
    current = copy_weights(model)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    averages = copy_weights(model)
    assign_weights(model, current)
    return averages


def copy_slots(model):
    """Copies what the optimizer has collected for each weight.

    Returns:
        dict `{name: array}`, without steps, learning rate and averages.
    """
    return _copies(_slots(model))


def fresh_slots(model):
    """What `copy_slots` gives before the first step."""
    own = model.optimizer
    with _scope(model):
        twin = type(own).from_config(own.get_config())
        twin.build(model.trainable_variables)
    others = {
        id(mine): other
        for mine, other in zip(own.variables, twin.variables, strict=True)
    }
    return _copies({k: others[id(v)] for k, v in _slots(model).items()})


def assign_slots(model, arrays):
    """Gives the optimizer slots by name, as `copy_slots` copies them."""
    _assign(_slots(model), arrays)


def write_state(state, directory):
    """Writes a `ModelState`.

    Returns:
        dict `{file name: {variable name: [shape, dtype]}}` for a manifest.
    """
    directory = Path(directory)
    write_hdf5(directory / WEIGHTS_FILE, state.weights)
    write_zip(directory / TRAINING_FILE, state.training)
    return {
        WEIGHTS_FILE: _described(state.weights),
        TRAINING_FILE: _described(state.training),
    }


def write_model(model, directory):
    """Writes weights and training state; see `write_checkpoint`."""
    return write_state(snapshot(model), directory)


def read_model(model, directory, training=True):
    """Gives `model` the state that a checkpoint holds; all of it or nothing.

    Args:
        model: built `keras.Model` of the same variables, and for `training`
            compiled with the same optimizer.
        directory: the checkpoint, verified before.
        training: bool. If False, the weights only.

    Raises:
        UserError: if names, shapes or types differ, with both lists.
    """
    if not model.weights:
        raise ValueError(
            "`model` must be built: call it on one batch first. "
            f"Received: {model.name} without weights"
        )
    directory = Path(directory)
    variables = weight_names(model)
    arrays = read_hdf5(directory / WEIGHTS_FILE, _specifications(variables))
    if training:
        own = _training_variables(model)
        stored = _without_metrics(read_zip(directory / TRAINING_FILE))
        check_same(
            directory / TRAINING_FILE,
            _specifications(own),
            _specifications(stored),
        )
        _assign(own, stored)
    _assign(variables, arrays)


def read_metrics(model, directory):
    """Gives the metrics the accumulators of a checkpoint, if it has them.

    `fit` resets metrics as an epoch begins, so call this after that. Metrics
    that `compile` was given exist only after the first batch, unless there is
    a strategy; those begin anew.
    """
    stored = read_zip(Path(directory) / TRAINING_FILE)
    own = _metric_variables(model)
    if _specifications(own).items() <= _specifications(stored).items():
        _assign(own, stored)


def assign_weights(model, arrays):
    """Gives `model` weights by name, such as an average.

    Raises:
        UserError: if names, shapes or types differ, with both lists.
    """
    variables = weight_names(model)
    check_same(
        "The arrays", _specifications(variables), _specifications(arrays)
    )
    _assign(variables, arrays)


def _training_variables(model):
    named = _prefixed("seeds/", seed_names(model))
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None:
        if not optimizer.built:
            with _scope(model):
                optimizer.build(model.trainable_variables)
        named |= _prefixed("optimizer/", optimizer_names(model))
    return named


def _slots(model):
    return {
        name: variable
        for name, variable in optimizer_names(model).items()
        if "/" in name and not name.endswith("/average")
    }


def _scope(model):
    """Where the model's variables are made: its strategy on TensorFlow."""
    strategy = getattr(model, "distribute_strategy", None)
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def _metric_variables(model):
    return _prefixed("metrics/", metric_names(model))


def _prefixed(prefix, named):
    return {prefix + name: variable for name, variable in named.items()}


def _copies(variables):
    return {name: variable_value(v) for name, v in variables.items()}


def _assign(variables, arrays):
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _specifications(items):
    return {name: specification(item) for name, item in items.items()}


def _described(arrays):
    return {
        name: [list(array.shape), array.dtype.name]
        for name, array in arrays.items()
    }


def _without_metrics(arrays):
    return {
        name: array
        for name, array in arrays.items()
        if not name.startswith("metrics/")
    }
