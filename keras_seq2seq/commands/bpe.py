"""`keras-seq2seq bpe`: learn, apply, vocab."""

from keras_seq2seq.commands.whole_number import non_negative, positive


def add_arguments(parser):
    """Adds the three actions, with subword-nmt's flags."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="{learn,apply,vocab}"
    )
    learn = _action(actions, "learn", "learn codes, of all --input together")
    learn.add_argument(
        *["-s", "--symbols"], type=positive, default=10_000, help="merges"
    )
    learn.add_argument(
        *["--min_frequency", "--min-frequency"],
        type=positive,
        default=2,
        help="rarer pairs are not merged",
    )
    _add_output(learn, "-c", "--codes", help="codes file; default: stdout")
    apply = _action(actions, "apply", "cut text into subwords")
    apply.add_argument("-c", "--codes", required=True, help="codes file")
    apply.add_argument(
        "--vocabulary", help="file of subwords and counts, as of `bpe vocab`"
    )
    apply.add_argument(
        *["--vocabulary_threshold", "--vocabulary-threshold"],
        type=positive,
        help="rarer subwords of --vocabulary are cut on",
    )
    apply.add_argument(
        "--dropout",
        type=float,
        default=0.0,
        help="chance that a merge is left out",
    )
    apply.add_argument(
        "--seed", type=non_negative, default=0, help="of --dropout"
    )
    _add_output(apply, help="default: stdout")
    vocab = _action(actions, "vocab", "count the subwords of cut text")
    vocab.add_argument(
        "--no_counts",
        action="store_true",
        help="write subwords only: a vocabulary for training",
    )
    _add_output(vocab, help="default: stdout")


def _action(actions, name, summary):
    action = actions.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    action.add_argument(
        *["-i", "--input"],
        nargs="+",
        default=[],
        help="text files or globs; default: stdin",
    )
    return action


def _add_output(action, *names, help):
    action.add_argument("-o", "--output", *names, dest="output", help=help)


def run(arguments):
    """Writes codes, cut lines or counts."""
    actions = {"learn": _learn, "apply": _apply, "vocab": _vocab}
    lines = actions[arguments.action](arguments, _lines(arguments.input))
    _write(arguments.output, lines)


def _lines(files):
    from keras_seq2seq.commands.standard_input import standard_input
    from keras_seq2seq.data.lines import read_all

    return read_all(files) if files else standard_input()


def _learn(arguments, lines):
    from keras_seq2seq.data.marked_subwords import learn_codes

    codes = learn_codes(lines, arguments.symbols, arguments.min_frequency)
    return codes.split("\n")[:-1]


def _apply(arguments, lines):
    from keras_seq2seq.data.marked_subwords import seeded, segmenter

    cut = segmenter(
        arguments.codes,
        arguments.vocabulary,
        arguments.vocabulary_threshold,
        arguments.dropout,
    )
    with seeded(arguments.seed):
        yield from map(cut, lines)


def _vocab(arguments, lines):
    from keras_seq2seq.data.marked_subwords import subwords

    found = subwords(lines)
    if arguments.no_counts:
        return [word for word, _ in found]
    return [f"{word} {count}" for word, count in found]


def _write(output, lines):
    import sys

    from keras_seq2seq.data.write_file import writing

    if output:
        with writing(output) as file:
            file.writelines(f"{line}\n".encode() for line in lines)
        return
    for line in lines:
        sys.stdout.write(f"{line}\n")
