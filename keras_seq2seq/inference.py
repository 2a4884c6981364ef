"""A trained model, ready to generate and to score."""

import contextlib
import dataclasses
import itertools
import logging
import math
import os
import re
import time
from pathlib import Path
from typing import get_args

import keras
import numpy as np
import tensorflow as tf

from keras_seq2seq import checkpoint, recipe
from keras_seq2seq.checkpoint.choice import find_weights
from keras_seq2seq.checkpoint.model_state import assign_weights, read_model
from keras_seq2seq.config.files import override
from keras_seq2seq.config.values import Precision
from keras_seq2seq.data.batches import assemble, evaluation_dataset, specs
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import read_run
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.search.temperature import with_temperature
from keras_seq2seq.tasks import DecodeText, running
from keras_seq2seq.zoo.ensemble import Ensemble
from keras_seq2seq.zoo.generation import BATCH_SIZE

LOGGER = logging.getLogger("keras_seq2seq")
AVERAGE = re.compile(
    rf"({'|'.join(checkpoint.STRATEGIES)}):([1-9][0-9]{{0,5}})", re.ASCII
)
LINES_AT_ONCE = 4096  # read before the first of them is decoded


def load(
    run_dir,
    which=None,
    model_params=None,
    allowed=(),
    ensemble="linear",
    precision=None,
):
    """Loads a trained model from its run directory.

    Weights alone are read, into a model built from the directory's own
    configuration. Several threads may call `generate` at once.

    Args:
        run_dir: path of the run, train's `output_dir`; or a list of several
            runs with equal vocabularies, which become an `Ensemble`.
        which: `"averaged"`, `"best"`, `"latest"`, a step, or the path of a
            checkpoint; `"last:5"`, `"best:3"`, `"lifespan:4"` or
            `"until_best:4"` for an average of so many, see
            `keras_seq2seq.checkpoint.average`. None: the first of `"averaged"`,
            `"best"` and `"latest"` that there is.
        model_params: mapping or YAML text laid over the stored settings, such
            as `{"inference.beam_search.beam_width": 5}`.
        allowed: modules of the user's own that may be imported.
        ensemble: str. How several models are combined: `"linear"` or
            `"log_linear"`.
        precision: str. `"float32"`, or `"mixed_bfloat16"`, in which it need
            not have been trained. None: Keras's dtype policy.

    Returns:
        `Seq2Seq`, or `Ensemble`, whose `generate` searches as the (first)
        configuration says.

    Raises:
        UserError: an incomplete, damaged or newer directory, runs that make
            no ensemble, or another precision.
    """
    if isinstance(run_dir, str | os.PathLike):
        run_dir = [run_dir]
    with _computing_in(precision):
        return _load(run_dir, which, model_params, allowed, ensemble)


@contextlib.contextmanager
def _computing_in(precision):
    """Layers that are made meanwhile compute in this precision."""
    if precision not in (None, *get_args(Precision)):
        raise UserError(
            f"precision must be {' or '.join(get_args(Precision))}. Received: "
            f"{precision}"
        )
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _load(run_dir, which, model_params, allowed, ensemble):
    if len(run_dir) == 1:
        return _load_one(run_dir[0], which, model_params, allowed)
    if len(Path(str(which)).parts) > 1:
        raise UserError(
            f"{which} is a checkpoint of one model. Received: {len(run_dir)} "
            "models. Type --checkpoint and best, latest, last:N, best:N or a "
            "step, which each of them has."
        )
    members = [
        _load_one(each, which, model_params, allowed) for each in run_dir
    ]
    try:
        return Ensemble(members, ensemble)
    except ValueError as error:
        raise UserError(f"{', '.join(map(str, run_dir))}: {error}") from None


def _load_one(run_dir, which, model_params, allowed):
    run = read_run(run_dir)
    config = run.config
    if model_params:
        # Only vocabularies that are named anew are compared with the run's.
        unnamed = config.model_params.model_copy(
            update={"vocab_source": "", "vocab_target": ""}
        )
        config = override(
            config.model_copy(update={"model_params": unnamed}),
            {"model_params": model_params},
        )
        recipe.check_vocabularies(config, run.tokenizers)
    config = recipe.with_length_ratio(config, run.length_ratio)
    average = AVERAGE.fullmatch(str(which))
    if average:
        arrays = _averaged(run_dir, average[1], int(average[2]))
        model = recipe.model(config, run.tokenizers, allowed=allowed)
        assign_weights(model, arrays)
        return model
    path = find_weights(run_dir, which)
    model = recipe.model(config, run.tokenizers, allowed=allowed)
    read_model(model, path, training=False)
    return model


def _averaged(run_dir, kind, count):
    """Weights averaged over `count` checkpoints, chosen by a strategy."""
    there = len(checkpoint.checkpoints(run_dir))
    if count > there:
        raise UserError(
            f"{run_dir} must hold {count} checkpoints to average. Received: "
            f"{there}. Ask for fewer; `train --keep_checkpoint_max` and "
            "--keep_best say how many stay."
        )
    return checkpoint.average(run_dir, **{kind: count})


def task_search(model, tasks, n_best=1, search=None):
    """The model's own search, or another, returning what tasks need.

    Args:
        model: `Seq2Seq` or `Ensemble`.
        tasks: list of `Task`.
        n_best: int. Hypotheses wanted in any case.
        search: search of `keras_seq2seq.search`, or None for the model's own.

    Raises:
        UserError: a task needs attention that the model does not have, or
            beams where the search is greedy.
    """
    search = recipe.with_options(
        search or model.generator.default_search,
        n_best=max([n_best, *(task.n_best for task in tasks)]),
        with_attention=any(task.needs_attention for task in tasks),
        with_history=any(task.needs_history for task in tasks),
        with_log_probs=not tasks or any(t.needs_log_probs for t in tasks),
    )
    for task in tasks:
        name = type(task).__name__
        if task.needs_attention and not model.has_attention:
            why = " for unk_replace" if isinstance(task, DecodeText) else ""
            raise UserError(
                f"tasks: {name} needs attention{why}. Received: a model "
                f"without it, {type(model).__name__}. Leave it out, or train "
                "an AttentionSeq2Seq."
            )
        if task.needs_history and not isinstance(search, BeamSearch):
            raise UserError(
                f"tasks: {name} needs beam search. Type --model_params "
                "'{inference.beam_search.beam_width: 5}'"
            )
    return search


def run_tasks(model, tasks, lines, search=None, **options):
    """Carries out tasks in one pass over lines.

    Args:
        model: `Seq2Seq` or `Ensemble`.
        tasks: list of `Task`; of each line they get the generation in turn.
        lines: iterable of str.
        search: search, or None for `task_search`.
        **options: of `generate_lines`.

    Returns:
        iterator over the lines of tuples of str, what the tasks say of one.

    Raises:
        UserError: see `task_search`.
    """
    search = search or task_search(model, tasks)
    with contextlib.ExitStack() as stack:
        for task in tasks:
            stack.enter_context(running(task, model, search))
        for generation in generate_lines(model, lines, search, **options):
            said = [task(generation) for task in tasks]
            yield tuple(text for text in said if text is not None)


def generate_lines(
    model,
    lines,
    search=None,
    batch_size=BATCH_SIZE,
    read_ahead=None,
    max_input_length=None,
    lexicon=None,
):
    """Generates for a stream of lines, in order, some thousand at a time.

    Args:
        model: `Seq2Seq`.
        lines: iterable of str.
        search: search, or None for the model's own.
        batch_size: int. Most sources decoded at once.
        read_ahead: int or None. Lines read before the first of them is
            decoded; None: some thousand, 1: each is answered before the next.
        max_input_length: int or None. As for `Generator.generate`.
        lexicon: `Lexicon` or None. As for `Generator.generate`.

    Returns:
        iterator of `Generation`, one per line.
    """
    lines = iter(lines)
    while waiting := [*itertools.islice(lines, read_ahead or LINES_AT_ONCE)]:
        begin = time.perf_counter()
        found = model.generate(
            waiting,
            search,
            batch_size=batch_size,
            max_input_length=max_input_length,
            lexicon=lexicon,
        )
        seconds = (time.perf_counter() - begin) / len(waiting)
        for generation in found:
            yield dataclasses.replace(generation, seconds=seconds)


def score_pairs(
    model,
    sources,
    targets,
    batch_size=64,
    temperature=1.0,
    longest=(None, None),
):
    """Log-probabilities of given targets.

    Args:
        model: `Seq2Seq` with tokenizers, or `Ensemble`.
        sources: list of str.
        targets: list of str, as many. Nothing of either is cut off.
        batch_size: int.
        temperature: float above 0. Divides the logits.
        longest: pair of int or None. Most tokens of a source and of a target,
            END apart; None: what the model can read, often any number. Longer
            pairs, and those whose picture can't be read, have the
            probability 0.

    Returns:
        float64 array of nats, END included, and int array of tokens, END
        included, both `(N,)`.
    """
    pairs = model.generator.pairs(sources, targets)
    return _nats(model, pairs, batch_size, temperature, longest), (
        pairs.target_lengths
    )


def _nats(model, pairs, batch_size, temperature=1.0, longest=(None, None)):
    """Log-probabilities of the targets of pairs, float64 `(N,)`."""
    order = np.lexsort((pairs.target_lengths, pairs.source_lengths))
    fits = _fits(model, pairs, longest)
    order = order[fits[order]]
    nats = np.full(len(pairs), -np.inf)

    @model.as_graph
    def log_probs(inputs, labels, weights):
        logits = with_temperature(model(inputs), temperature)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return -tf.reduce_sum(losses * weights, axis=1)

    model.trace(log_probs, *specs(pairs))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        inputs, labels, weights = assemble(pairs, chosen)
        found = log_probs(inputs, labels, weights).numpy()
        # A picture that can't be read leaves no weight to its caption.
        nats[chosen] = np.where(weights.any(axis=1), found, -np.inf)
    return nats


def _fits(model, pairs, longest):
    """Which pairs are short enough, bool `(N,)`."""
    sides = (
        (pairs.source_lengths, int(model.append_end), model.longest_source),
        (pairs.target_lengths, 1, model.longest_target),
    )
    fits = np.ones(len(pairs), bool)
    for (lengths, ends, learned), most in zip(sides, longest, strict=True):
        for bound in (None if most is None else most + ends, learned):
            if bound is not None:
                fits &= lengths <= bound
    return fits


def evaluate(model, pipeline, config, batch_size=64, allowed=()):
    """Token-weighted loss, perplexity and accuracy over a pipeline's pairs.

    Pairs are cut off and left out as they are in training.

    Args:
        model: `Seq2Seq` with tokenizers, or `Ensemble`, of which the accuracy
            is not measured.
        pipeline: section `{class, params}` with targets.
        config: Config of the run.
        batch_size: int.
        allowed: modules of the user's own that may be imported.

    Returns:
        dict of numbers.
    """
    selection = recipe.evaluation_pairs(
        config, pipeline, model.tokenizers, "the pipeline", allowed
    )
    for line in selection.remarks:
        LOGGER.warning("%s", line)
    pairs = selection.pairs
    if isinstance(model, Ensemble):
        nats = _nats(model, pairs, batch_size)
        # As in training, a picture that can't be read does not count.
        counted = np.isfinite(nats) | (model.tokenizers[0] is not None)
        loss = -float(nats[counted].sum()) / int(
            pairs.target_lengths[counted].sum()
        )
        return {"loss": loss, "perplexity": math.exp(loss)}
    recipe.keep_features(config, model, pairs)
    model.compile()
    return model.evaluate(
        evaluation_dataset(pairs, batch_size), verbose=0, return_dict=True
    )
