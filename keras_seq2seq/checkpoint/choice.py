"""Which of a run's weights are meant."""

import logging
import re
from pathlib import Path

from keras_seq2seq.checkpoint.manifest import read_manifest, verify
from keras_seq2seq.checkpoint.run_directory import (
    AVERAGE_DIRECTORY,
    POINTERS,
    checkpoints,
    find,
)

LOGGER = logging.getLogger("keras_seq2seq")
CHECKPOINT = re.compile(r"(?:model\.)?ckpt-(\d+)", re.ASCII)


def find_weights(run_dir, which=None):
    """The checkpoint that `which` names, intact.

    Args:
        run_dir: path of the run.
        which: `"averaged"`, `"best"`, `"latest"`, a step, or the path of a
            checkpoint, which may be the historical `.../model.ckpt-50` for
            `.../ckpt-50`. None: the first of these that there is, of averages
            only one that is as new as the newest checkpoint.

    Returns:
        Path.
    """
    run_dir = Path(run_dir)
    averaged = run_dir / AVERAGE_DIRECTORY
    if which is None:
        if averaged.is_dir() and not _is_outdated(averaged, run_dir):
            which = AVERAGE_DIRECTORY
        else:
            which = "best" if (run_dir / "best").exists() else "latest"
    path = Path(str(which))
    named = CHECKPOINT.fullmatch(path.name)
    step = named[1] if named else which
    # A bare name is the run's, whatever lies where the command is typed.
    bare = path.name == str(which)
    if which == AVERAGE_DIRECTORY:
        path = averaged
    elif bare and (step in POINTERS or str(step).isdecimal()):
        return find(run_dir, step)
    elif named and not path.is_dir():
        return find(path.parent, step)
    elif not path.is_dir():
        return find(run_dir, which)
    verify(path)
    return path


def _is_outdated(averaged, run_dir):
    """Whether the run has gone on since its weights were averaged."""
    until = read_manifest(averaged).record.get("until")
    newest = max(checkpoints(run_dir), default=0)
    if until is None or until >= newest:
        return False
    LOGGER.warning(
        "%s ends at step %d, and the run has gone on to %d: a checkpoint is "
        "taken instead. Type --checkpoint averaged to have it all the same.",
        averaged,
        until,
        newest,
    )
    return True
