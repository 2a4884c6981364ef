"""Which checkpoints stay: a pure function of what is known about each."""

import logging
from typing import NamedTuple

from keras_seq2seq import checkpoint
from keras_seq2seq.checkpoint.manifest import read_manifest
from keras_seq2seq.errors import StorageError, UserError


class Kept(NamedTuple):
    """What retention knows about a checkpoint.

    Attributes:
        step: int. Updates made.
        seconds: float. Training time when it was written.
        score: float or None. The monitored value, if there was one.
    """

    step: int
    seconds: float
    score: float | None


def known_checkpoints(directory, monitor):
    """Reads from the manifests what retention must know.

    Args:
        directory: path of the run.
        monitor: str. Scores of another name count as none.

    Returns:
        list of `Kept`, oldest first, without damaged ones.
    """
    known = []
    for step, path in checkpoint.checkpoints(directory).items():
        try:
            record = read_manifest(path).record
        except UserError:
            continue
        same = record.get("monitor") == monitor
        score = record.get("score") if same else None
        known.append(Kept(step, record.get("seconds", 0.0), score))
    return known


def delete_steps(directory, steps):
    """Deletes checkpoints; one that cannot be deleted is only reported."""
    paths = checkpoint.checkpoints(directory)
    for step in steps & paths.keys():
        try:
            checkpoint.delete(paths[step])
        except StorageError as error:
            logging.getLogger("keras_seq2seq").warning(
                "An old checkpoint stays: %s", error
            )


def kept_checkpoints(
    known, keep_max, keep_every_n_hours=None, keep_best=1, mode="min"
):
    """Chooses the checkpoints that stay.

    Args:
        known: sequence of `Kept`, in any order.
        keep_max: int or None. So many of the newest; None or 0 for all.
        keep_every_n_hours: float or None. One for each such span of training
            time, the first written in it.
        keep_best: int. So many of the best scored.
        mode: `"max"` or `"min"`: which scores are better.

    Returns:
        set of steps.
    """
    known = sorted(known)
    newest = known[-keep_max:] if keep_max else known
    chosen = [*newest, *best(known, keep_best, mode)]
    if keep_every_n_hours:
        chosen += _one_per_span(known, keep_every_n_hours * 3600)
    return {item.step for item in chosen}


def best(known, count, mode):
    """The `count` best scored, best first; of equals the oldest."""
    sign = -1 if mode == "max" else 1
    scored = [item for item in known if item.score is not None]
    return sorted(scored, key=lambda item: (sign * item.score, item.step))[
        :count
    ]


def _one_per_span(known, span):
    last = 0.0
    for item in known:
        if item.seconds - last >= span:
            last = item.seconds
            yield item
