"""Trains what a configuration describes, and goes on where it was."""

import contextlib
import tempfile
from pathlib import Path

import tensorflow as tf

from keras_seq2seq import checkpoint
from keras_seq2seq.checkpoint.averaging import choose, write_average
from keras_seq2seq.checkpoint.lock import locked
from keras_seq2seq.checkpoint.model_state import averaged_weights
from keras_seq2seq.config.files import PRESENT
from keras_seq2seq.distribution import (
    choose_strategy,
    configure_for,
    workers_of,
)
from keras_seq2seq.errors import LostWorkerError, UserError
from keras_seq2seq.fitting import fit
from keras_seq2seq.run_files import (
    put_back,
    set_aside,
    unwritten_if_refused,
)
from keras_seq2seq.set_up import set_up
from keras_seq2seq.termination import Termination


def train(
    config,
    allowed=(),
    say=print,
    dialect=PRESENT,
    callbacks=(),
    overwrite=False,
):
    """Trains, or goes on with the run in `output_dir`.

    Args:
        config: Config.
        allowed: modules of the user's own that may be imported.
        say: callable that shows a line to the user.
        dialect: str. In which the configuration was written, for the record.
        callbacks: more callbacks, which see the logs of every evaluation.
        overwrite: bool. If True, a run in `output_dir` is deleted as soon as
            the new one is set up.

    Returns:
        `Run`, its model holding the last weights.

    Raises:
        UserError: and its kinds, see `keras_seq2seq.errors`.
        SystemExit: 143 after SIGTERM and 130 after SIGINT, all saved.
    """
    configure_for(config, say)
    # First of all: several workers can't begin after other operations.
    workers = workers_of(choose_strategy(config.strategy))
    _check_workers(workers, config)
    if not workers.is_chief:
        say(f"Worker {workers.index} of {workers.count}: the chief tells.")
        say = _silent
    temporary = config.output_dir is None
    directory = Path(
        tempfile.mkdtemp(prefix="keras_seq2seq-")
        if temporary
        else config.output_dir
    )
    if temporary:
        say(f"Run directory: {directory}")
    existed = directory.exists() and not temporary
    with contextlib.ExitStack() as stack:
        stack.enter_context(_lost_workers_told(workers, directory))
        termination = stack.enter_context(Termination())
        if workers.is_chief:
            stack.enter_context(locked(directory))
            put_back(directory)
        with (
            unwritten_if_refused(directory, existed)
            if workers.is_chief
            else _nothing()
        ):
            replacing = overwrite and workers.is_chief
            with set_aside(directory) if replacing else _nothing():
                run = set_up(
                    config,
                    directory,
                    allowed,
                    say,
                    workers,
                    dialect,
                    callbacks,
                )
        termination.save_with(run.retention)
        fit(run, say)
        _average(run, say)
    say(f"Run directory: {directory}")
    say(f"TensorBoard:   tensorboard --logdir {directory}")
    return run


def _nothing():
    return contextlib.nullcontext()


def _silent(line):
    """What workers say that are not the chief."""


@contextlib.contextmanager
def _lost_workers_told(workers, directory):
    """Makes an error for people of what a worker meets whose peer is gone."""
    try:
        yield
    except tf.errors.OpError as error:
        if workers.count == 1:
            raise
        raise LostWorkerError(
            "Another worker has ended or can't be reached. See what it says. "
            "Start the same command again on all of them: training goes on "
            f"from the newest checkpoint in {directory}, if there is one. "
            f"TensorFlow says: {str(error).splitlines()[0][:300]}"
        ) from error


def _check_workers(workers, config):
    """Refuses what several workers can't do together."""
    if workers.count == 1:
        return
    if config.output_dir is None:
        raise UserError(
            "Several workers need one --output_dir, on a disk that all of "
            "them see. Received: none."
        )
    if config.nan_policy == "rollback":
        raise UserError(
            "nan_policy rollback: expected one worker. Received: "
            f"{workers.count}. Leave it out, and start all of them again with "
            "a lower optimizer.learning_rate if it comes to that."
        )
    if config.model_params.optimizer_lr_decay_by_time:
        raise UserError(
            "optimizer.lr_decay_by_time: expected one worker, since each has a "
            f"clock of its own. Received: {workers.count}. Type --model_params "
            "'{optimizer.lr_decay_by_time: false}'"
        )


def _average(run, say):
    """Writes averaged weights, which inference then takes first."""
    average = run.config.average
    if average.kind == "none" or not run.workers.is_chief:
        return
    if average.kind == "ema":
        arrays = averaged_weights(run.model)
    else:
        paths = choose(run.directory, **{average.kind: average.count})
        if not paths:
            say("No weights are averaged: no evaluation has given a score yet.")
            return
        arrays = checkpoint.average(paths)
    path = write_average(run.directory, arrays)
    say(f"Averaged weights ({average.kind}): {path}")
