"""What bfloat16 and shortlists save and cost in decoding.

python benchmarks/decoding_cost.py RUN_DIR --source val.en --target val.de

Learns a lexicon from the run's training text and decodes the same lines, three
times in turn: in float32 and in bfloat16, and in float32 among the K likeliest
target tokens of each source token. Prints a table.
"""

import argparse
import statistics
import time
from pathlib import Path

import keras_seq2seq
from keras_seq2seq import recipe
from keras_seq2seq.data.lexicon import Lexicon
from keras_seq2seq.metrics import score
from keras_seq2seq.run_files import read_run

BEST = (5, 10, 20, 50, 100)
TURNS = 3


def main():
    """Prints the table as Markdown."""
    arguments = parse()
    ways = ways_of(arguments.run_dir)
    source, target = (
        path.read_text("utf-8").splitlines()
        for path in (arguments.source, arguments.target)
    )
    for model, lexicon in ways.values():
        model.generate(source, lexicon=lexicon)  # makes the graphs
    seconds = {name: [] for name in ways}
    written = {}
    for _ in range(TURNS):
        for name, (model, lexicon) in ways.items():
            began = time.perf_counter()
            written[name] = model.generate(source, lexicon=lexicon)
            seconds[name].append(time.perf_counter() - began)
    first, *_ = map(statistics.median, seconds.values())
    print("| | bleu | times as fast |")
    print("|---|---|---|")
    for name, found in written.items():
        bleu = score("bleu", [each.text for each in found], target)
        faster = first / statistics.median(seconds[name])
        print(f"| {name} | {bleu.value:.2f} | {faster:.2f} |")


def ways_of(run_dir):
    """Models and lexicons, or None, by what tables call them."""
    stored = read_run(run_dir)
    exact, fast = (
        keras_seq2seq.load(run_dir, precision=precision)
        for precision in ("float32", "mixed_bfloat16")
    )
    pairs = recipe.training_pairs(stored.config, stored.tokenizers)
    lexicon = Lexicon.learn(pairs, stored.tokenizers, max(BEST))
    short = {f"`-k {k}`": (exact, lexicon.shortened(k)) for k in BEST}
    return {"float32": (exact, None), "bfloat16": (fast, None), **short}


def parse():
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("run_dir", type=Path)
    made.add_argument("--source", type=Path, required=True)
    made.add_argument("--target", type=Path, required=True)
    return made.parse_args()


if __name__ == "__main__":
    main()
