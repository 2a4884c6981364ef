"""The strictest score of a text."""

from keras_seq2seq import __version__
from keras_seq2seq.metrics.corpus import Score, reference_sets


def exact_match(hypotheses, references):
    """Share of lines that equal a reference, blanks between tokens aside.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists: any of them is right.

    Returns:
        Score in percent; 0 for no lines.

    Raises:
        UserError: if counts differ.
    """
    sets = reference_sets(hypotheses, references)
    right = sum(
        text.split() in [reference.split() for reference in others]
        for text, *others in zip(hypotheses, *sets, strict=True)
    )
    value = 100.0 * right / max(1, len(hypotheses))
    signature = f"nrefs:{len(sets)}|case:mixed|tok:space|version:{__version__}"
    return Score("exact_match", value, signature)
