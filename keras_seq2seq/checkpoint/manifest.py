"""The manifest of a checkpoint: what it holds, and the proof of it."""

import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

from keras_seq2seq import __version__
from keras_seq2seq.checkpoint.storage import write_bytes
from keras_seq2seq.errors import UserError

MANIFEST_FILE = "manifest.json"
FORMAT = 1  # raised when an older library could misread the files
MAX_BYTES = 64 * 2**20


class DamagedCheckpointError(UserError):
    """A checkpoint is incomplete, or its content has changed."""


class Manifest(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        step: int. Updates made when it was written.
        files: dict `{file name: {"size": bytes, "sha256": hex}}`.
        variables: dict `{file name: {variable name: [shape, dtype]}}`.
        record: dict. What retention knows: seconds of training, score, ...
        library: str. Version of the library that wrote it.
    """

    step: int
    files: dict
    variables: dict
    record: dict
    library: str


def write_manifest(directory, step, variables, record):
    """Describes and hashes every file of `directory`; the last file written."""
    directory = Path(directory)
    content = {
        "format": FORMAT,
        "library": __version__,
        "step": step,
        "files": {
            path.name: {"size": path.stat().st_size, "sha256": _sha256(path)}
            for path in sorted(directory.iterdir())
        },
        "variables": variables,
        "record": record,
    }
    content["sha256"] = _own_sha256(content)
    text = json.dumps(content, indent=1) + "\n"
    write_bytes(directory / MANIFEST_FILE, text.encode())


def read_manifest(path):
    """Reads a checkpoint's manifest, without looking at the other files.

    Raises:
        DamagedCheckpointError: if it is missing, or not as it was written.
        UserError: if a newer version of the library wrote it.
    """
    path = Path(path)
    content = _parse(path)
    _check_format(path, content.get("format"))
    recorded = content.pop("sha256", None)
    if recorded != _own_sha256(content) or not _well_formed(content):
        raise DamagedCheckpointError(
            f"{path / MANIFEST_FILE} is not as it was written."
        )
    del content["format"]
    return Manifest(**content)


def verify(path):
    """Proves that a checkpoint is as it was written.

    Args:
        path: the directory `ckpt-<step>`.

    Returns:
        `Manifest`.

    Raises:
        DamagedCheckpointError: if a file is missing, truncated or changed.
        UserError: if a newer version of the library wrote it.
    """
    path = Path(path)
    manifest = read_manifest(path)
    for name, expected in manifest.files.items():
        _verify_file(path / name, expected)
    return manifest


def _verify_file(path, expected):
    try:
        size = path.stat().st_size
        if size != expected["size"]:
            raise DamagedCheckpointError(
                f"{path} must have {expected['size']} bytes. "
                f"Received: {size} bytes"
            )
        changed = _sha256(path) != expected["sha256"]
    except OSError as error:
        raise DamagedCheckpointError(
            f"{path} cannot be read: {error.strerror}"
        ) from error
    if changed:
        raise DamagedCheckpointError(f"{path} has changed since it was written")


def _parse(path):
    try:
        if (path / MANIFEST_FILE).stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        text = (path / MANIFEST_FILE).read_bytes()
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")
    except OSError as error:
        raise DamagedCheckpointError(
            f"{path} is no complete checkpoint: {MANIFEST_FILE}: "
            f"{error.strerror}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DamagedCheckpointError(
            f"{path / MANIFEST_FILE} cannot be read: {error}"
        ) from error
    return content


def _check_format(path, received):
    if type(received) is int and received > FORMAT:
        raise UserError(
            f"{path} has format {received}; this keras_seq2seq "
            f"({__version__}) reads formats up to {FORMAT}. Install the "
            "version that wrote it: pip install --upgrade keras-seq2seq"
        )


def _well_formed(content):
    kinds = {
        "format": int,
        "library": str,
        "step": int,
        "files": dict,
        "variables": dict,
        "record": dict,
    }
    return (
        content.keys() == kinds.keys()
        and all(type(content[key]) is kind for key, kind in kinds.items())
        and all(_plain_name(name) for name in content["files"])
        and all(_file_entry(entry) for entry in content["files"].values())
    )


def _plain_name(name):
    # No separator and no leading dot: a file cannot lie elsewhere.
    return re.fullmatch(r"\w[\w.-]*", name) is not None


def _file_entry(entry):
    return (
        isinstance(entry, dict)
        and type(entry.get("size")) is int
        and isinstance(entry.get("sha256"), str)
    )


def _own_sha256(content):
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
