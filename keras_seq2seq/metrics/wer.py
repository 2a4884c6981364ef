"""Error rates of pronunciations and other short sequences."""

from keras_seq2seq import __version__
from keras_seq2seq.metrics.corpus import Score, reference_sets


def word_error_rate(hypotheses, references):
    """Share of lines that are not exactly right.

    As SIGMORPHON's grapheme-to-phoneme tasks define it, where a line is the
    pronunciation of one word; not the word error rate of speech recognition.

    Args:
        hypotheses: list of str, symbols between blanks.
        references: list of str, or list of such lists: any of them is right.

    Returns:
        Score in percent; 0 for no lines.

    Raises:
        UserError: if counts differ.

    Source:
        [Ashby et al., 2021](https://aclanthology.org/2021.sigmorphon-1.13).
    """
    sets = reference_sets(hypotheses, references)
    wrong = sum(
        text.split() not in [reference.split() for reference in others]
        for text, *others in zip(hypotheses, *sets, strict=True)
    )
    return _score("wer", wrong, len(hypotheses), sets)


def phone_error_rate(hypotheses, references):
    """Edits over reference symbols, of the whole corpus.

    An edit inserts, deletes or replaces a symbol. With several references the
    nearest one counts, the first at equal distance.

    Args:
        hypotheses: list of str, symbols between blanks.
        references: list of str, or list of such lists.

    Returns:
        Score in percent, possibly above 100; 0 for no lines.

    Raises:
        UserError: if counts differ.
    """
    sets = reference_sets(hypotheses, references)
    edits = symbols = 0
    for text, *others in zip(hypotheses, *sets, strict=True):
        options = [reference.split() for reference in others]
        distances = [edit_distance(text.split(), other) for other in options]
        nearest = distances.index(min(distances))
        edits += distances[nearest]
        symbols += len(options[nearest])
    return _score("per", edits, symbols, sets)


def edit_distance(left, right):
    """Fewest insertions, deletions and replacements from list to list."""
    above = list(range(len(right) + 1))
    for count, symbol in enumerate(left, 1):
        row = [count]
        for place, other in enumerate(right):
            replaced = above[place] + (symbol != other)
            row.append(min(replaced, above[place + 1] + 1, row[place] + 1))
        above = row
    return above[-1]


def _score(name, wrong, total, sets):
    # Of an empty reference one symbol too many is 100 percent, not infinite.
    value = 100.0 * wrong / max(1, total)
    signature = f"nrefs:{len(sets)}|case:mixed|tok:space|version:{__version__}"
    return Score(name, value, signature)
