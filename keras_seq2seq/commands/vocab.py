"""`keras-seq2seq vocab`."""

from keras_seq2seq.commands.whole_number import non_negative, positive


def add_arguments(parser):
    """Adds the flags."""
    parser.add_argument(
        "files", nargs="*", help="text files or globs; default: stdin"
    )
    parser.add_argument(
        "--kind",
        default="word",
        help="word, character, unigram, bpe, wordpiece or bytepair",
    )
    parser.add_argument(
        "--output", help="file to write; default: stdout (word and character)"
    )
    parser.add_argument(
        "--min_frequency",
        type=int,
        default=0,
        help="tokens seen less often are left out",
    )
    parser.add_argument(
        "--max_vocab_size",
        type=positive,
        help="most tokens of words or characters, specials not counted",
    )
    parser.add_argument(
        "--size",
        type=int,
        help="size of a subword vocabulary, specials counted",
    )
    parser.add_argument(
        "--downcase",
        nargs="?",
        const="true",
        default="false",
        metavar="true|false",
        help="lower-case the text first; alone it means true",
    )
    parser.add_argument(
        "--delimiter", default=" ", help="between words; empty: characters"
    )
    parser.add_argument(
        "--column",
        type=non_negative,
        action="append",
        help="0-based column of a TSV; may be given several times",
    )
    parser.add_argument("--seed", type=int, default=0)


def run(arguments):
    """Writes the vocabulary."""
    import shutil
    import sys
    import tempfile
    from pathlib import Path

    from keras_seq2seq.data.tokenizer_training import train_tokenizer

    size = _size(arguments)
    files, lowercase = _files(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        if not files:
            files = [Path(scratch) / "stdin"]
            with files[0].open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        output = _output(arguments, scratch)
        path = train_tokenizer(
            files,
            arguments.kind,
            output,
            size=size,
            min_frequency=arguments.min_frequency,
            lowercase=lowercase,
            delimiter=arguments.delimiter,
            seed=arguments.seed,
            columns=arguments.column,
        )
        if arguments.output:
            print(f"Written: {path}", file=sys.stderr)
        else:
            sys.stdout.write(Path(path).read_text(encoding="utf-8"))


def _files(arguments):
    """The files, and whether their text is lower-cased.

    What follows `--downcase` and is no value of it is a file: it was a switch,
    and old scripts give it a value.
    """
    value = arguments.downcase.lower()
    if value in ("true", "false"):
        return arguments.files, value == "true"
    return [arguments.downcase, *arguments.files], True


def _size(arguments):
    """Most tokens, the specials counted, or None."""
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.tokens import FIRST_WORD

    words = arguments.max_vocab_size
    if words is None:
        return arguments.size
    if arguments.size is not None:
        raise UserError(
            "--size and --max_vocab_size say the same, the first with the "
            f"{FIRST_WORD} special tokens. Leave one of them out. Received: "
            f"{arguments.size} and {words}"
        )
    return words + FIRST_WORD


def _output(arguments, scratch):
    from pathlib import Path

    from keras_seq2seq.errors import UserError

    if arguments.output:
        return Path(arguments.output)
    if arguments.kind not in ("word", "character"):
        raise UserError(
            f"a model of kind {arguments.kind} needs a file: type --output FILE"
        )
    return Path(scratch) / "vocabulary"
