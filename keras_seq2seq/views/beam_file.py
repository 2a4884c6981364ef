"""Reads the file that the task DumpBeams writes."""

import numpy as np

from keras_seq2seq.checkpoint.array_files import read_zip
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END
from keras_seq2seq.views.beam_tree import BeamSteps

TABLES = ("predicted_ids", "beam_parent_ids", "scores", "log_probs")


class Beams:
    """The searches in a file; iterating gives the BeamSteps of each line.

    Args:
        arrays: dict of the documented arrays `(N, T, K)`, and of `lengths`
            and `best` where the file has them.

    Attributes:
        end: int or None. The id of END; unknown in files without lengths.
        largest: int. The greatest id, -1 if there is none.
    """

    def __init__(self, arrays):
        self._tables = [arrays[name] for name in TABLES]
        count, longest, _ = self._tables[0].shape
        self.end = END if "lengths" in arrays else None
        self._lengths = arrays.get("lengths", np.full(count, longest))
        last = np.stack([self._lengths - 1, np.zeros_like(self._lengths)], 1)
        self._best = arrays.get("best", last)
        self.largest = int(self._tables[0].max(initial=-1))

    def __iter__(self):
        for row, length in enumerate(self._lengths.tolist()):
            tables = [table[row, :length] for table in self._tables]
            yield BeamSteps(*tables, tuple(self._best[row].tolist()))


def read_beams(path):
    """Reads the arrays of a search's steps.

    Args:
        path: path of an `.npz` file, with or without `lengths`.

    Returns:
        Beams.

    Raises:
        UserError: no such file, not what DumpBeams writes, or damaged.
    """
    try:
        arrays = read_zip(path)
    except UserError as error:
        raise UserError(_foreign(path, error)) from None
    fault = _misshapen(arrays) or _out_of_range(arrays)
    if fault:
        raise UserError(_foreign(path, fault))
    return Beams(arrays)


def _misshapen(arrays):
    """What is wrong with the names and shapes of arrays, or None."""
    missing = [name for name in TABLES if name not in arrays]
    if missing:
        return f"no {', '.join(missing)}"
    shape = arrays[TABLES[0]].shape
    if len(shape) != 3:
        return f"{TABLES[0]} of the shape {shape}"
    expected = dict.fromkeys(TABLES, shape)
    expected |= {"lengths": shape[:1], "best": (shape[0], 2)}
    for name, wanted in expected.items():
        if name in arrays and arrays[name].shape != wanted:
            return f"{name} of the shape {arrays[name].shape}, not {wanted}"
    return None


def _out_of_range(arrays):
    """What is wrong with the numbers in arrays, or None."""
    _, steps, width = arrays[TABLES[0]].shape
    bounds = {
        "predicted_ids": (0, 2**31),
        "beam_parent_ids": (0, width),
        "lengths": (0, steps + 1),
        "best": (-1, max(steps, width)),
    }
    for name, (least, bound) in bounds.items():
        numbers = arrays.get(name, np.zeros(0, int))
        whole = np.issubdtype(numbers.dtype, np.integer)
        if not whole or ((numbers < least) | (numbers >= bound)).any():
            return f"{name} with other than ints from {least} to {bound - 1}"
    for name in ("scores", "log_probs"):
        numbers = arrays[name]
        if not np.issubdtype(numbers.dtype, np.floating):
            return f"{name} of the type {numbers.dtype}"
        if not (np.isfinite(numbers) | np.isneginf(numbers)).all():
            return f"{name} that are not numbers"
    return None


def _foreign(path, fault):
    return (
        f"{path}: expected the file that the task DumpBeams wrote, arrays "
        f"(N, T, K). Received: {fault}. One of google/seq2seq itself, whose "
        "arrays are pickled, must be written anew: `keras-seq2seq infer "
        "--tasks '[{class: DumpBeams, params: {file: beams.npz}}]'`."
    )
