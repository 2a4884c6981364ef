"""A trained model, ready to generate and to score."""

import logging

import numpy as np
import tensorflow as tf

from keras_seq2seq import recipe
from keras_seq2seq.checkpoint.choice import find_weights
from keras_seq2seq.checkpoint.model_state import read_model
from keras_seq2seq.config.files import override
from keras_seq2seq.data.batches import assemble, evaluation_dataset
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.run_files import read_run
from keras_seq2seq.zoo.generation import BATCH_SIZE

LOGGER = logging.getLogger("keras_seq2seq")
LINES_AT_ONCE = 4096  # read before the first of them is decoded


def load(run_dir, which=None, model_params=None, allowed=()):
    """Loads a trained model from its run directory.

    Weights alone are read, into a model built from the directory's own
    configuration. Several threads may call `generate` at once.

    Args:
        run_dir: path of the run, train's `output_dir`.
        which: `"averaged"`, `"best"`, `"latest"`, a step, or the path of a
            checkpoint. None: the first of these that there is.
        model_params: mapping or YAML text laid over the stored settings, such
            as `{"inference.beam_search.beam_width": 5}`.
        allowed: modules of the user's own that may be imported.

    Returns:
        `Seq2Seq` whose `generate` searches as the configuration says.

    Raises:
        UserError: an incomplete, damaged or newer directory.
    """
    run = read_run(run_dir)
    config = run.config
    if model_params:
        config = override(config, {"model_params": model_params})
    path = find_weights(run_dir, which)
    model = recipe.model(config, run.tokenizers, allowed=allowed)
    read_model(model, path, training=False)
    return model


def generate_lines(model, lines, search=None, batch_size=BATCH_SIZE):
    """Generates for a stream of lines, in order, some thousand at a time.

    Args:
        model: `Seq2Seq`.
        lines: iterable of str.
        search: search, or None for the model's own.
        batch_size: int. Sources decoded at once.

    Returns:
        iterator of `Generation`, one per line.
    """
    waiting = []
    for line in lines:
        waiting.append(line)
        if len(waiting) == LINES_AT_ONCE:
            yield from model.generate(waiting, search, batch_size=batch_size)
            waiting = []
    yield from model.generate(waiting, search, batch_size=batch_size)


def score_pairs(model, sources, targets, batch_size=64):
    """Log-probabilities of given targets.

    Args:
        model: `Seq2Seq` with tokenizers.
        sources: list of str.
        targets: list of str, as many. Nothing of either is cut off.
        batch_size: int.

    Returns:
        float64 array of nats, END included, and int array of tokens, END
        included, both `(N,)`.
    """
    pairs = ParallelText.from_texts(
        sources,
        targets,
        source_tokenizer=model.tokenizers[0],
        target_tokenizer=model.tokenizers[1],
        append_end=model.append_end,
    )
    order = np.lexsort((pairs.target_lengths, pairs.source_lengths))
    nats = np.zeros(len(pairs))

    @model.as_graph
    def log_probs(inputs, labels, weights):
        logits = model(inputs)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return -tf.reduce_sum(losses * weights, axis=1)

    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        nats[chosen] = log_probs(*assemble(pairs, chosen)).numpy()
    return nats, pairs.target_lengths


def evaluate(model, pipeline, params, batch_size=64, allowed=()):
    """Token-weighted loss, perplexity and accuracy over a pipeline's pairs.

    Args:
        model: `Seq2Seq` with tokenizers.
        pipeline: section `{class, params}` with targets.
        params: `model_params` of the run.
        batch_size: int.
        allowed: modules of the user's own that may be imported.

    Returns:
        dict of numbers.
    """
    pairs = recipe.corpus(pipeline, params, model.tokenizers, allowed=allowed)
    model.compile()
    return model.evaluate(
        evaluation_dataset(pairs, batch_size), verbose=0, return_dict=True
    )
