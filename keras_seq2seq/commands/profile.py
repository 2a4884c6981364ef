"""`keras-seq2seq profile`."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import

TITLES = {
    "params": "Parameters",
    "flops": "Operations",
    "phases": "Time of a traced step",
    "micro": "Its operations of 1000 microseconds and more",
    "device": "Its devices",
}


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument("--model_dir", required=True, help="train's output_dir")
    parser.add_argument(
        "--data",
        nargs=2,
        metavar=("SOURCE", "TARGET"),
        help="text files whose lengths count; default: the development data",
    )
    add_allow_import(parser)


def run(arguments):
    """Prints the reports and writes them to `<model_dir>/profile/`."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow

    start_tensorflow()
    from keras_seq2seq.profiling import HOW_TO_TRACE, profile

    reports = profile(
        arguments.model_dir, arguments.data, arguments.allow_import
    )
    for name, lines in reports.items():
        print("\n".join([TITLES[name], "", *lines, ""]))
    if "phases" not in reports:
        print(HOW_TO_TRACE, file=sys.stderr)
    print(f"Written to {arguments.model_dir}/profile/", file=sys.stderr)
