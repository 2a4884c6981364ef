"""Trains the benchmark model; prints its speed as JSON.

ours.py PRECISION DATA UPDATES THREADS
"""

import json
import resource
import sys
import time
from pathlib import Path

import keras

from keras_seq2seq.callbacks import Bucketing
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.distribution import configure_devices, keep_memory
from keras_seq2seq.layers import (
    AttentionDecoder,
    BidirectionalRNNEncoder,
    GRUCell,
    RecurrentStack,
)
from keras_seq2seq.optimizers import Adam
from keras_seq2seq.zoo import AttentionSeq2Seq

WARMUP = 10
EPOCHS = 3  # over which the updates are spread


class Clock(keras.callbacks.Callback):
    """Times every step, and the whole behind the warm-up."""

    def __init__(self):
        super().__init__()
        self.steps = []
        self.tokens = 0.0

    def on_train_batch_begin(self, batch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # waits for the device
        now = time.perf_counter()
        self.steps.append((self.began, now, float(logs["tokens"]), batch))


def read(data):
    """The tokenizers (source, target) of the data, and its `Bucketing`."""
    source, target = (load_tokenizer(data / f"vocab.{x}") for x in ("en", "de"))
    pairs = ParallelText(
        data / "train.en",
        data / "train.de",
        source_tokenizer=source,
        target_tokenizer=target,
    )
    bucketing = Bucketing(pairs, batch_size=64, boundaries="auto:20")
    return (source, target), bucketing


def build(data):
    """The benchmark model and its batches.

    Args:
        data: Path of what `train_speed.py` prepares.

    Returns:
        model, compiled, and its `Bucketing`.
    """
    (source, target), bucketing = read(data)
    model = AttentionSeq2Seq(
        source.vocabulary_size,
        target.vocabulary_size,
        embedding_dim=256,
        encoder=BidirectionalRNNEncoder(
            RecurrentStack(GRUCell(256, reset_after=True), output_keep_prob=0.8)
        ),
        decoder=AttentionDecoder(
            RecurrentStack(GRUCell(512, reset_after=True), output_keep_prob=0.8)
        ),
        reverse_source=False,
        tokenizers=(source, target),
        max_target_length=50,
    )
    model.compile(Adam(1e-3))
    return model, bucketing


def main():
    """Trains and prints."""
    precision, data, updates, threads = sys.argv[1:]
    updates, threads = int(updates), int(threads)
    configure_devices(threads, shards=threads)
    keep_memory()
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    imported = peak_mib()
    model, bucketing = build(Path(data))
    model.batch_shards = threads
    clock = Clock()
    model.fit(
        bucketing.stream,
        steps_per_epoch=(WARMUP + updates) // EPOCHS,
        epochs=EPOCHS,
        callbacks=[bucketing, clock],
        verbose=0,
        shuffle=False,
    )
    memory = round(peak_mib() - imported)
    print(json.dumps({**measured(clock, model), "peak_mib": memory}))


def peak_mib():
    """Greatest resident memory so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(clock, model):
    """Speed behind the warm-up, and what is lost between steps."""
    steps = clock.steps[WARMUP:]
    tokens, before = 0.0, clock.steps[WARMUP - 1][2]
    for *_, total, batch in steps:
        tokens += total - (before if batch else 0.0)
        before = total
    wall = steps[-1][1] - clock.steps[WARMUP - 1][1]
    busy = sum(end - begin for begin, end, *_ in steps)
    return {
        "tokens_per_second": round(tokens / wall, 1),
        "wall_over_steps": round(wall / busy, 4),
        "parameters": model.count_params(),
    }


if __name__ == "__main__":
    main()
