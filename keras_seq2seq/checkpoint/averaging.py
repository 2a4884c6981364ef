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
    MANIFEST_FILE,
    DamagedCheckpointError,
    verify,
    write_manifest,
)
from keras_seq2seq.checkpoint.run_directory import (
    AVERAGE_DIRECTORY,
    checkpoints,
)
from keras_seq2seq.checkpoint.storage import new_directory, storage_errors
from keras_seq2seq.errors import UserError

WEIGHTS_FILE = "model.weights.h5"


def average(source, **choice):
    """Averages weights over checkpoints, which often scores better than one.

    Sums are taken in float64; variables of integers come from the first
    checkpoint that is taken.

    Args:
        source: a run directory, or a sequence of checkpoint directories.
        **choice: with a run directory exactly one of these, an int >= 1.
            `last`: so many of the newest.
            `best`: so many of the best scored.
            `lifespan`: so many of those that stayed the best one for the
            largest number of evaluations; the better of two comes first.
            `until_best`: so many in a row that end with the best one.

    Returns:
        dict `{variable name: array}` in the variables' own types, as
        `keras_seq2seq.checkpoint.model_state.assign_weights` takes it.

    Raises:
        UserError: if there are no such checkpoints or their variables differ.

    Source:
        [Junczys-Dowmunt et al., 2016](https://arxiv.org/abs/1610.01108), 3.1;
        `lifespan` and `until_best` (there `last`) as in Sockeye's `average`.
    """
    if isinstance(source, (str, os.PathLike)):
        paths = choose(source, **choice)
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


def choose(run_dir, **choice):
    """The checkpoints that `average` takes of a run.

    Returns:
        list of Path.
    """
    given = [(name, n) for name, n in choice.items() if n is not None]
    if len(given) != 1 or given[0][0] not in STRATEGIES:
        raise ValueError(
            "With a run directory, exactly one of "
            f"{', '.join(STRATEGIES)} must be given. Received: {choice}"
        )
    ((strategy, count),) = given
    if count < 1:
        raise ValueError(f"The number must be positive. Received: {count}")
    return STRATEGIES[strategy](_intact(Path(run_dir)), count)


def _intact(run_dir):
    """Pairs of path and goodness, oldest first; None where none is known."""
    found = []
    for path in checkpoints(run_dir).values():
        try:
            record = verify(path).record
        except DamagedCheckpointError:
            continue
        found.append((path, _goodness(record)))
    return found


def _goodness(record):
    score = record.get("score")
    if score is None or record.get("mode") == "max":
        return score
    return -score


def _last(points, count):
    return [path for path, _ in reversed(points[-count:])]


def _best(points, count):
    ranked = _ranked(_scored(points), lambda point: point[1])
    return [path for path, _ in ranked[:count]]


def _until_best(points, count):
    points = _scored(points)
    if not points:
        return []
    goodness = [good for _, good in points]
    end = goodness.index(max(goodness)) + 1
    return _last(points[max(0, end - count) : end], count)


def _lifespan(points, count):
    points, best, spans = _scored(points), 0, []
    for place, (_, good) in enumerate(points):
        spans.append(0)
        if good > points[best][1]:
            best = place
        elif place:
            spans[best] += 1
    lived = [
        (span, good, path)
        for span, (path, good) in zip(spans, points, strict=True)
    ]
    ranked = _ranked(lived, lambda each: each[:2])
    return [path for _, _, path in ranked[:count]]


def _scored(points):
    return [point for point in points if point[1] is not None]


def _ranked(items, key):
    """The greatest key first, and of equal ones the newest."""
    return sorted(reversed(items), key=key, reverse=True)


STRATEGIES = {
    "last": _last,
    "best": _best,
    "lifespan": _lifespan,
    "until_best": _until_best,
}


def _read(path, expected):
    arrays = read_hdf5(path / WEIGHTS_FILE)
    found = {name: specification(array) for name, array in arrays.items()}
    check_same(path / WEIGHTS_FILE, expected, found)
    return arrays


def _finish(mean, first):
    if np.issubdtype(first.dtype, np.integer) or first.dtype == bool:
        return first
    return mean.astype(first.dtype)


def write_average(run_dir, arrays, path=None):
    """Writes averaged weights as the run's `averaged/`, whole or not at all.

    Its record holds `until`, the step of the newest checkpoint there is.

    Args:
        run_dir: path of the run.
        arrays: dict as `average` returns it.
        path: path of another directory, or None.

    Returns:
        Path of the directory, which reads like a checkpoint.

    Raises:
        UserError: there is something else than earlier averages.
    """
    final = Path(path or Path(run_dir) / AVERAGE_DIRECTORY).absolute()
    _check_replaceable(final)
    described = {
        name: [list(array.shape), array.dtype.name]
        for name, array in arrays.items()
    }
    with storage_errors(final), new_directory(final) as temporary:
        write_hdf5(temporary / WEIGHTS_FILE, arrays)
        until = {"until": max(checkpoints(run_dir), default=0)}
        write_manifest(temporary, 0, {WEIGHTS_FILE: described}, until)
    return final


def _check_replaceable(path):
    if not path.exists():
        return
    held = {each.name for each in path.iterdir()} if path.is_dir() else None
    others = held and sorted(held - {WEIGHTS_FILE, MANIFEST_FILE})
    if held is None or others:
        raise UserError(
            f"{path}: expected no directory yet, or one of averaged weights. "
            "Received: "
            + (f"one that holds {others[0]}" if others else "a file")
            + ". Type another --output."
        )
