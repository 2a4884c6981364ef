"""`keras-seq2seq metrics`."""

import sys


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument("model_dir", help="train's output_dir")
    parser.add_argument(
        "--format",
        choices=("sockeye", "csv", "json"),
        default="sockeye",
        help="sockeye: number<TAB>name=value<TAB>..., csv, or the JSON lines "
        "that metrics.jsonl holds",
    )


def run(arguments):
    """Prints a line per evaluation."""
    from pathlib import Path

    from keras_seq2seq.errors import UserError
    from keras_seq2seq.views.metrics_table import (
        read_metrics,
        to_csv,
        to_json,
        to_sockeye,
    )

    path = Path(arguments.model_dir) / "metrics.jsonl"
    if not path.is_file():
        raise UserError(
            f"{path}: expected the metrics of a training. Received: no such "
            "file. It is written by the first evaluation."
        )
    write = {"sockeye": to_sockeye, "csv": to_csv, "json": to_json}
    sys.stdout.write(write[arguments.format](read_metrics(path)))
