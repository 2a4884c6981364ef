"""ROUGE as google/seq2seq computed it, so that its numbers compare."""

import difflib

from keras_seq2seq import __version__
from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics.corpus import Score, reference_sets

ROUGE_TYPES = tuple(
    f"rouge_{unit}/{kind}"
    for unit in "12l"
    for kind in ("f_score", "p_score", "r_score")
)


def rouge(hypotheses, references, rouge_type="rouge_l/f_score"):
    """Mean ROUGE over the lines, without stemming and stop words.

    These are google/seq2seq's definitions, whose numbers differ from those of
    ROUGE-1.5.5 and its followers in four ways: n-grams are sets, so a word
    that is repeated counts once; ROUGE-L weighs with beta = precision / recall
    of each line, where others take 1 or a large constant; words are what
    stands between single blanks, neither stemmed nor lower-cased; and a line
    without words has one empty word. With several references a line has its
    best score.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).
        rouge_type: str, one of `ROUGE_TYPES`.

    Returns:
        Score in `[0, 1]`; 0 for no lines.

    Raises:
        UserError: if counts differ or `rouge_type` is unknown.

    Source:
        [Lin, 2004](https://aclanthology.org/W04-1013).
    """
    if rouge_type not in ROUGE_TYPES:
        near = difflib.get_close_matches(str(rouge_type), ROUGE_TYPES, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise UserError(
            f"`rouge_type` must be one of {', '.join(ROUGE_TYPES)}. "
            f"Received: {rouge_type!r}.{hint}"
        )
    sets = reference_sets(hypotheses, references)
    unit, kind = rouge_type.removeprefix("rouge_").split("/")
    index = ("f_score", "p_score", "r_score").index(kind)
    total = sum(
        max(_line(text, reference, unit)[index] for reference in others)
        for text, *others in zip(hypotheses, *sets, strict=True)
    )
    signature = f"nrefs:{len(sets)}|case:mixed|tok:space|version:{__version__}"
    return Score(rouge_type, total / max(1, len(hypotheses)), signature)


def _line(hypothesis, reference, unit):
    """F, precision and recall of a line."""
    words, others = hypothesis.split(" "), reference.split(" ")
    if unit == "l":
        return _longest(words, others)
    return _overlap(_ngrams(words, int(unit)), _ngrams(others, int(unit)))


def _ngrams(words, order):
    return set(zip(*(words[start:] for start in range(order)), strict=False))


def _overlap(found, wanted):
    common = len(found & wanted)
    precision = common / len(found) if found else 0.0
    recall = common / len(wanted) if wanted else 0.0
    f_score = 2 * precision * recall / (precision + recall + 1e-8)
    return f_score, precision, recall


def _longest(words, others):
    common = _longest_common(words, others)
    precision, recall = common / len(words), common / len(others)
    beta = precision / (recall + 1e-12)  # the original's choice
    f_score = (
        (1 + beta**2)
        * recall
        * precision
        / (recall + beta**2 * precision + 1e-12)
    )
    return f_score, precision, recall


def _longest_common(words, others):
    """Length of the longest common subsequence."""
    above = [0] * (len(others) + 1)
    for word in words:
        row = [0]
        for place, other in enumerate(others):
            best = max(above[place + 1], row[place])
            row.append(above[place] + 1 if word == other else best)
        above = row
    return above[-1]
