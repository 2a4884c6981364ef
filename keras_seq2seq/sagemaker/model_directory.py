"""A model's files in a directory of their own, without its training."""

import json
import shutil
from pathlib import Path

from keras_seq2seq.checkpoint import replace_text, verify
from keras_seq2seq.checkpoint.averaging import WEIGHTS_FILE
from keras_seq2seq.checkpoint.choice import find_weights
from keras_seq2seq.checkpoint.manifest import write_manifest
from keras_seq2seq.checkpoint.run_directory import AVERAGE_DIRECTORY
from keras_seq2seq.checkpoint.storage import new_directory, storage_errors
from keras_seq2seq.run_files import (
    CONFIG_FILE,
    TOKENIZER_FILE,
    library_versions,
    read_run,
    write_tokenizers,
)

STEMS = ("vocab.src", "vocab.trg")
JOB_FILE = "job.json"
ARCHIVE = "model.tar.gz"  # of such a directory
FORMAT = 1
UNFINISHED = "unfinished"


def write_model(run_dir, directory, job=None):
    """Writes what inference needs of a run, and its metrics.

    `keras_seq2seq.load` and `infer --model_dir` read the directory. Its
    vocabularies are `vocab.src.*` and `vocab.trg.*`; of all checkpoints it has
    the weights of the one that inference takes.

    Args:
        run_dir: path of a run, train's `output_dir`.
        directory: path. Made if missing; what it holds is replaced.
        job: mapping or None. What `job.json` says beside versions.

    Returns:
        Path of the directory.

    Raises:
        UserError: no run, or one without an intact checkpoint.
        StorageError: the directory cannot be written.
    """
    run_dir, directory = Path(run_dir), Path(directory)
    tokenizers = read_run(run_dir).tokenizers
    weights = find_weights(run_dir)
    manifest = verify(weights)
    with storage_errors(directory):
        directory.mkdir(parents=True, exist_ok=True)
        empty(directory)
        # So that a writer that was killed is known from a stranger's files.
        replace_text(directory / JOB_FILE, _pretty({"status": UNFINISHED}))
        _copy_weights(weights, manifest, directory / weights.name)
        if weights.name != AVERAGE_DIRECTORY:
            replace_text(directory / "best", f"{weights.name}\n")
        write_tokenizers(directory, tokenizers, STEMS)
        # The configuration last but one: with it a directory is a model.
        for path in sorted(run_dir.iterdir(), key=_configuration_last):
            if _describes_the_run(path):
                shutil.copyfile(path, directory / path.name)
        described = {
            "format": FORMAT,
            "weights": weights.name,
            "monitor": manifest.record.get("monitor"),
            "score": manifest.record.get("score"),
            "libraries": library_versions(),
            **(job or {}),
        }
        replace_text(directory / JOB_FILE, _pretty(described))
    return directory


def empty(directory):
    """Removes what is in a directory, which may be a mounted one."""
    for path in Path(directory).iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _copy_weights(checkpoint, manifest, directory):
    described = {WEIGHTS_FILE: manifest.variables[WEIGHTS_FILE]}
    with new_directory(directory) as temporary:
        shutil.copyfile(checkpoint / WEIGHTS_FILE, temporary / WEIGHTS_FILE)
        write_manifest(temporary, manifest.step, described, manifest.record)


def _configuration_last(path):
    return path.name == CONFIG_FILE, path.name


def _describes_the_run(path):
    """Whether a file is neither a pointer, a vocabulary nor an archive."""
    written = path.name in ("latest", "best", TOKENIZER_FILE, ARCHIVE)
    vocabulary = path.name.startswith(("vocab.", "."))
    return path.is_file() and not written and not vocabulary


def _pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
