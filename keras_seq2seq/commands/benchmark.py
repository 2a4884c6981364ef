"""`keras-seq2seq benchmark`."""

import json
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive
from keras_seq2seq.errors import UserError

PRECISIONS = ("float32", "mixed_bfloat16")
ROWS = (
    ("tokens_per_second", "training, target tokens/s", ",.0f"),
    ("step_ms", "  one step, ms", ".0f"),
    ("products", "large product, GFLOP/s", ".0f"),
    ("share", "  share of it in training", ".0%"),
    ("greedy", "greedy, 20 tokens, sentences/s", ".1f"),
    ("beam5", "beam 5, 20 tokens, sentences/s", ".1f"),
    ("peak_mib", "memory of training, MiB", ",.0f"),
)


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument(
        "--config_paths",
        default="",
        help="the model and data to measure; default: random text and a GRU "
        "model of 11 million parameters",
    )
    add_allow_import(parser)
    parser.add_argument("--data_dir", help="where its relative paths begin")
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=PRECISIONS,
        default=list(PRECISIONS),
        help="types of the computations",
    )
    parser.add_argument("--threads", type=positive, help="processor threads")
    parser.add_argument("--batch_size", type=positive, help="pairs of a batch")
    parser.add_argument(
        "--steps", type=positive, default=30, help="training steps timed"
    )
    parser.add_argument(
        "--sentences", type=positive, default=256, help="sentences decoded"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per precision"
    )


def run(arguments):
    """Prints a table with a column per precision."""
    found = []
    with tempfile.TemporaryDirectory(prefix="keras_seq2seq-") as directory:
        for precision in arguments.precision:
            print(f"Measuring {precision} ...", file=sys.stderr, flush=True)
            found.append(_in_own_process(arguments, precision, directory))
    if arguments.json:
        for each in found:
            print(json.dumps(each))
        return
    print(f"{found[0]['parameters']:,} parameters")
    print(f"{'':32}" + "".join(f"{each['precision']:>16}" for each in found))
    for key, meaning, form in ROWS:
        values = "".join(f"{format(each[key], form):>16}" for each in found)
        print(f"{meaning:32}{values}")


def _in_own_process(arguments, precision, directory):
    """One precision; threads, types and peak memory belong to a process."""
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, context) as pool:
            job = pool.submit(measure, vars(arguments), precision, directory)
            return job.result()
    except BrokenProcessPool:
        raise UserError(
            f"The process that measured {precision} was killed: too little "
            "memory, most likely. Type a smaller --batch_size or a smaller "
            "model."
        ) from None


def measure(options, precision, directory):
    """What a process of its own does; returns a dict."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.files import load

    start_tensorflow()
    from keras_seq2seq import benchmark

    names = ("data_dir", "threads", "batch_size")
    flags = {name: options[name] for name in names}
    paths = options["config_paths"] or [benchmark.synthetic(directory)]
    return benchmark.benchmark(
        load(paths, {**flags, "precision": precision, "schedule": "train"}),
        directory,
        options["steps"],
        options["sentences"],
        options["allow_import"],
    )._asdict()
