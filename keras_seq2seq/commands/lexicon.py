"""`keras-seq2seq lexicon`: create, inspect."""

from keras_seq2seq.commands.allow_import import add_allow_import
from keras_seq2seq.commands.whole_number import positive


def add_arguments(parser):
    """Adds the two actions, with flags as Sockeye has them."""
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="{create,inspect}"
    )
    create = _action(actions, "create", "learn which words become which")
    create.add_argument(
        *["-i", "--input"],
        help="lines `source target log-probability`, as fast_align -p writes "
        "them; default: learned from the text that the model was trained on",
    )
    create.add_argument(
        *["-o", "--output"], required=True, help="file to write, .npz"
    )
    create.add_argument(
        "-k",
        type=positive,
        default=20,
        help="most target tokens of a source token; default: 20",
    )
    create.add_argument(
        "--always",
        type=positive,
        default=100,
        help="so many frequent target tokens any source may become; "
        "default: 100",
    )
    create.add_argument(
        "--most_pairs",
        type=positive,
        default=200_000,
        help="pairs of the text that are read, spread evenly; default: 200000",
    )
    add_allow_import(create)
    inspect = _action(
        actions, "inspect", "print what each token of stdin may become"
    )
    inspect.add_argument(
        *["-l", "--lexicon"], required=True, help="file of `lexicon create`"
    )
    inspect.add_argument(
        "-k", type=positive, default=20, help="most that are shown; default: 20"
    )


def _action(actions, name, summary):
    action = actions.add_parser(
        name, help=summary, description=summary, allow_abbrev=False
    )
    action.add_argument(
        *["-m", "--model_dir", "--model"],
        dest="model_dir",
        required=True,
        help="train's output_dir",
    )
    return action


def run(arguments):
    """Writes a lexicon, or prints what it says of lines."""
    from keras_seq2seq.errors import UserError
    from keras_seq2seq.run_files import read_run

    stored = read_run(arguments.model_dir)
    if stored.tokenizers[0] is None:
        raise UserError(
            "A lexicon is of source and target tokens. Received: a model of "
            f"pictures, {arguments.model_dir}."
        )
    actions = {"create": _create, "inspect": _inspect}
    actions[arguments.action](arguments, stored)


def _create(arguments, stored):
    import sys

    from keras_seq2seq.data.lexicon import Lexicon

    pair, best = stored.tokenizers, arguments.k
    if arguments.input:
        lexicon = Lexicon.read_text(arguments.input, pair, best)
    else:
        from keras_seq2seq import recipe

        lexicon = Lexicon.learn(
            recipe.training_pairs(stored.config, pair, arguments.allow_import),
            pair,
            best,
            arguments.always,
            most_pairs=arguments.most_pairs,
        )
    print(f"Written: {lexicon.save(arguments.output)}", file=sys.stderr)


def _inspect(arguments, stored):
    from keras_seq2seq.commands.standard_input import standard_input
    from keras_seq2seq.data.lexicon import Lexicon

    source, target = stored.tokenizers
    lexicon = Lexicon.load(arguments.lexicon)
    lexicon.check(stored.tokenizers)
    for line in standard_input():
        for number in source.encode(line):
            found = lexicon.targets(number)[: arguments.k]
            (name,) = source.pieces([number])
            print(f"{name}\t{' '.join(target.pieces(found.tolist()))}")
