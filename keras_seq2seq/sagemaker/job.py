"""A training on the layout of SageMaker's jobs, with exact resume."""

import contextlib
import json
from pathlib import Path

import keras

from keras_seq2seq.checkpoint import checkpoints, replace_text
from keras_seq2seq.checkpoint.storage import storage_errors
from keras_seq2seq.config.files import load
from keras_seq2seq.config.sagemaker import DIALECT, upgrade
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.splitting import WHITESPACE
from keras_seq2seq.errors import UserError
from keras_seq2seq.sagemaker.layout import Layout
from keras_seq2seq.sagemaker.metric_lines import MetricLines
from keras_seq2seq.sagemaker.model_directory import (
    JOB_FILE,
    UNFINISHED,
    empty,
    write_model,
)
from keras_seq2seq.training import train

FINISHED, STOPPED = "finished", "stopped"
# Flags of a training, and those of a job that do the same.
FLAGS = {"--overwrite_output": "--overwrite", "--output_dir": "--root"}
MOST_REASON = 1024  # characters that the service shows of a failure


def run_job(
    root, overwrite=False, go_on=False, allowed=(), say=print, log=print
):
    """Trains what a job's directory describes; writes its `model/`.

    A second start goes on where the first one was, to the same weights.

    Args:
        root: path of the layout, `/opt/ml` in a container.
        overwrite: bool. If True, a finished model and its training are
            deleted, as soon as the new one begins.
        go_on: bool. If True, the training of a finished model goes on, to
            limits that were raised.
        allowed: modules of the user's own that may be imported.
        say: callable that shows a line to the user.
        log: callable that takes the lines of metrics.

    Returns:
        Path of `model/`.

    Raises:
        UserError: as `training.train`; channels, vocabularies or
            hyperparameters that are missing or wrong; a finished model. What
            is the matter stands in `output/failure`, too.
        SystemExit: 143 after SIGTERM and 130 after SIGINT. All is saved, and
            `model/` has the best weights so far.
    """
    layout = Layout(Path(root))
    if not layout.root.is_dir():
        raise UserError(
            f"{root}: expected the directory of a job. Received: "
            "no such directory."
        )
    with _failure_told(layout.failure):
        _check_unfinished(layout, overwrite, go_on)
        config, told = configuration(layout)
        for line in told:
            say(line)
        callbacks = [MetricLines(layout.host(), log)]
        if overwrite:
            callbacks.append(_removal(layout.model))
        try:
            with _flags_of_a_job():
                train(config, allowed, say, DIALECT, callbacks, overwrite)
        except SystemExit:
            if checkpoints(layout.run):
                _write(layout, STOPPED)
            raise
        return _write(layout, FINISHED)


def configuration(layout):
    """A job's configuration.

    Args:
        layout: `Layout`.

    Returns:
        Config, and list of str: warnings.

    Raises:
        UserError: hyperparameters, channels or vocabularies that are missing
            or wrong.
    """
    values, told = upgrade(
        layout.read_hyperparameters(), where=str(layout.hyperparameters)
    )
    layout.check_channels()
    sides = layout.vocabularies()
    for path in sides:
        JsonVocabulary.read(path)  # before anything is overwritten
    files = {part: layout.records(part) for part in ("train", "validation")}
    values["model_params"] = {
        **values.get("model_params", {}),
        "vocab_source": str(sides[0]),
        "vocab_target": str(sides[1]),
    }
    values["input_pipeline_train"] = _pipeline(files["train"])
    values["input_pipeline_dev"] = _pipeline(files["validation"])
    values["output_dir"] = str(layout.run)
    return load("", values), told


def _pipeline(paths):
    return {
        "class": "RecordIOInputPipeline",
        "params": {
            "files": list(map(str, paths)),
            # Text to translate is cut as `sagemaker prepare` cuts it.
            "source_delimiter": WHITESPACE,
            "target_delimiter": WHITESPACE,
        },
    }


@contextlib.contextmanager
def _failure_told(path):
    """Leaves the reason in a file where what is inside fails."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    try:
        yield
    except UserError as error:
        _write_reason(path, str(error))
        raise
    except Exception as error:
        _write_reason(path, f"{type(error).__name__}: {error}")
        raise


@contextlib.contextmanager
def _flags_of_a_job():
    """Tells what to type to a job where a training is refused."""
    try:
        yield
    except UserError as error:
        told, *rest = error.args
        for flag, own in FLAGS.items():
            told = told.replace(flag, own)
        error.args = (told, *rest)
        raise


def _write_reason(path, reason):
    # No space may be the reason; the error itself matters more.
    with contextlib.suppress(UserError):
        replace_text(path, reason[:MOST_REASON])


def _check_unfinished(layout, overwrite, go_on):
    """Refuses to replace a model without being told so."""
    if overwrite or not layout.model.is_dir():
        return
    status = _status(layout.model)
    if status in (STOPPED, UNFINISHED) or (go_on and status == FINISHED):
        return
    held = [path.name for path in layout.model.iterdir()]
    if status == FINISHED:
        raise UserError(
            f"{layout.model} holds a finished model. Type --overwrite to "
            "train anew, --go_on to train it further after you have raised "
            "max_num_batches or max_num_epochs, or another --root."
        )
    if held:
        raise UserError(
            f"{layout.model} must be empty. It holds: "
            f"{', '.join(sorted(held)[:8])}. Type --overwrite to delete that."
        )


def _status(model):
    try:
        return json.loads((model / JOB_FILE).read_text("utf-8"))["status"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _removal(model):
    """Empties a model's directory as soon as another training begins."""

    def remove(logs=None):
        if model.is_dir():
            with storage_errors(model):
                empty(model)

    return keras.callbacks.LambdaCallback(on_train_begin=remove)


def _write(layout, status):
    return write_model(
        layout.run,
        layout.model,
        {
            "status": status,
            "hyperparameters": layout.read_hyperparameters(),
        },
    )
