"""What shortlists save and cost, by the candidates of each source token.

python benchmarks/shortlist_cost.py RUN_DIR --source val.en --target val.de

Learns a lexicon from the run's training text, decodes the same lines without
it and with the K likeliest target tokens of each source token, three times in
turn, and prints a table.
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
    stored = read_run(arguments.run_dir)
    model = keras_seq2seq.load(arguments.run_dir)
    pairs = recipe.training_pairs(stored.config, stored.tokenizers)
    lexicon = Lexicon.learn(pairs, stored.tokenizers, max(BEST))
    given = {None: None, **{best: lexicon.shortened(best) for best in BEST}}
    source, target = (
        path.read_text("utf-8").splitlines()
        for path in (arguments.source, arguments.target)
    )
    for each in given.values():
        model.generate(source, lexicon=each)  # makes the graphs
    seconds = {best: [] for best in given}
    written = {}
    for _ in range(TURNS):
        for best, each in given.items():
            began = time.perf_counter()
            written[best] = model.generate(source, lexicon=each)
            seconds[best].append(time.perf_counter() - began)
    whole = statistics.median(seconds[None])
    print("| target tokens of a source token | bleu | times as fast |")
    print("|---|---|---|")
    for best in given:
        bleu = score("bleu", [each.text for each in written[best]], target)
        faster = whole / statistics.median(seconds[best])
        print(f"| {best or 'all'} | {bleu.value:.2f} | {faster:.2f} |")


def parse():
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("run_dir", type=Path)
    made.add_argument("--source", type=Path, required=True)
    made.add_argument("--target", type=Path, required=True)
    return made.parse_args()


if __name__ == "__main__":
    main()
