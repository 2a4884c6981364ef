"""chrF of a corpus, by sacrebleu."""

from sacrebleu.metrics import CHRF

from keras_seq2seq.metrics.corpus import Score, reference_sets


def corpus_chrf(hypotheses, references):
    """Character n-gram F-score (chrF2), which needs no tokens.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).

    Returns:
        Score in percent.

    Raises:
        UserError: if counts differ.

    Source:
        [Popovic, 2015](https://aclanthology.org/W15-3049).
    """
    sets = reference_sets(hypotheses, references)
    scorer = CHRF()
    value = scorer.corpus_score(
        list(hypotheses) or [""], sets if hypotheses else [[""] for _ in sets]
    ).score
    return Score("chrf", float(value), str(scorer.get_signature()))
