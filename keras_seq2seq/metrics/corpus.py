"""Corpora of hypotheses and references, and the score of one."""

from typing import NamedTuple

from keras_seq2seq.errors import UserError


class Score(NamedTuple):
    """A number with what it takes to reproduce it.

    Attributes:
        name: str. The metric.
        value: float. Percent, except for ROUGE and `sockeye_bleu`, which lie
            in `[0, 1]`.
        signature: str. The scorer's settings and version.
    """

    name: str
    value: float
    signature: str


def as_sets(references):
    """References line by line as `score` takes them.

    Args:
        references: list with a str for each hypothesis, or with a tuple of
            one or several.

    Returns:
        the list itself, or a list of whole sets. Where a line has fewer than
        others its first one stands in for the rest, which changes no match
        and no nearest length.
    """
    if not references or isinstance(references[0], str):
        return references
    most = max(map(len, references))
    filled = [(*each, *each[:1] * (most - len(each))) for each in references]
    return [list(each) for each in zip(*filled, strict=True)]


def reference_sets(hypotheses, references):
    """The references as a list of whole sets, checked line by line.

    Args:
        hypotheses: list of str, one text each.
        references: list of str, or a list of such lists (several references).

    Returns:
        list of lists of str, each as long as `hypotheses`.

    Raises:
        UserError: if the counts differ.
        TypeError: if a text was given in place of a list of texts.
    """
    for name, texts in (("hypotheses", hypotheses), ("references", references)):
        if isinstance(texts, str):
            raise TypeError(
                f"`{name}` must be a list of texts. Received: {texts!r}"
            )
    several = len(references) > 0 and not isinstance(references[0], str)
    sets = [list(texts) for texts in (references if several else [references])]
    for number, texts in enumerate(sets, 1):
        if len(texts) != len(hypotheses):
            raise UserError(
                "Hypotheses and references must have equally many lines. "
                f"Received: {len(hypotheses)} hypotheses, {len(texts)} "
                f"references (set {number} of {len(sets)})"
            )
    return sets
