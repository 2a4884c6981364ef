"""`keras-seq2seq inspect`."""


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument("model_dir", help="train's output_dir")
    parser.add_argument(
        "--checkpoint", help="averaged, best, latest, a step or a path"
    )
    parser.add_argument(
        "--names",
        nargs="+",
        metavar="PATTERN",
        help="only parameters with such names; * and ? stand for letters",
    )
    parser.add_argument(
        "--output", help=".npz file to which the parameters are written"
    )


def run(arguments):
    """Prints `name<TAB>shape<TAB>type<TAB>count` per parameter."""
    import fnmatch
    import math

    from keras_seq2seq.checkpoint.array_files import read_hdf5
    from keras_seq2seq.checkpoint.averaging import WEIGHTS_FILE
    from keras_seq2seq.checkpoint.choice import find_weights
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.run_files import read_run

    read_run(arguments.model_dir)
    path = find_weights(arguments.model_dir, arguments.checkpoint)
    arrays = read_hdf5(path / WEIGHTS_FILE)
    if arguments.names:
        found = {
            name: array
            for name, array in arrays.items()
            if any(fnmatch.fnmatchcase(name, p) for p in arguments.names)
        }
        if not found:
            raise UserError(
                f"{path}: no parameter is called "
                f"{' or '.join(arguments.names)}. There are: "
                f"{', '.join(sorted(arrays)[:20])}"
            )
        arrays = found
    for name, array in sorted(arrays.items()):
        shape = "x".join(map(str, array.shape)) or "1"
        print(f"{name}\t{shape}\t{array.dtype}\t{array.size}")
    total = sum(math.prod(array.shape) for array in arrays.values())
    print(f"total\t\t\t{total}")
    if arguments.output:
        _write(arguments.output, arrays)


def _write(path, arrays):
    from keras_seq2seq.tasks.array_archive import ArrayArchive

    archive = ArrayArchive(path)
    try:
        for name, array in arrays.items():
            archive.add(name, array)
    except BaseException:
        archive.discard()
        raise
    archive.close()
