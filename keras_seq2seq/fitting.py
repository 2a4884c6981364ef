"""Calls of `fit` from where a run is to its end."""

import contextlib

import keras
import tensorflow as tf

from keras_seq2seq import checkpoint, divergence
from keras_seq2seq.callbacks import BleuEarlyStopping, TimeLimit
from keras_seq2seq.checkpoint.variable_value import steps_made
from keras_seq2seq.errors import NotFiniteError
from keras_seq2seq.training_run import wanted_passes
from keras_seq2seq.zoo.tensorflow_step import step_norms

FOREVER = 10**12  # steps of a run without an end


def legs(start, every, total):
    """Cuts the way from `start` to `total` into calls of `fit`.

    Args:
        start: int. Steps made already.
        every: int. Steps between evaluations.
        total: int. Last step.

    Returns:
        list of `(initial_epoch, epochs, steps_per_epoch)`; only the first and
        the last are shorter than `every`.
    """
    cuts = []
    if start % every and start < total:
        end = min(total, start - start % every + every)
        cuts.append((start // every, start // every + 1, end - start))
        start = end
    if start < total and (total - start) // every:
        cuts.append((start // every, total // every, every))
        start = total - total % every
    if start < total:
        cuts.append((start // every, start // every + 1, total - start))
    return cuts


class OneTraining(keras.callbacks.CallbackList):
    """Callbacks to which several calls of `fit` are one training."""

    def begin(self):
        """Tells the callbacks that training begins."""
        super().on_train_begin()

    def end(self):
        """Tells the callbacks that training has ended."""
        super().on_train_end()

    def on_train_begin(self, logs=None):
        """Ignored: `fit` begins a leg, not the training."""

    def on_train_end(self, logs=None):
        """Ignored: `fit` ends a leg, not the training."""


def fit(run, say):
    """Trains a run to its end, and tells why there is nothing to do.

    Args:
        run: `Run`.
        say: callable that shows a line to the user.

    Raises:
        NotFiniteError: a loss that is not finite, unless the configuration
            says to go back.
    """
    dev = run.evaluation
    total = run.last_step or FOREVER
    start = steps_made(run.model.optimizer)
    if start >= total:
        say(
            f"Already at step {start}, and {_end(run)}: nothing to do. To "
            f"train on type {_further(run, start)}"
        )
        return
    rules = [c for c in run.callbacks if isinstance(c, BleuEarlyStopping)]
    if any(rule.stopped for rule in rules):
        say(
            f"Early stopping ended this training at step {start}: nothing to "
            "do. To train on type a larger early_stopping.patience."
        )
        return
    if any(c.over for c in run.callbacks if isinstance(c, TimeLimit)):
        say(
            f"minutes {run.config.minutes:g} ended this training at step "
            f"{start}: nothing to do. To train on type --minutes "
            f"{2 * run.config.minutes:g}"
        )
        return
    can_go_back = run.config.nan_policy == "rollback"
    if can_go_back and not checkpoint.checkpoints(run.directory):
        run.retention.request_save()
    go_back = divergence.Rollback(run)
    while (told := _fit_to_the_end(run, dev, total)) is not None:
        if not can_go_back:
            raise NotFiniteError(f"{told} {divergence.what_to_do(run)}")
        say(told)
        say(go_back())


def _end(run):
    """What made the last step the last."""
    if run.last_step == run.config.train_steps:
        return f"train_steps is {run.last_step}"
    name, passes = _fewest_passes(run.config)
    return f"{name} {passes} ends at step {run.last_step}"


def _fewest_passes(config):
    return min(wanted_passes(config), key=lambda each: each[1])


def _further(run, start):
    if run.last_step == run.config.train_steps:
        return f"--train_steps {2 * start}"
    name, passes = _fewest_passes(run.config)
    if name == "train_passes":
        return f"--train_passes {2 * passes}"
    return f"--input_pipeline_train '{{params: {{num_epochs: {2 * passes}}}}}'"


@contextlib.contextmanager
def weights_kept(optimizer):
    """Keeps weights as they were trained when `fit` ends.

    Keras's `fit` ends with the optimizer's averages in their place, if it
    keeps any, from which the next leg would start.
    """
    optimizer.finalize_variable_values = lambda variables: None
    try:
        yield
    finally:
        del optimizer.finalize_variable_values


def _fit_to_the_end(run, dev, total):
    """Trains from where the run is.

    Returns:
        None, or str: what a step met whose loss or gradient is not finite.
    """
    start = steps_made(run.model.optimizer)
    way = legs(start, run.config.eval_every_n_steps, total)
    # `epochs` tells `CheckpointRetention` which evaluation is the last.
    training = OneTraining(
        run.callbacks, add_history=True, model=run.model, epochs=way[-1][1]
    )
    training.begin()
    try:
        with weights_kept(run.model.optimizer):
            _fit_legs(run, dev, way, training)
        told = None
    except tf.errors.InvalidArgumentError as error:
        norms = step_norms(error)
        if norms is None:
            raise
        told = divergence.described(run, norms)
    except NotFiniteError as error:  # weights that were about to be saved
        told = str(error)
    training.end()
    return told


def _fit_legs(run, dev, way, training):
    for first, last, steps in way:
        run.model.fit(
            run.workers.distribute(run.bucketing.stream),
            initial_epoch=first,
            epochs=last,
            steps_per_epoch=steps,
            validation_data=dev,
            callbacks=training,
            verbose=0,
            shuffle=False,
        )
        if run.model.stop_training:
            return
