"""Trains ConvS2S and decodes with it; prints its speed as JSON.

ours_conv.py PRECISION DATA UPDATES SENTENCES THREADS
"""

import json
import statistics
import sys
import time
from pathlib import Path

import keras
import numpy as np
from ours import EPOCHS, WARMUP, Clock, measured, read

from keras_seq2seq.distribution import configure_devices, keep_memory
from keras_seq2seq.layers import ConvS2SDecoder, ConvS2SEncoder
from keras_seq2seq.optimizers import Adam
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.zoo import ConvS2S

LAYERS = [(256, 3)] * 4
STEPS = 105  # of the decoder alone
ROWS, BEAMS, SOURCE = 64, 5, 15


def build(data):
    """The model and its batches."""
    (source, target), bucketing = read(data)
    model = ConvS2S(
        source.vocabulary_size,
        target.vocabulary_size,
        embedding_dim=256,
        encoder=ConvS2SEncoder(LAYERS, dropout=0.2),
        decoder=ConvS2SDecoder(LAYERS, out_units=256, dropout=0.2),
        tokenizers=(source, target),
        max_target_length=50,
    )
    model.compile(Adam(1e-3))
    return model, bucketing


def main():
    """Trains, decodes and prints."""
    precision, data, *numbers = sys.argv[1:]
    updates, sentences, threads = map(int, numbers)
    configure_devices(threads, shards=threads)
    keep_memory()
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    data = Path(data)
    model, bucketing = build(data)
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
    found = measured(clock, model)
    del found["wall_over_steps"]  # which the peer does not measure
    text = (data / "test_2016_flickr.en").read_text("utf-8").splitlines()
    found["step_100_over_10"] = step_ratio(model)
    found["beam5_sentences"] = beam_speed(model, text[:sentences])
    print(json.dumps(found))


def step_ratio(model):
    """Time of step 100 over that of step 10, medians of ten around them."""
    random = np.random.default_rng(1)
    source = random.integers(4, 99, (ROWS, SOURCE)).astype("int32")
    memory, carry = model.encode({"source": source})
    memory = model.search_memory(memory)
    carry = keras.tree.map_structure(
        lambda x: keras.ops.repeat(x, BEAMS, axis=1), carry
    )
    step = model.as_graph(model.step)
    words = keras.ops.full((ROWS, BEAMS), 5, "int32")
    seconds = []
    for _ in range(STEPS):
        began = time.perf_counter()
        logits, carry, _ = step(words, memory, carry)
        logits.numpy()  # waits
        seconds.append(time.perf_counter() - began)
    late, early = seconds[95:105], seconds[5:15]
    return round(statistics.median(late) / statistics.median(early), 3)


def beam_speed(model, text):
    """Sentences/s, all hypotheses 20 tokens long."""
    search, limits = BeamSearch(5), {"max_length": 20, "min_length": 19}
    model.generate(text, search, **limits)  # makes the graphs
    began = time.perf_counter()
    model.generate(text, search, **limits)
    return round(len(text) / (time.perf_counter() - began), 2)


if __name__ == "__main__":
    main()
