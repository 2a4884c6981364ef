"""The callbacks of a run, in their order."""

import math

from keras_seq2seq import recipe
from keras_seq2seq.callbacks import (
    AttentionPictures,
    BleuEarlyStopping,
    CheckpointRetention,
    DecodedFiles,
    LoggedValue,
    LogPerplexity,
    MetricsLog,
    ProgressBar,
    TensorBoardLog,
    TimeLimit,
    TrainSamples,
)
from keras_seq2seq.callbacks.monitored import direction
from keras_seq2seq.evaluation_metrics import has_log_perplexity
from keras_seq2seq.views.picture_attention import attention_of

SAMPLED_PAIRS = 5  # shown by `TrainSamples`


def run_callbacks(
    config,
    directory,
    bucketing,
    extra,
    scores,
    workers,
    hooks=(),
    last_step=None,
):
    """Makes what `fit` is given.

    Args:
        config: Config.
        directory: Path of the run.
        bucketing: its `Bucketing`.
        extra: dict of JSON. Saved with every checkpoint.
        scores: `DevScores`, or None without development data.
        workers: `distribution.Workers`; the chief alone logs.
        hooks: callbacks that `hooks` of the configuration asks for.
        last_step: int or None. Where training ends.

    Returns:
        list of callbacks; the last is the `CheckpointRetention`.
    """
    clock = TimeLimit(config.minutes)
    decay = recipe.learning_rate_decay(config.model_params, clock)
    saved = [decay, bucketing, *_scorers(config, scores, bucketing)]
    saved += [*_plateau(config, decay), clock]
    shown = []
    if workers.is_chief:
        saved += _decoded_files(config, directory, scores)
        board = TensorBoardLog(
            directory, histograms=config.tensorboard_histograms
        )
        if scores is not None:
            saved += _samples(config, directory, scores, board)
        saved += [board]
    saved += hooks
    if workers.is_chief:
        saved += [MetricsLog(directory, clock.seconds)]
        shown = [ProgressBar(last_step)]
    monitor, mode = _monitored(config)
    retention = CheckpointRetention(
        directory,
        [each for each in saved if _has_state(each)],
        save_every_n_steps=config.save_checkpoints_steps,
        save_every_n_seconds=config.save_checkpoints_secs,
        keep_max=config.keep_checkpoint_max,
        keep_every_n_hours=config.keep_checkpoint_every_n_hours,
        keep_best=config.keep_best,
        monitor=monitor,
        mode=mode,
        state=lambda: extra,
        background=True,
        workers=workers,
    )
    return [*saved, *shown, retention]


def _has_state(callback):
    return hasattr(callback, "get_state") and hasattr(callback, "set_state")


def _monitored(config):
    """Name and direction of the value that tells the best checkpoint."""
    if config.early_stopping is not None:
        name = config.early_stopping.metric
    elif config.decoding is not None:
        name = config.decoding.metric[0]
    else:
        name = "loss"
    return f"val_{name}", direction(f"val_{name}")


def _worst(mode):
    """What the first evaluation must be better than."""
    return 0.0 if mode == "max" else math.inf


def _plateau(config, decay):
    monitor, mode = _monitored(config)
    found = recipe.plateau_reduction(
        config.model_params, decay, monitor, mode=mode, worst=_worst(mode)
    )
    return [] if found is None else [found]


def _decoded_files(config, directory, scores):
    decoding = config.decoding
    if scores is None or decoding is None or not decoding.write_files:
        return []

    def translate(model):
        return [each.text for each in scores.generations(model)]

    pairs = (scores.sources, scores.references)
    scored = f"val_{decoding.metric[0]}"
    return [DecodedFiles(directory, translate, *pairs, scored)]


def _scorers(config, scores, bucketing):
    stopping = config.early_stopping
    found = {} if scores is None else scores.corpus_scores()
    others = [LogPerplexity()] if has_log_perplexity(config) else []
    if stopping is None:
        return [*others, *found.values()]
    watched = found.pop(stopping.metric, LoggedValue(f"val_{stopping.metric}"))
    mode = _monitored(config)[1]
    rule = BleuEarlyStopping(
        watched,
        patience=config.patience,
        min_delta=stopping.min_delta,
        mode=mode,
        worst=_worst(mode),
        may_stop=lambda: bucketing.passes >= config.min_passes,
        # The best weights are a checkpoint, which inference takes first.
        restore_best_weights=False,
    )
    return [*others, *found.values(), rule]


def _samples(config, directory, scores, board):
    """Sample translations and an attention picture per evaluation."""
    samples = TrainSamples(
        scores.greedy,
        scores.sources[:SAMPLED_PAIRS],
        scores.shown_references[:SAMPLED_PAIRS],
        directory,
        every_n_steps=config.eval_every_n_steps,
        text=board.text,
    )

    def draw(model):
        if not model.has_attention:
            return None
        return attention_of(scores.attend(model))

    return [samples, AttentionPictures(draw, directory, board.image)]
