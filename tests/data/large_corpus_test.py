"""A corpus of ten million pairs: slow, and some gigabytes of disk."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

PAIRS = int(os.environ.get("LARGE_CORPUS_PAIRS", 10_000_000))
WORDS = 30_000

READ = """
    import json, resource, sys, time
    began = time.time()
    import keras_seq2seq.data.parallel_text as parallel_text
    from keras_seq2seq.data.tokenizer import load_tokenizer
    folder = sys.argv[1]
    words = load_tokenizer(f"{folder}/vocabulary")
    pairs = parallel_text.ParallelText(
        f"{folder}/source",
        f"{folder}/target",
        source_tokenizer=words,
        cache_dir=f"{folder}/cache",
    )
    indexed = time.time() - began
    figures = {"pairs": len(pairs), "indexed": indexed}
"""
TRAIN = """
    import keras
    from keras_seq2seq.callbacks import Bucketing
    from keras_seq2seq.zoo import AttentionSeq2Seq

    class FirstStep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            figures.setdefault("first_step", time.time() - began)

    bucketing = Bucketing(pairs, batch_size=64, boundaries="auto")
    size = words.vocabulary_size
    model = AttentionSeq2Seq(size, size, embedding_dim=64)
    model.compile()
    model.fit(
        bucketing.stream,
        steps_per_epoch=100,
        callbacks=[bucketing, FirstStep()],
        verbose=0,
        shuffle=False,
    )
"""
REPORT = """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**figures, "peak": peak}))
"""


def write_corpus(folder):
    generator = np.random.Generator(np.random.Philox(7))
    words = np.array([f"word{i}" for i in range(WORDS)])
    (folder / "vocabulary").write_text("\n".join(words) + "\n")
    for side in ("source", "target"):
        with open(folder / side, "w") as file:
            for start in range(0, PAIRS, 100_000):
                count = min(100_000, PAIRS - start)
                lengths = generator.integers(5, 16, count)
                drawn = words[generator.integers(0, WORDS, lengths.sum())]
                rows = np.split(drawn, np.cumsum(lengths)[:-1])
                file.writelines(" ".join(row) + "\n" for row in rows)


def run(folder, *parts):
    script = "".join(textwrap.dedent(part) for part in parts)
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_ten_million_pairs_train_in_bounded_time_and_memory(tmp_path):
    write_corpus(tmp_path)
    first = run(tmp_path, READ, REPORT)
    again = run(tmp_path, READ, TRAIN, REPORT)
    print(first, again)
    assert first["pairs"] == PAIRS
    assert first["indexed"] < 300
    assert again["first_step"] < 60
    assert again["peak"] < 3e9
