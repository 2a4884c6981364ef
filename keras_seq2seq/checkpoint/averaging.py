"""Averages of the weights of several checkpoints."""

import os
from pathlib import Path

import numpy as np

from keras_seq2seq.checkpoint.array_files import (
    check_same,
    read_hdf5,
    specification,
    write_hdf5,
)
from keras_seq2seq.checkpoint.manifest import (
    DamagedCheckpointError,
    verify,
    write_manifest,
)
from keras_seq2seq.checkpoint.run_directory import checkpoints
from keras_seq2seq.checkpoint.storage import new_directory, storage_errors
from keras_seq2seq.errors import UserError

WEIGHTS_FILE = "model.weights.h5"
AVERAGE_DIRECTORY = "averaged"


def average(source, last=None, best=None):
    """Averages weights over checkpoints, which often scores better than one.

    Sums are taken in float64; variables of integers come from the newest.

    Args:
        source: a run directory, or a sequence of checkpoint directories.
        last: int >= 1. With a run directory: so many of the newest.
        best: int >= 1. With a run directory: so many of the best scored.

    Returns:
        dict `{variable name: array}` in the variables' own types, as
        `keras_seq2seq.checkpoint.model_state.assign_weights` takes it.

    Raises:
        UserError: if there are no such checkpoints or their variables differ.

    Source:
        [Junczys-Dowmunt et al., 2016](https://arxiv.org/abs/1610.01108), 3.1.
    """
    if isinstance(source, (str, os.PathLike)):
        paths = _choose(Path(source), last, best)
    else:
        paths = [Path(path) for path in source]
    if not paths:
        raise UserError(f"{source} must hold intact checkpoints to average.")
    first = read_hdf5(paths[0] / WEIGHTS_FILE)
    expected = {name: specification(array) for name, array in first.items()}
    sums = {name: array.astype("float64") for name, array in first.items()}
    for path in paths[1:]:
        for name, array in _read(path, expected).items():
            sums[name] += array.astype("float64")
    return {
        name: _finish(sums[name] / len(paths), array)
        for name, array in first.items()
    }


def _choose(run_dir, last, best):
    if (last is None) == (best is None):
        raise ValueError(
            "With a run directory, exactly one of `last` and `best` must be "
            f"given. Received: last={last}, best={best}"
        )
    count = last if best is None else best
    if count < 1:
        raise ValueError(f"The number must be positive. Received: {count}")
    intact = _intact(run_dir)
    if best is not None:
        intact = [item for item in intact if item[1].get("score") is not None]
        intact.sort(key=_goodness, reverse=True)
    return [path for path, _ in intact[:count]]


def _intact(run_dir):
    found = []
    for path in reversed(checkpoints(run_dir).values()):
        try:
            found.append((path, verify(path).record))
        except DamagedCheckpointError:
            continue
    return found


def _goodness(item):
    _, record = item
    return record["score"] if record.get("mode") == "max" else -record["score"]


def _read(path, expected):
    arrays = read_hdf5(path / WEIGHTS_FILE)
    found = {name: specification(array) for name, array in arrays.items()}
    check_same(path / WEIGHTS_FILE, expected, found)
    return arrays


def _finish(mean, newest):
    if np.issubdtype(newest.dtype, np.integer) or newest.dtype == bool:
        return newest
    return mean.astype(newest.dtype)


def write_average(run_dir, arrays):
    """Writes averaged weights as the run's `averaged/`, whole or not at all.

    Returns:
        Path of the directory, which reads like a checkpoint.
    """
    final = Path(run_dir) / AVERAGE_DIRECTORY
    described = {
        name: [list(array.shape), array.dtype.name]
        for name, array in arrays.items()
    }
    with storage_errors(final), new_directory(final) as temporary:
        write_hdf5(temporary / WEIGHTS_FILE, arrays)
        write_manifest(temporary, 0, {WEIGHTS_FILE: described}, {})
    return final
