"""`keras-seq2seq sagemaker`: prepare, train, pack."""

import sys

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive

ROOT = "/opt/ml"
MOST_WORDS = 50_000


def add_arguments(parser):
    """Adds the three actions."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="{prepare,train,pack}"
    )
    _add_prepare(_action(actions, "prepare", "write channels of text files"))
    train = _action(actions, "train", "train a job, or go on with it")
    train.add_argument(
        "--root", default=ROOT, help=f"directory of the job; default: {ROOT}"
    )
    train.add_argument(
        "--overwrite",
        action="store_true",
        help="delete a finished model and its training, and train anew",
    )
    train.add_argument(
        *["--go_on", "--go-on"],
        action="store_true",
        help="train a finished model further, to limits that were raised",
    )
    add_allow_import(train)
    pack = _action(actions, "pack", "write model.tar.gz")
    pack.add_argument(
        "directory", help="of a job, of its model/, or of a run (output_dir)"
    )
    pack.add_argument(
        "--output", help="archive; default: model.tar.gz beside the directory"
    )


def _action(actions, name, summary):
    return actions.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )


def _add_prepare(parser):
    """Adds the options of SageMaker's `create_vocab_proto.py`, and --root."""
    for short, name, summary in (
        ("-ts", "--train-source", "training text, tokenised, plain or gzip"),
        ("-tt", "--train-target", "line i belongs to line i of -ts"),
    ):
        parser.add_argument(
            *[short, *_spelt(name)], required=True, help=summary
        )
    for short, name, summary in (
        ("-vs", "--val-source", "validation text"),
        ("-vt", "--val-target", "line i belongs to line i of -vs"),
        ("-to", "--train-output", "default: train.rec"),
        ("-vo", "--val-output", "default: val.rec"),
    ):
        parser.add_argument(*[short, *_spelt(name)], help=summary)
    parser.add_argument(
        *["-single-vocab", *_spelt("--single-vocab")],
        action="store_true",
        help="one vocabulary for both sides",
    )
    for side in ("source", "target"):
        parser.add_argument(
            *_spelt(f"--vocab-{side}-json"),
            help=f"an existing vocabulary for the {side}",
        )
    for name, default in (("num-words", MOST_WORDS), ("word-min-count", 1)):
        for side in ("source", "target"):
            parser.add_argument(
                *_spelt(f"--{name}-{side}"),
                type=positive,
                default=default,
                help=f"default: {default}",
            )
    parser.add_argument(
        *_spelt("--pad-vocab-to-multiple-of"),
        type=positive,
        default=1,
        help="words are added until its size is a multiple of it",
    )
    parser.add_argument(
        "--root",
        help="directory of a job: files go to its channels; default: to the "
        "current directory",
    )


def _spelt(name):
    """A flag as the sample script spells it, and as ours are spelt."""
    return [name, "--" + name[2:].replace("-", "_")]


def run(arguments):
    """Prepares, trains or packs."""
    actions = {"prepare": _prepare, "train": _train, "pack": _pack}
    actions[arguments.action](arguments)


def _prepare(arguments):
    """Writes records and vocabularies; prints a report as JSON."""
    import contextlib
    import json

    from keras_seq2seq.data.write_file import writing
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.sagemaker.prepare import Texts, write_pairs

    if (arguments.val_source is None) != (arguments.val_target is None):
        raise UserError("-vs and -vt go together. Received: one of them.")
    train = Texts(arguments.train_source, arguments.train_target)
    vocabularies = _vocabularies(arguments, train)
    places = _places(arguments)
    report = {}
    sets = [("train", train)]
    if arguments.val_source is not None:
        validation = Texts(arguments.val_source, arguments.val_target)
        sets.append(("validation", validation))
    elif arguments.root:
        _check_left(places, vocabularies)
    vocabularies_at = dict(zip(places["vocab"], vocabularies, strict=True))
    with contextlib.ExitStack() as written_together:
        for name, texts in sets:
            file = written_together.enter_context(writing(places[name]))
            done = write_pairs(file, texts, vocabularies)
            report[name] = {"file": str(places[name]), **done.as_json()}
        for path, vocabulary in vocabularies_at.items():
            vocabulary.write(path)
    report["vocabularies"] = {
        str(path): len(vocabulary)
        for path, vocabulary in vocabularies_at.items()
    }
    print(json.dumps(report, indent=2, ensure_ascii=False))


def _check_left(places, vocabularies):
    """Refuses to leave validation records of another vocabulary behind."""
    from pathlib import Path

    from keras_seq2seq.data.json_vocabulary import JsonVocabulary
    from keras_seq2seq.errors import UserError

    if not Path(places["validation"]).exists():
        return
    for path, vocabulary in zip(places["vocab"], vocabularies, strict=True):
        if (
            not path.exists()
            or JsonVocabulary.read(path).words != vocabulary.words
        ):
            raise UserError(
                f"{places['validation']} was written with other vocabularies "
                "than those of this training text. Write it anew with -vs and "
                "-vt, or delete it."
            )


def _vocabularies(arguments, texts):
    """Those that are given, the others of the training text."""
    from keras_seq2seq.data.json_vocabulary import JsonVocabulary
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.sagemaker.prepare import build_vocabularies

    given = [arguments.vocab_source_json, arguments.vocab_target_json]
    found = [path and JsonVocabulary.read(path) for path in given]
    if all(found):
        return found
    if arguments.single_vocab and any(found):
        raise UserError(
            "-single-vocab makes one vocabulary for both sides. Received "
            "besides: --vocab-source-json or --vocab-target-json. Give both of "
            "these, the same file, or none."
        )
    built = build_vocabularies(
        texts,
        (arguments.num_words_source, arguments.num_words_target),
        (arguments.word_min_count_source, arguments.word_min_count_target),
        arguments.single_vocab,
        arguments.pad_vocab_to_multiple_of,
    )
    return [one or other for one, other in zip(found, built, strict=True)]


def _places(arguments):
    """Where files go: by `--root` to channels, else here."""
    from pathlib import Path

    from keras_seq2seq.sagemaker.layout import (
        TRAIN_FILE,
        VALIDATION_FILE,
        VOCABULARIES,
        Layout,
    )

    layout = arguments.root and Layout(Path(arguments.root))

    def folder(channel):
        return layout.channel(channel) if layout else Path()

    return {
        "train": arguments.train_output or folder("train") / TRAIN_FILE,
        "validation": arguments.val_output
        or folder("validation") / VALIDATION_FILE,
        "vocab": [folder("vocab") / name for name in VOCABULARIES],
    }


def _train(arguments):
    """Trains; lines of metrics on stdout, all else on stderr."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow

    start_tensorflow()
    from keras_seq2seq.sagemaker.job import run_job

    path = run_job(
        arguments.root,
        overwrite=arguments.overwrite,
        go_on=arguments.go_on,
        allowed=arguments.allow_import,
        say=_say,
        log=lambda line: print(line, flush=True),
    )
    _say(f"Model: {path}")


def _pack(arguments):
    """Packs a model; prints the archive's path."""
    from keras_seq2seq.sagemaker.archive import pack

    print(pack(arguments.directory, arguments.output))


def _say(line):
    print(line, file=sys.stderr)
