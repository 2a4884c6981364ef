"""Trains what a configuration describes, and goes on where it was."""

import dataclasses
import logging
import random
import signal
import tempfile
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from keras_seq2seq import checkpoint, recipe
from keras_seq2seq.callbacks import (
    AttentionPictures,
    BleuEarlyStopping,
    Bucketing,
    CheckpointRetention,
    CorpusScore,
    LoggedValue,
    MetricsLog,
    ProgressBar,
    TensorBoardLog,
    TimeLimit,
    TrainSamples,
)
from keras_seq2seq.checkpoint.averaging import write_average
from keras_seq2seq.checkpoint.lock import locked
from keras_seq2seq.checkpoint.model_state import averaged_weights
from keras_seq2seq.checkpoint.variable_value import variable_value
from keras_seq2seq.data.batches import evaluation_dataset
from keras_seq2seq.dev_scores import DevScores
from keras_seq2seq.distribution import (
    check_divides,
    choose_strategy,
    configure_devices,
)
from keras_seq2seq.errors import NotFiniteError
from keras_seq2seq.run_files import (
    check_unchanged,
    stored_config,
    unwritten_if_refused,
    write_run,
)
from keras_seq2seq.start_banner import start_banner
from keras_seq2seq.views.attention import (
    attention_picture,
    save_attention_picture,
)
from keras_seq2seq.zoo.tensorflow_step import NOT_FINITE

LOGGER = logging.getLogger("keras_seq2seq")
FOREVER = 10**12  # steps of a run without an end
DEV_BATCH_SIZE = 64  # where batch_size counts tokens
SAMPLED_PAIRS = 5  # shown by `TrainSamples`


@dataclasses.dataclass(frozen=True)
class Run:
    """All that a training consists of.

    Attributes:
        config: the resolved `Config`.
        directory: Path of the run.
        model: the `Seq2Seq`, compiled.
        replicas: int. In step with each other.
        bucketing: `Bucketing` over the training pairs.
        dev: `ParallelText` of the development pairs.
        scores: `DevScores`, or None where nothing is decoded.
        callbacks: list for `fit`, in their order.
        retention: the `CheckpointRetention` among them.
    """

    config: Any
    directory: Path
    model: Any
    replicas: int
    bucketing: Any
    dev: Any
    scores: Any
    callbacks: list
    retention: Any

    @property
    def dev_batch_size(self):
        """Pairs of an evaluation batch."""
        if self.config.batch_type == "tokens":
            return DEV_BATCH_SIZE
        return self.config.batch_size


def train(config, allowed=(), say=print):
    """Trains, or goes on with the run in `output_dir`.

    Args:
        config: Config.
        allowed: modules of the user's own that may be imported.
        say: callable that shows a line to the user.

    Returns:
        `Run`, its model holding the last weights.

    Raises:
        UserError: and its kinds, see `keras_seq2seq.errors`.
        SystemExit: 143 after SIGTERM and 130 after SIGINT, all saved.
    """
    configure_devices(config.threads)
    temporary = config.output_dir is None
    directory = Path(
        tempfile.mkdtemp(prefix="keras_seq2seq-")
        if temporary
        else config.output_dir
    )
    if temporary:
        say(f"Run directory: {directory}")
    existed = directory.exists() and not temporary
    with locked(directory):
        with unwritten_if_refused(directory, existed):
            run = set_up(config, directory, allowed, say)
        _fit(run, say)
        _average(run, say)
    say(f"Run directory: {directory}")
    say(f"TensorBoard:   tensorboard --logdir {directory}")
    return run


def set_up(config, directory, allowed=(), say=print):
    """Builds everything and restores the newest checkpoint, if there is one."""
    config = _resolved(config, directory)
    keras.utils.set_random_seed(config.tf_random_seed)
    keras.config.set_dtype_policy(config.precision)
    pair = recipe.tokenizers(config, recipe.prepare(config, directory))
    pairs, dev = (
        recipe.corpus(pipeline, config.model_params, pair)
        for pipeline in (config.input_pipeline_train, config.input_pipeline_dev)
    )
    strategy = choose_strategy(config.strategy)
    replicas = strategy.num_replicas_in_sync
    if config.batch_type == "sentences":
        check_divides(config.batch_size, replicas)
    bucketing = Bucketing(
        pairs,
        config.batch_size,
        boundaries=config.buckets,
        batch_type=config.batch_type,
        shuffle=config.input_pipeline_train.params.shuffle,
        seed=config.tf_random_seed,
        replicas=replicas,
    )
    with strategy.scope():
        model = recipe.model(config, pair, config.tf_random_seed, allowed)
        told = recipe.pretrained(model, config.model_params, pair)
        model.compile(recipe.optimizer(config))
        model.optimizer.build(model.trainable_variables)
    write_run(directory, config, pair)
    scores = config.dev_decoding and DevScores(config)
    callbacks = _callbacks(config, directory, bucketing, scores)
    run = Run(
        config,
        directory,
        model,
        replicas,
        bucketing,
        dev,
        scores,
        callbacks,
        retention=callbacks[-1],
    )
    for line in [*start_banner(run, strategy), *told]:
        say(line)
    restored = run.retention.restore(model)
    if restored is not None:
        say(f"Going on from {restored['path'].name}.")
    return run


def _resolved(config, directory):
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
    config = config.model_copy(
        update={"tf_random_seed": seed, "output_dir": str(directory)}
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
    config, model = run.config, run.model
    total = config.train_steps or FOREVER
    start = int(variable_value(model.optimizer.iterations))
    if start >= total:
        say(
            f"Already at step {start}, and train_steps is {total}: nothing to "
            f"do. To train on type --train_steps {2 * start}"
        )
        return
    dev = evaluation_dataset(run.dev, run.dev_batch_size, run.replicas)
    way = legs(start, config.eval_every_n_steps, total)
    # `epochs` tells `CheckpointRetention` which evaluation is the last.
    training = OneTraining(
        run.callbacks, add_history=True, model=model, epochs=way[-1][1]
    )
    with _signals(run.retention):
        try:
            training.begin()
            for first, last, steps in way:
                model.fit(
                    run.bucketing.stream,
                    initial_epoch=first,
                    epochs=last,
                    steps_per_epoch=steps,
                    validation_data=dev,
                    callbacks=training,
                    verbose=0,
                    shuffle=False,
                )
                if model.stop_training:
                    break
            training.end()
        except tf.errors.InvalidArgumentError as error:
            if NOT_FINITE not in str(error):
                raise
            raise NotFiniteError(_not_finite(run)) from None


def _not_finite(run):
    step = int(variable_value(run.model.optimizer.iterations))
    kept = checkpoint.checkpoints(run.directory)
    return (
        f"The loss or its gradient is not a finite number at step {step + 1}. "
        "No weight was changed by that step. Newest checkpoint: "
        + (f"{list(kept.values())[-1].name}. " if kept else "none. ")
        + "Lower optimizer.learning_rate or optimizer.clip_gradients and "
        "start anew."
    )


class _signals:
    """SIGTERM and SIGINT: finish the step, save, leave with 128 + signal."""

    def __init__(self, retention):
        self.retention = retention
        self.earlier = {}

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                self.earlier[number] = signal.signal(number, self._request)
            except ValueError:  # not in the main thread: somebody else's
                break

    def __exit__(self, *_):
        for number, handler in self.earlier.items():
            signal.signal(number, handler)

    def _request(self, number, frame):
        def leave():
            raise SystemExit(128 + number)

        LOGGER.warning("Signal %d: saving, then leaving.", number)
        self.retention.request_save(then=leave)


def _callbacks(config, directory, bucketing, scores):
    board = TensorBoardLog(directory)
    clock = TimeLimit(config.minutes)
    saved = [recipe.learning_rate_decay(config.model_params), bucketing]
    saved += _scorers(config, scores)
    saved += [clock, *_samples(config, directory, scores, board), board]
    saved += [MetricsLog(directory, clock.seconds)]
    monitor, mode = _monitored(config)
    retention = CheckpointRetention(
        directory,
        [each for each in saved if hasattr(each, "get_state")],
        save_every_n_steps=config.save_checkpoints_steps,
        save_every_n_seconds=config.save_checkpoints_secs,
        keep_max=config.keep_checkpoint_max,
        keep_every_n_hours=config.keep_checkpoint_every_n_hours,
        keep_best=config.keep_best,
        monitor=monitor,
        mode=mode,
        background=True,
    )
    return [*saved, ProgressBar(config.train_steps), retention]


def _monitored(config):
    """Name and direction of the value that tells the best checkpoint."""
    if config.early_stopping is not None:
        name = config.early_stopping.metric
    elif config.dev_decoding is not None:
        name = config.dev_decoding.metric[0]
    else:
        name = "loss"
    lower = ("loss", "perplexity", "wer", "per", "ter")
    return f"val_{name}", "min" if name in lower else "max"


def _scorers(config, scores):
    stopping = config.early_stopping
    found = {}
    if scores is not None:
        for metric in config.dev_decoding.metric:
            found[metric] = CorpusScore(
                scores.translate,
                scores.sources,
                scores.references,
                scores.scorer(metric),
                name=f"val_{metric}",
                every=config.dev_decoding.every_n_evaluations,
            )
    if stopping is None:
        return list(found.values())
    watched = found.pop(stopping.metric, LoggedValue(f"val_{stopping.metric}"))
    rule = BleuEarlyStopping(
        watched,
        patience=stopping.patience,
        min_delta=stopping.min_delta,
        mode=_monitored(config)[1],
        # The best weights are a checkpoint, which inference takes first.
        restore_best_weights=False,
    )
    return [*found.values(), rule]


def _samples(config, directory, scores, board):
    """Sample translations and an attention picture per evaluation."""
    scores = scores or DevScores(config)
    samples = TrainSamples(
        scores.greedy,
        scores.sources[:SAMPLED_PAIRS],
        scores.references[:SAMPLED_PAIRS],
        directory,
        every_n_steps=config.eval_every_n_steps,
        text=board.text,
    )
    if config.model != "AttentionSeq2Seq":
        return [samples]

    def draw(source, target, weights, path):
        save_attention_picture(path, source, target, weights)
        return attention_picture(source, target, weights)

    return [
        samples,
        AttentionPictures(scores.attend, draw, directory, board.image),
    ]


def _average(run, say):
    """Writes averaged weights, which inference then takes first."""
    average = run.config.average
    if average.kind == "none":
        return
    if average.kind == "ema":
        arrays = averaged_weights(run.model)
    else:
        arrays = checkpoint.average(
            run.directory, **{average.kind: average.count}
        )
    path = write_average(run.directory, arrays)
    say(f"Averaged weights ({average.kind}): {path}")
