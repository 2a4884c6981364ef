"""`keras-seq2seq benchmark`."""

import json
import multiprocessing
import sys
import tempfile

from keras_seq2seq.commands.whole_number import positive

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
    with context.Pool(1) as pool:
        outcome = pool.apply(measure, (vars(arguments), precision, directory))
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def measure(options, precision, directory):
    """What a process of its own does: a dict, or the user's error."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.files import load
    from keras_seq2seq.errors import UserError

    start_tensorflow()
    from keras_seq2seq import benchmark

    names = ("data_dir", "threads", "batch_size")
    flags = {name: options[name] for name in names}
    try:
        paths = options["config_paths"] or [benchmark.synthetic(directory)]
        config = load(paths, {**flags, "precision": precision})
        speed = benchmark.benchmark(
            config, directory, options["steps"], options["sentences"]
        )
    except UserError as error:
        return error
    return speed._asdict()
