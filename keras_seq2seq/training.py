"""Trains what a configuration describes, and goes on where it was."""

import contextlib
import dataclasses
import random
import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_seq2seq import checkpoint, divergence, recipe
from keras_seq2seq.callbacks import BleuEarlyStopping
from keras_seq2seq.checkpoint.averaging import write_average
from keras_seq2seq.checkpoint.lock import locked
from keras_seq2seq.checkpoint.model_state import averaged_weights
from keras_seq2seq.checkpoint.variable_value import steps_made
from keras_seq2seq.config.files import PRESENT
from keras_seq2seq.config.sagemaker import DIALECT as SAGEMAKER
from keras_seq2seq.config.sagemaker_rules import check_data
from keras_seq2seq.data.batches import evaluation_dataset
from keras_seq2seq.dev_scores import dev_scores
from keras_seq2seq.distribution import (
    check_divides,
    choose_strategy,
    configure_for,
    workers_of,
)
from keras_seq2seq.errors import LostWorkerError, NotFiniteError, UserError
from keras_seq2seq.freezing import freeze
from keras_seq2seq.hooks import hook_callbacks, hook_remarks
from keras_seq2seq.initial_weights import (
    initial_weights,
    shortened,
    write_account,
)
from keras_seq2seq.run_callbacks import run_callbacks
from keras_seq2seq.run_files import (
    check_tokenizers,
    check_unchanged,
    set_aside,
    stored_config,
    unwritten_if_refused,
    write_left_out,
    write_run,
)
from keras_seq2seq.start_banner import start_banner
from keras_seq2seq.termination import Termination
from keras_seq2seq.training_remarks import training_remarks
from keras_seq2seq.zoo.tensorflow_step import step_norms

FOREVER = 10**12  # steps of a run without an end


@dataclasses.dataclass(frozen=True)
class Run:
    """All that a training consists of.

    Attributes:
        config: the resolved `Config`.
        directory: Path of the run.
        model: the `Seq2Seq`, compiled.
        workers: `distribution.Workers` that train it together.
        bucketing: `Bucketing` over the training pairs.
        dev: `ParallelText` of the development pairs, or None.
        scores: `DevScores`, or None without development data.
        callbacks: list for `fit`, in their order.
        retention: the `CheckpointRetention` among them.
        last_step: int or None. Where training ends; None for nowhere.
    """

    config: Any
    directory: Path
    model: Any
    workers: Any
    bucketing: Any
    dev: Any
    scores: Any
    callbacks: list
    retention: Any
    last_step: int | None

    @property
    def evaluation(self):
        """Batches of the development set, or None where no evaluation is
        wanted: by the schedule `train` only if something needs one."""
        wanted = self.config.schedule != "train" or self.config.measures_dev
        if self.dev is None or not wanted:
            return None
        batches = evaluation_dataset(
            self.dev,
            self.config.evaluation_batch_size,
            self.replicas,
            self.workers.share,
        )
        return self.workers.distribute(batches)

    @property
    def replicas(self):
        """Replicas of all workers, in step with each other."""
        return self.workers.strategy.num_replicas_in_sync


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
        _fit(run, say)
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


def set_up(
    config,
    directory,
    allowed=(),
    say=print,
    workers=None,
    dialect=PRESENT,
    callbacks=(),
):
    """Builds everything and restores the newest checkpoint, if there is one.

    Args:
        config: Config.
        directory: Path of the run.
        allowed: modules of the user's own that may be imported.
        say: callable that shows a line to the user.
        workers: `distribution.Workers`; None: as the configuration says.
        dialect: str. In which the configuration was written.
        callbacks: more callbacks, as `train` has them.

    Returns:
        `Run`.
    """
    workers = workers or workers_of(choose_strategy(config.strategy))
    strategy = workers.strategy
    config = _resolved(config, directory, workers)
    keras.utils.set_random_seed(config.tf_random_seed)
    keras.config.set_dtype_policy(config.precision)
    made = _prepared(config, directory, workers, allowed)
    pair = recipe.tokenizers(config, made)
    check_tokenizers(directory, pair)
    used = _used_pairs(config, pair, allowed)
    pairs, dev = used["train"].pairs, used["dev"] and used["dev"].pairs
    replicas = strategy.num_replicas_in_sync
    if config.batch_type == "sentences":
        check_divides(config.batch_size, replicas)
    bucketing = recipe.bucketing(config, pairs, replicas, workers.share)
    if dialect == SAGEMAKER:
        _check_hyperparameters(config, pair[1], pairs, say)
    with strategy.scope():
        model, told, frozen = compiled_model(
            recipe.with_length_ratio(config, pairs.length_ratio), pair, allowed
        )
    scores = dev_scores(config, pair, allowed)
    hooks = hook_callbacks(
        config, directory, bucketing, pair, allowed, workers.is_chief
    )
    last_step = _last_step(config, bucketing)
    extra = {"dev": dev and dev.fingerprint}
    callbacks = run_callbacks(
        config,
        directory,
        bucketing,
        extra,
        scores,
        workers,
        [*hooks, *callbacks],
        last_step,
    )
    run = Run(
        config,
        directory,
        model,
        workers,
        bucketing,
        dev,
        scores,
        callbacks,
        retention=callbacks[-1],
        last_step=last_step,
    )
    told += [*frozen, *hook_remarks(config), *_selection_remarks(used)]
    told += training_remarks(config, bucketing)
    told += pairs.remarks
    if dev is not None:
        told += [f"{line} (development data)" for line in dev.remarks]
    for line in [*start_banner(run, strategy), *told]:
        say(line)
    restored = _restored(run)
    if restored is None:
        _initialise(run, pair, frozen, say)
    else:
        _check_dev(restored["extra"] or {}, extra)
        say(f"Going on from {restored['path'].name}.")
    recipe.keep_features(config, model, pairs, dev)
    if workers.is_chief:
        # Not before: what a run holds already stays, if it cannot go on.
        write_run(directory, config, pair, dialect, pairs.length_ratio)
        write_left_out(directory, pairs.left_out)
    return run


def _used_pairs(config, pair, allowed):
    """The `Selection` of the training and the development pairs, by part."""
    train = recipe.training_pairs(config, pair, allowed)
    dev = config.input_pipeline_dev and recipe.corpus(
        config.input_pipeline_dev,
        config.model_params,
        pair,
        allowed=allowed,
        strict=config.strict,
    )
    return {
        part: pairs and recipe.selected(config, pairs, part)
        for part, pairs in (("train", train), ("dev", dev))
    }


def _selection_remarks(used):
    """Lines about pairs that are left out or cut off."""
    return [
        f"input_pipeline_{part}: of {selection.read:,} pairs {selection.told}."
        for part, selection in used.items()
        if selection and selection.told
    ]


def compiled_model(config, pair, allowed=()):
    """The model as it is trained, under the current strategy and precision.

    Args:
        config: Config.
        pair: tokenizers (source, target).
        allowed: modules of the user's own that may be imported.

    Returns:
        `Seq2Seq`, compiled, its optimizer built, lines about its pretrained
        vectors, and lines about its frozen variables.
    """
    model = recipe.model(config, pair, config.tf_random_seed, allowed)
    recipe.initialise(model, config)
    told = recipe.pretrained(model, config.model_params, pair)
    frozen = freeze(model, config.freeze)
    model.compile(recipe.optimizer(config, allowed))
    model.optimizer.build(model.trainable_variables)
    return model, told, frozen


def _prepared(config, directory, workers, allowed):
    """Vocabularies, which the chief makes while the others wait."""
    if not workers.is_chief:
        workers.wait()
    made = recipe.prepare(config, directory, allowed)
    if workers.is_chief:
        workers.wait()
    return made


def _check_hyperparameters(config, tokenizer, pairs, say):
    """What SageMaker's rules say of the data."""
    by_pairs = config.batch_type == "sentences"
    for line in check_data(
        config.batch_size,
        config.model_params.inference_beam_width,
        tokenizer.vocabulary_size,
        len(pairs) if by_pairs else None,
    ):
        say(line)


def _initialise(run, pair, frozen, say):
    """Takes weights of another run, where the configuration names one."""
    account = initial_weights(run.config, run.model, pair)
    for line in account:
        say(shortened(line))
    if run.workers.is_chief:
        write_account(run.directory, [*account, *frozen])


def _restored(run):
    """Goes on from the checkpoint that the chief finds; None for none."""
    workers, retention = run.workers, run.retention
    if workers.count == 1:
        return retention.restore(run.model)
    path = checkpoint.recover(run.directory) if workers.is_chief else None
    step = -1 if path is None else int(path.name.rpartition("-")[2])
    step = workers.from_chief(step)
    if step < 0:
        return None
    return retention.restore(run.model, path=run.directory / f"ckpt-{step}")


def _last_step(config, bucketing):
    """The earliest of `train_steps` and the ends of the passes."""
    steps = bucketing.steps_per_epoch
    passes = [wanted * steps for _, wanted in _wanted_passes(config)]
    return min(filter(None, [config.train_steps, *passes]), default=None)


def _wanted_passes(config):
    """Settings that limit the passes, as typed, and how many they allow."""
    given = {
        "train_passes": config.train_passes,
        "num_epochs": config.input_pipeline_train.params.num_epochs,
    }
    return [(name, passes) for name, passes in given.items() if passes]


def _check_dev(stored, extra):
    """Refuses to compare evaluations on different data.

    Args:
        stored: dict. What the run has saved; its fingerprint is kept where
            there are no development data now.
        extra: dict. What it saves from now on.
    """
    before = stored.get("dev")
    if extra["dev"] is None:
        extra["dev"] = before
    elif before not in (None, extra["dev"]):
        raise UserError(
            "The development data are not those with which the run began. Put "
            "the files back, or type another --output_dir."
        )


def _resolved(config, directory, workers):
    """The configuration with its seed, checked against the run's own."""
    stored = stored_config(directory)
    seed = config.tf_random_seed
    if seed is None:
        # Drawn once per run, recorded, and the same when it goes on.
        seed = (
            random.SystemRandom().randrange(2**31)
            if stored is None
            else stored.tf_random_seed
        )
        seed = workers.from_chief(seed)
    config = config.model_copy(
        update={
            "tf_random_seed": seed,
            "output_dir": str(directory),
            # Kept, to tell where the weights once came from.
            "init_from": config.init_from or (stored and stored.init_from),
        }
    )
    if stored is not None:
        check_unchanged(stored, config, directory)
    return config


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


def _fit(run, say):
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
    return min(_wanted_passes(config), key=lambda each: each[1])


def _further(run, start):
    if run.last_step == run.config.train_steps:
        return f"--train_steps {2 * start}"
    name, passes = _fewest_passes(run.config)
    if name == "train_passes":
        return f"--train_passes {2 * passes}"
    return f"--input_pipeline_train '{{params: {{num_epochs: {2 * passes}}}}}'"


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
                break
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


def _average(run, say):
    """Writes averaged weights, which inference then takes first."""
    average = run.config.average
    if average.kind == "none" or not run.workers.is_chief:
        return
    if average.kind == "ema":
        arrays = averaged_weights(run.model)
    else:
        arrays = checkpoint.average(
            run.directory, **{average.kind: average.count}
        )
    path = write_average(run.directory, arrays)
    say(f"Averaged weights ({average.kind}): {path}")
