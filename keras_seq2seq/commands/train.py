"""`keras-seq2seq train`."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import

DEFAULT_MINUTES = 60.0


def add_arguments(parser):
    """Adds every setting of a configuration as a flag."""
    from keras_seq2seq.config.schema import Config

    parser.add_argument(
        "--config_paths",
        default="",
        help="YAML files, separated by commas, merged in this order; flags win",
    )
    parser.add_argument(
        "--source", help="text file; with --target, all settings are chosen"
    )
    parser.add_argument(
        "--target", help="text file, line i belongs to line i of --source"
    )
    add_allow_import(parser)
    for name, field in Config.model_fields.items():
        text = field.description.replace("%", "%%")
        parser.add_argument(f"--{name}", metavar="VALUE", help=text)


def run(arguments):
    """Trains; the run directory is the result."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow
    from keras_seq2seq.config.files import load

    flags = dict(vars(arguments))
    paths, allowed = flags.pop("config_paths"), flags.pop("allow_import")
    texts = [flags.pop(side) for side in ("source", "target")]
    minutes = _minutes_of_files(texts, paths, flags)
    if minutes is None:
        config = load(paths, flags)
        _check_schedule(config)
        start_tensorflow()
    else:
        start_tensorflow()
        from keras_seq2seq.automatic import automatic

        config = automatic(*texts, minutes, flags, allowed, say=_say)
        _check_schedule(config)
    from keras_seq2seq.training import train

    train(config, allowed, say=_say)


def _say(line):
    print(line, file=sys.stderr)


def _minutes_of_files(texts, paths, flags):
    """The time limit where all settings are to be chosen, else None."""
    from keras_seq2seq.errors import UserError

    if texts == [None, None]:
        return None
    if None in texts or paths:
        raise UserError(
            "--source and --target go together, and without --config_paths. "
            "Received: "
            + ", ".join(
                f"--{name} {value}"
                for name, value in zip(
                    ("source", "target", "config_paths"),
                    [*texts, paths],
                    strict=True,
                )
                if value
            )
        )
    from keras_seq2seq.config.files import load

    given = {"minutes": flags["minutes"] or DEFAULT_MINUTES}
    return load("", given, complete=False).minutes


def _check_schedule(config):
    if config.schedule in ("continuous_train_and_eval", "train_and_evaluate"):
        return
    from keras_seq2seq.errors import UserError

    raise UserError(
        f"--schedule {config.schedule} is not available yet. Leave it out."
    )
