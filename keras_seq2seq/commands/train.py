"""`keras-seq2seq train`."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import

DEFAULT_MINUTES = "60"
DATA_FLAGS = (
    "data_dir",
    "input_pipeline_train",
    "input_pipeline_dev",
    "prepare",
)


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
    if texts == [None, None]:
        config = load(paths, flags)
        _check_schedule(config)
        start_tensorflow()
    else:
        _check_texts(texts, paths, flags)
        if flags["minutes"] is None:
            flags["minutes"] = DEFAULT_MINUTES
        given = load("", flags, complete=False)
        _check_schedule(given)
        _check_model(given)
        start_tensorflow()
        from keras_seq2seq.automatic import automatic

        config = automatic(*texts, given.minutes, flags, allowed, say=_say)
    from keras_seq2seq.training import train

    train(config, allowed, say=_say)


def _say(line):
    print(line, file=sys.stderr)


def _check_texts(texts, paths, flags):
    """Demands two texts, and nothing that names others."""
    from keras_seq2seq.errors import UserError

    given = dict(zip(("source", "target"), texts, strict=True))
    if None in texts or paths:
        raise UserError(
            "--source and --target go together, and without --config_paths. "
            "Received: " + _typed({**given, "config_paths": paths})
        )
    other = {name: flags[name] for name in DATA_FLAGS if flags[name]}
    if other:
        raise UserError(
            "--source and --target name all the data there are. Received "
            f"beside them: {_typed(other)}. Leave it out, or write a "
            "configuration."
        )


def _typed(flags):
    return ", ".join(
        f"--{name} {value}" for name, value in flags.items() if value
    )


def _check_model(config):
    if config.model in ("", "AttentionSeq2Seq", "BasicSeq2Seq"):
        return
    from keras_seq2seq.errors import UserError

    raise UserError(
        "--source and --target train AttentionSeq2Seq or BasicSeq2Seq. "
        f"Received: --model {config.model}"
    )


def _check_schedule(config):
    if config.schedule in ("continuous_train_and_eval", "train_and_evaluate"):
        return
    from keras_seq2seq.errors import UserError

    raise UserError(
        f"--schedule {config.schedule} is not available yet. Leave it out."
    )
