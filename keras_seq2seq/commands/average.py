"""`keras-seq2seq average`."""

import sys

from keras_seq2seq.commands.whole_number import positive


def add_arguments(parser):
    """Adds the flags."""
    from keras_seq2seq.checkpoint import STRATEGIES

    parser.add_argument(
        "inputs",
        nargs="+",
        help="train's output_dir, or two or more checkpoints in it",
    )
    parser.add_argument(
        "-n", type=positive, default=4, help="checkpoints; default: 4"
    )
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="best",
        help="the best scored (default), the newest (last), those that were "
        "the best for longest (lifespan), or those up to the best (until_best, "
        "which Sockeye called last)",
    )
    parser.add_argument(
        "--output",
        help="directory to write; default: averaged in the run, which infer "
        "then takes first",
    )


def run(arguments):
    """Writes a directory that reads like a checkpoint."""
    from pathlib import Path

    from keras_seq2seq import checkpoint
    from keras_seq2seq.checkpoint.averaging import choose, write_average
    from keras_seq2seq.errors import UserError

    paths = [Path(each) for each in arguments.inputs]
    absent = next((path for path in paths if not path.is_dir()), None)
    if absent is not None:
        raise UserError(
            f"{absent}: expected a run directory or a checkpoint. Received: no "
            "such directory."
        )
    run_dir = paths[0]
    if len(paths) == 1:
        paths = choose(run_dir, **{arguments.strategy: arguments.n})
        if not paths:
            scored = "" if arguments.strategy == "last" else " with a score"
            raise UserError(
                f"{run_dir} must hold intact checkpoints{scored}. Received: "
                "none. Type --strategy last for those of a run that was never "
                "evaluated."
            )
    else:
        run_dir = run_dir.parent
        for path in paths:
            checkpoint.verify(path)
    written = write_average(
        run_dir, checkpoint.average(paths), arguments.output
    )
    names = ", ".join(path.name for path in paths)
    print(f"Averaged {len(paths)} checkpoints: {names}", file=sys.stderr)
    print(f"Written: {written}", file=sys.stderr)
