"""How fast this machine trains and decodes with a model."""

import json
import random
import resource
import time
from pathlib import Path
from typing import NamedTuple

import keras
import tensorflow as tf

from keras_seq2seq import recipe
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.distribution import configure_for
from keras_seq2seq.operations import operations_of
from keras_seq2seq.search import BeamSearch, GreedySearch
from keras_seq2seq.set_up import compiled_model
from keras_seq2seq.step_timing import time_steps

PRODUCT = (1024, 1024, 4096)  # rows, inner and columns of the product timed
PRODUCT_SECONDS = 0.5
DECODED_TOKENS = 20  # of every hypothesis
# With log-probabilities: how fast text alone is depends on what was learned.
SEARCHES = {"greedy": GreedySearch(), "beam5": BeamSearch(5)}
# Embeddings 256, a bidirectional GRU of 2 x 256, a GRU of 512.
MODEL_PARAMS = {
    "vocab_source": "vocab.source.txt",
    "vocab_target": "vocab.target.txt",
    "source.max_seq_len": None,
    "target.max_seq_len": None,
    "source.reverse": False,
    "embedding.dim": 256,
    **{
        f"{part}.params": {
            "rnn_cell": {
                "cell_class": "GRUCell",
                "cell_params": {"num_units": units, "reset_after": True},
                "dropout_output_keep_prob": 0.8,
            }
        }
        for part, units in (("encoder", 256), ("decoder", 512))
    },
    "optimizer.learning_rate": 1e-3,
}


class Speed(NamedTuple):
    """What was measured, for one type of numbers.

    Attributes:
        precision: str.
        parameters: int.
        tokens_per_second: float. Real target tokens trained on, END included.
        step_ms: float. Mean time of a training step, milliseconds.
        products: float. GFLOP/s of large products, as many at once as a batch
            has parts.
        share: float. Of that, what training reaches by its products alone.
        greedy, beam5: float. Sentences of 20 tokens decoded a second.
        peak_mib: float. Greatest resident memory, less that of the imports.
    """

    precision: str
    parameters: int
    tokens_per_second: float
    step_ms: float
    products: float
    share: float
    greedy: float
    beam5: float
    peak_mib: float


def benchmark(config, directory, steps=30, sentences=256, allowed=()):
    """Trains some steps and decodes some sentences.

    Args:
        config: Config, with training data.
        directory: path where vocabularies are made or found.
        steps: int. Training steps that are timed.
        sentences: int. Sources that are decoded.
        allowed: modules of the user's own that may be imported.

    Returns:
        Speed.
    """
    configure_for(config)
    imported = peak_mib()
    keras.utils.set_random_seed(config.tf_random_seed or 0)
    keras.config.set_dtype_policy(config.precision)
    pair = recipe.tokenizers(config, recipe.prepare(config, directory))
    pairs = recipe.training_pairs(config, pair, allowed)
    model, *_ = compiled_model(config, pair, allowed)
    recipe.keep_features(config, model, pairs)
    timed = time_steps(model, recipe.bucketing(config, pairs), steps)
    tokens, operations = tokens_and_operations(model, timed.batches)
    peak = peak_mib() - imported
    texts = _texts(config, sentences, allowed, pair)
    speeds = {
        name: time_decoding(model, texts, search)
        for name, search in SEARCHES.items()
    }
    products = time_products(config.precision, model.batch_shards)
    return Speed(
        precision=config.precision,
        parameters=model.count_params(),
        tokens_per_second=tokens / timed.seconds,
        step_ms=1e3 * timed.seconds / steps,
        products=products / 1e9,
        share=operations / timed.seconds / products,
        peak_mib=peak,
        **speeds,
    )


def tokens_and_operations(model, batches):
    """Real target tokens of batches, and operations to train on them.

    Those of products alone are counted, backwards twice as many as forwards.
    """
    tokens = operations = 0
    for inputs, labels, weights in batches:
        real = int(tf.math.count_nonzero(weights))
        target = tuple(labels.shape)
        if "source" in inputs:
            source = tuple(inputs["source"].shape)
        else:  # the cells of a picture
            source = (target[0], model.encoder.feature_shape[0])
        tokens += real
        operations += 3 * operations_of(model, source, target, real)
    return tokens, operations


def time_decoding(model, texts, search):
    """Sentences a second, each hypothesis 20 tokens long."""
    limits = {
        "max_length": DECODED_TOKENS,
        "min_length": DECODED_TOKENS - 1,
    }
    model.generate(texts, search, **limits)  # makes the graphs
    began = time.perf_counter()
    model.generate(texts, search, **limits)
    return len(texts) / (time.perf_counter() - began)


def time_products(precision, at_once):
    """Operations a second of large products, the best of many.

    Args:
        precision: str, of the configuration.
        at_once: int. Products computed side by side.
    """
    dtype = "bfloat16" if precision == "mixed_bfloat16" else "float32"
    rows, inner, columns = PRODUCT
    lefts = [
        tf.cast(tf.random.normal((rows, inner)), dtype) for _ in range(at_once)
    ]
    right = tf.cast(tf.random.normal((inner, columns)), dtype)

    @tf.function
    def multiply():
        return tf.add_n([tf.reduce_max(left @ right) for left in lefts])

    float(multiply())
    best, end = float("inf"), time.perf_counter() + PRODUCT_SECONDS
    while (began := time.perf_counter()) < end:
        float(multiply())
        best = min(best, time.perf_counter() - began)
    return 2 * rows * inner * columns * at_once / best


def synthetic(directory, pairs=4000, words=7856, mean=12, spread=4, seed=0):
    """Writes a random text and a configuration of the benchmark model.

    Args:
        directory: path.
        pairs: int.
        words: int. Words of a side's vocabulary, from which the text is drawn.
        mean, spread: float. Of the normal distribution of lengths, in words.
        seed: int.

    Returns:
        `Path` of the configuration.
    """
    chance = random.Random(seed)
    directory = Path(directory)
    lengths = [max(1, round(chance.gauss(mean, spread))) for _ in range(pairs)]
    for side in ("source", "target"):
        vocabulary = [f"{side[0]}{number}" for number in range(words)]
        write_file(
            directory / f"vocab.{side}.txt",
            "".join(f"{word}\n" for word in vocabulary),
        )
        write_file(
            directory / f"train.{side}",
            "".join(
                " ".join(chance.choices(vocabulary, k=length)) + "\n"
                for length in lengths
            ),
        )
    params = {
        name: str(directory / value) if name.startswith("vocab_") else value
        for name, value in MODEL_PARAMS.items()
    }
    pipeline = {
        "class": "ParallelTextInputPipeline",
        "params": {
            f"{side}_files": str(directory / f"train.{side}")
            for side in ("source", "target")
        },
    }
    config = {
        "model": "AttentionSeq2Seq",
        "model_params": params,
        "input_pipeline_train": pipeline,
        "schedule": "train",
        "batch_size": 64,
        "buckets": "auto:20",
        "tf_random_seed": seed,
    }
    return write_file(directory / "benchmark.json", json.dumps(config))


def peak_mib():
    """Greatest resident memory of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _texts(config, count, allowed, pair):
    lines = recipe.source_lines(config.input_pipeline_train, allowed, pair)
    return [line for line, _ in zip(lines, range(count), strict=False)]
