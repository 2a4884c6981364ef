"""Translation edit rate of a corpus, by sacrebleu."""

from sacrebleu.metrics import TER

from keras_seq2seq.metrics.corpus import Score, reference_sets


def corpus_ter(hypotheses, references):
    """Edits and shifts that each reference word costs; case does not count.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).

    Returns:
        Score in percent; less is better, and it may exceed 100.

    Raises:
        UserError: if counts differ.

    Source:
        [Snover et al., 2006](https://aclanthology.org/2006.amta-papers.25).
    """
    sets = reference_sets(hypotheses, references)
    scorer = TER()
    value = scorer.corpus_score(
        list(hypotheses) or [""], sets if hypotheses else [[""] for _ in sets]
    ).score
    return Score("ter", float(value), str(scorer.get_signature()))
