"""The checkpoints of a run directory: written, found, pointed at, deleted."""

import logging
import os
import re
import shutil
from pathlib import Path

from keras_seq2seq.checkpoint.manifest import (
    DamagedCheckpointError,
    verify,
    write_manifest,
)
from keras_seq2seq.checkpoint.storage import (
    new_directory,
    remove_directory,
    replace_text,
    storage_errors,
)
from keras_seq2seq.errors import UserError

LOGGER = logging.getLogger("keras_seq2seq")
POINTERS = ("latest", "best")
AVERAGE_DIRECTORY = "averaged"
LEFTOVER = re.compile(
    rf"\.(ckpt-\d+|{'|'.join(POINTERS)}|{AVERAGE_DIRECTORY})"
    r"\.(tmp-\d+|trash|old)"
)


def write_checkpoint(run_dir, step, fill, record=None):
    """Writes `ckpt-<step>`, whole or not at all, and announces it as latest.

    Args:
        run_dir: path. Made if missing.
        step: int >= 0. Updates made so far.
        fill: callable `fill(directory)` that writes the files and returns
            `{file name: {variable name: [shape, dtype]}}` for the manifest.
        record: dict of JSON. Kept in the manifest.

    Returns:
        Path of the checkpoint.

    Raises:
        StorageError: if it cannot be written; older checkpoints are untouched.
    """
    run_dir = Path(run_dir)
    final = run_dir / f"ckpt-{step}"
    with storage_errors(final, "The checkpoints before it are untouched."):
        os.makedirs(run_dir, exist_ok=True)
        with new_directory(final) as temporary:
            variables = fill(temporary) or {}
            write_manifest(temporary, step, variables, record or {})
    point(run_dir, "latest", step)
    return final


def checkpoints(run_dir):
    """Finds the checkpoints of a run, intact or not.

    Returns:
        dict `{step: path}`, oldest first; empty if there is no directory.
    """
    found = {}
    for path in Path(run_dir).glob("ckpt-*"):
        match = re.fullmatch(r"ckpt-(0|[1-9]\d{0,17})", path.name)
        if match and path.is_dir():
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def newest_valid(run_dir):
    """Finds the newest checkpoint that is as it was written.

    Changes nothing, so that a reader cannot disturb a run in progress.

    Returns:
        Path or None, and a list of messages about checkpoints passed over.

    Raises:
        UserError: if a newer version of the library wrote one of them.
    """
    messages = []
    for step, path in reversed(checkpoints(run_dir).items()):
        try:
            manifest = verify(path)
            if manifest.step != step:
                raise DamagedCheckpointError(f"{path} holds {manifest.step}")
        except DamagedCheckpointError as error:
            messages.append(f"Skipped a damaged checkpoint: {error}")
        else:
            return path, messages
    return None, messages


def recover(run_dir):
    """Finds where a run goes on; only for the run's one writer.

    Cleans up after an interrupted writer and logs what was passed over.

    Returns:
        Path of the newest intact checkpoint, or None if there are none.

    Raises:
        UserError: if there are checkpoints and none is intact.
        StorageError: if what an interrupted writer left cannot be removed.
    """
    cleaned = clean(run_dir)
    path, damaged = newest_valid(run_dir)
    if path is None and damaged:
        raise UserError(
            f"{run_dir} must hold an intact checkpoint to go on from. "
            f"{' '.join(damaged)} Delete them to train from the beginning."
        )
    for message in [*cleaned, *damaged]:
        LOGGER.warning(message)
    if damaged:
        LOGGER.warning("Going on from %s.", path)
    return path


def clean(run_dir):
    """Removes what interrupted writers left; only for the run's one writer.

    Returns:
        list of str: a message for each thing removed or put back.
    """
    messages = []
    for path in sorted(Path(run_dir).glob(".*")):
        match = LEFTOVER.fullmatch(path.name)
        if not match:
            continue
        with storage_errors(path):
            messages.append(
                _clean_one(path, path.with_name(match[1]), match[2])
            )
    return messages


def point(run_dir, name, step):
    """Lets the pointer file `latest` or `best` name `ckpt-<step>`."""
    replace_text(Path(run_dir) / name, f"ckpt-{step}\n")


def find(run_dir, which="latest"):
    """Finds an intact checkpoint.

    Args:
        run_dir: path of the run.
        which: `"best"`, `"latest"` or a step. A damaged latest is passed
            over for the newest intact one, with a logged warning.

    Returns:
        Path.

    Raises:
        UserError: if there is none.
    """
    if which == "latest":
        path, messages = newest_valid(run_dir)
        for message in messages:
            LOGGER.warning(message)
        if path is None:
            raise UserError(_nothing_found(run_dir, "a checkpoint", messages))
        return path
    step = _pointed_step(run_dir, which) if which in POINTERS else which
    path = checkpoints(run_dir).get(_as_step(step))
    if path is None:
        raise UserError(_nothing_found(run_dir, f"checkpoint `{which}`", []))
    verify(path)
    return path


def delete(path):
    """Deletes one checkpoint: renamed first, so never seen in part.

    Raises:
        StorageError: if it cannot be deleted.
    """
    with storage_errors(path):
        remove_directory(path)


def _clean_one(path, original, kind):
    if kind == "old" and not original.exists():
        os.rename(path, original)
        return f"Put {original} back: its replacement was interrupted."
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return f"Removed {path}: left by an interrupted write."


def _pointed_step(run_dir, name):
    path = Path(run_dir) / name
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(100).strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text.removeprefix("ckpt-") if text.startswith("ckpt-") else None


def _as_step(step):
    text = str(step)
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None


def _nothing_found(run_dir, wanted, messages):
    steps = ", ".join(map(str, checkpoints(run_dir))) or "none"
    return " ".join(
        [f"{run_dir} must hold {wanted}. Received steps: {steps}.", *messages]
    )
