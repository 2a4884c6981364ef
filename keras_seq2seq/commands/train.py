"""`keras-seq2seq train`."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import


def add_arguments(parser):
    """Adds every setting of a configuration as a flag."""
    from keras_seq2seq.config.schema import Config

    parser.add_argument(
        "--config_paths",
        default="",
        help="YAML files, separated by commas, merged in this order; flags win",
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
    config = load(paths, flags)
    if config.schedule not in (
        "continuous_train_and_eval",
        "train_and_evaluate",
    ):
        from keras_seq2seq.errors import UserError

        raise UserError(
            f"--schedule {config.schedule} is not available yet. Leave it out."
        )
    start_tensorflow()
    from keras_seq2seq.training import train

    train(config, allowed, say=lambda line: print(line, file=sys.stderr))
