"""`keras-seq2seq config show`, `upgrade` and `schema`."""

import json
import sys

from keras_seq2seq.commands import train
from keras_seq2seq.errors import UserError

# Flags of `train` that change nothing in the configuration.
NO_SETTINGS = ("checkpoint", "overwrite_output", "allow_import")


def add_arguments(parser):
    """Adds the three verbs."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser(
        "show",
        help="print the settings that train would have, and their sources",
        allow_abbrev=False,
    )
    train.add_arguments(show)
    upgrade = verbs.add_parser(
        "upgrade",
        help="print an old configuration in the present form",
        allow_abbrev=False,
    )
    upgrade.add_argument(
        "file",
        help="YAML or JSON, hparams.txt, train_options.json or SageMaker's "
        "hyperparameters.json",
    )
    upgrade.add_argument(
        "--model", help="class of the model, where the file has none"
    )
    schema = verbs.add_parser(
        "schema", help="print the JSON Schema, for editors", allow_abbrev=False
    )
    schema.add_argument(
        "--dialect",
        choices=("google_seq2seq", "sagemaker"),
        default="google_seq2seq",
        help="ours, which is google/seq2seq's and more, or SageMaker's",
    )


def run(arguments):
    """Prints YAML or JSON; what there is to say goes to stderr."""
    {"show": _show, "upgrade": _upgrade, "schema": _schema}[arguments.verb](
        arguments
    )


def _show(arguments):
    from keras_seq2seq.config.annotated import annotated
    from keras_seq2seq.config.files import load_with_sources

    flags = dict(vars(arguments))
    paths = flags.pop("config_paths")
    texts = [flags.pop(side) for side in ("source", "target")]
    if texts != [None, None]:
        raise UserError(
            "--source and --target: what is chosen for them depends on the "
            "text and on this machine's speed, and stands in automatic.yml of "
            "train's --output_dir. Type --config_paths OUTPUT_DIR/automatic.yml"
        )
    for name in ("verb", *NO_SETTINGS):
        flags.pop(name)
    loaded = load_with_sources(paths, flags, complete=False)
    _tell(loaded.told)
    sys.stdout.write(annotated(loaded))


def _upgrade(arguments):
    from keras_seq2seq.config.upgrade_file import upgrade_file

    text, told = upgrade_file(arguments.file, arguments.model)
    _tell(told)
    sys.stdout.write(text)


def _schema(arguments):
    from keras_seq2seq.config import files, sagemaker_json_schema

    schemas = {
        "google_seq2seq": files.json_schema,
        "sagemaker": sagemaker_json_schema.json_schema,
    }
    print(json.dumps(schemas[arguments.dialect](), indent=2))


def _tell(lines):
    for line in lines:
        print(line, file=sys.stderr)
