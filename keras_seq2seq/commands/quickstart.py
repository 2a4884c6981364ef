"""`keras-seq2seq quickstart`."""

import sys

from keras_seq2seq.commands.whole_number import non_negative


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument(
        "--task",
        default="pronounce",
        help="pronounce: English spelling to sounds, some minutes on 2 cores; "
        "reverse: a toy, about a minute",
    )
    parser.add_argument(
        "--output_dir",
        help="gets the data and the run; default: a temporary directory",
    )
    parser.add_argument(
        "--seed",
        type=non_negative,
        default=1,
        help="of the split, the weights and the order of the batches",
    )


def run(arguments):
    """Trains, then prints scores, examples and what to look at."""
    import tempfile

    from keras_seq2seq.commands.tensorflow_start import start_tensorflow

    start_tensorflow()
    from keras_seq2seq.quickstart import quickstart

    directory = arguments.output_dir or tempfile.mkdtemp(
        prefix="keras_seq2seq-quickstart-"
    )
    lines = quickstart(
        arguments.task,
        directory,
        arguments.seed,
        say=lambda line: print(line, file=sys.stderr),
    )
    print("\n".join(lines))
