"""Decodes with the benchmark model; prints its speed as JSON.

ours_decode.py PRECISION DATA THREADS BATCH_SIZE
"""

import json
import sys
import time
from pathlib import Path

import keras
from ours import build

from keras_seq2seq.data.lexicon import Lexicon
from keras_seq2seq.distribution import configure_devices
from keras_seq2seq.search import BeamSearch, GreedySearch

EPOCHS = 2


def main():
    """Trains when no weights are there, then decodes six ways."""
    precision, data, threads, batch_size = sys.argv[1:]
    threads = int(threads)
    configure_devices(threads, shards=threads)
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    data = Path(data)
    model, bucketing = build(data)
    model.batch_shards = threads
    weights = Path("ours_decode.weights.h5")
    if not weights.exists():
        model.fit(
            bucketing.dataset, epochs=EPOCHS, callbacks=[bucketing], verbose=0
        )
        model.save_weights(weights)
    model.load_weights(weights)
    text = (data / "test_2016_flickr.en").read_text("utf-8").splitlines()
    lexicon = Lexicon.learn(bucketing.pairs, model.tokenizers)
    searches = {
        "greedy": (GreedySearch(with_log_probs=False), None),
        "beam5": (BeamSearch(5), None),
        "beam5_shortlist": (BeamSearch(5), lexicon),
    }
    result = {}
    for name, (search, lexicon) in searches.items():
        for fixed in (True, False):
            options = {"batch_size": int(batch_size), "lexicon": lexicon}
            if fixed:
                options |= {"max_length": 20, "min_length": 19}
            model.generate(text, search, **options)  # makes the graphs
            began = time.perf_counter()
            found = model.generate(text, search, **options)
            seconds = time.perf_counter() - began
            if fixed:
                result[f"{name}_fixed20"] = round(len(text) / seconds, 1)
                continue
            tokens = sum(len(each.tokens) for each in found)
            result[f"{name}_tokens"] = round(tokens / seconds, 1)
            result[f"{name}_sentences"] = round(len(text) / seconds, 1)
            result[f"{name}_mean_length"] = round(tokens / len(text), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
