"""BLEU of a corpus, by sacrebleu."""

import difflib

from sacrebleu.metrics import BLEU

from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics.corpus import Score, reference_sets

# Those of sacrebleu that need no download and no further package.
TOKENIZERS = ("none", "13a", "intl", "char", "zh")


def corpus_bleu(hypotheses, references, tokenize="none", lowercase=False):
    """BLEU with sacrebleu's exponential smoothing.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).
        tokenize: str, one of `TOKENIZERS`. `"none"`, the default, takes the
            words as they stand between blanks: right for text that is
            tokenised already. Use `"13a"` for detokenised text: only such
            scores compare with those others publish.
        lowercase: bool. If True, case does not count.

    Returns:
        Score in percent; 0 if nothing was generated.

    Raises:
        UserError: if counts differ or `tokenize` is unknown.

    Source:
        [Post, 2018](https://aclanthology.org/W18-6319).
    """
    check_tokenizer(tokenize)
    sets = reference_sets(hypotheses, references)
    scorer = BLEU(tokenize=tokenize, lowercase=lowercase, force=True)
    value = _run(scorer, hypotheses, sets).score
    return Score("bleu", float(value), str(scorer.get_signature()))


def multi_bleu(hypotheses, references, lowercase=False):
    """BLEU as Moses's `multi-bleu.perl` counts it: blanks, no smoothing.

    An n-gram order without a match makes the score 0.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).
        lowercase: bool. If True, case does not count.

    Returns:
        Score in percent, with two decimals.

    Raises:
        UserError: if counts differ.
    """
    scorer, found = _multi_bleu(hypotheses, references, lowercase)
    value = round(float(found.score), 2)
    return Score("multi_bleu", value, str(scorer.get_signature()))


def multi_bleu_line(hypotheses, references, lowercase=False):
    """The line that `multi-bleu.perl` prints; arguments as `multi_bleu`."""
    _, found = _multi_bleu(hypotheses, references, lowercase)
    precisions = "/".join(f"{value:.1f}" for value in found.precisions)
    ratio = found.sys_len / found.ref_len if found.ref_len else 0.0
    return (
        f"BLEU = {found.score:.2f}, {precisions} (BP={found.bp:.3f}, "
        f"ratio={ratio:.3f}, hyp_len={found.sys_len}, ref_len={found.ref_len})"
    )


def check_tokenizer(name):
    """Refuses names of tokenizers that `corpus_bleu` does not have."""
    if name not in TOKENIZERS:
        near = difflib.get_close_matches(str(name), TOKENIZERS, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise UserError(
            f"`tokenize` must be one of {', '.join(TOKENIZERS)}. "
            f"Received: {name!r}.{hint}"
        )


def _multi_bleu(hypotheses, references, lowercase):
    sets = reference_sets(hypotheses, references)
    scorer = BLEU(
        tokenize="none", smooth_method="none", lowercase=lowercase, force=True
    )
    return scorer, _run(scorer, hypotheses, sets)


def _run(scorer, hypotheses, sets):
    """sacrebleu's result; it cannot score a corpus without lines."""
    if not hypotheses:
        return scorer.corpus_score([""], [[""] for _ in sets])
    return scorer.corpus_score(list(hypotheses), sets)
