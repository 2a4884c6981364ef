"""`keras-seq2seq bleu`, in place of `multi-bleu.perl`."""


def add_arguments(parser):
    """Adds the arguments of the script."""
    parser.add_argument(
        "-lc", action="store_true", help="the case of ASCII letters is equal"
    )
    parser.add_argument(
        "references",
        nargs="+",
        metavar="REFERENCE",
        help="text or gzip files; the first may also stand for REFERENCE0, "
        "REFERENCE1, ... Hypotheses come from standard input.",
    )


def run(arguments):
    """Prints the script's line; exit code 1 if the references are empty."""
    import sys

    from keras_seq2seq.commands.standard_input import standard_input
    from keras_seq2seq.data.byte_lines import read_plain_or_gzip
    from keras_seq2seq.metrics import (
        NO_REFERENCE,
        multi_bleu,
        multi_bleu_line,
    )

    first, *others = arguments.references
    paths = [*reference_files(first), *others]
    references = [list(read_plain_or_gzip(path)) for path in paths]
    if not any(line.split() for lines in references for line in lines):
        print(NO_REFERENCE)
        return 1
    hypotheses = list(standard_input())
    print(multi_bleu_line(hypotheses, references, arguments.lc))
    signature = multi_bleu(hypotheses, references, arguments.lc).signature
    print(f"sacrebleu: {signature}", file=sys.stderr)
    return 0


def reference_files(stem):
    """The files that the first argument of the script stands for.

    Args:
        stem: str. A file, the beginning of `stem0`, `stem1`, ..., or of
            `stem.ref0`, `stem.ref1`, ...

    Returns:
        list of `Path`, numbered ones first.

    Raises:
        UserError: none of them exists.
    """
    import itertools
    from pathlib import Path

    from keras_seq2seq.errors import UserError

    def there(name):
        return Path(name).exists()

    name = stem
    if not there(name) and not there(f"{name}0") and there(f"{name}.ref0"):
        name = f"{name}.ref"
    numbered = (f"{name}{number}" for number in itertools.count())
    found = [*itertools.takewhile(there, numbered)]
    found += [name] if there(name) else []
    if not found:
        raise UserError(
            f"could not find the reference: expected a file {stem}, {stem}0 "
            f"or {stem}.ref0. The current directory is {Path.cwd()}."
        )
    return [Path(each) for each in found]
