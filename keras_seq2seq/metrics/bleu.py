"""BLEU of a corpus, by sacrebleu."""

import difflib
import string

from sacrebleu.metrics import BLEU

from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics.corpus import Score, reference_sets

# Those of sacrebleu that need no download and no further package.
TOKENIZERS = ("none", "13a", "intl", "char", "zh")
# What `multi-bleu.perl` prints, with exit code 1, for references without words.
NO_REFERENCE = "BLEU = 0, 0/0/0/0 (BP=0, ratio=0, hyp_len=0, ref_len=0)"
# Perl cuts bytes at ASCII blanks, sacrebleu text at all of Unicode's; so other
# blanks become characters that no text has.
_BLANKS = " \t\n\r\f\v"
_OTHER_BLANKS = {
    code: chr(0xF0000 + code)
    for code in range(0x3001)
    if chr(code).isspace() and chr(code) not in _BLANKS
}
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def corpus_bleu(
    hypotheses,
    references,
    tokenize="none",
    lowercase=False,
    order=4,
    effective_order=False,
):
    """BLEU with sacrebleu's exponential smoothing.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).
        tokenize: str, one of `TOKENIZERS`. `"none"`, the default, takes the
            words as they stand between blanks: right for text that is
            tokenised already. Use `"13a"` for detokenised text: only such
            scores compare with those others publish.
        lowercase: bool. If True, case does not count.
        order: int from 1 to 4. Most words that are matched together.
        effective_order: bool. If True, orders do not count for which no
            hypothesis is long enough; right for single sentences.

    Returns:
        Score in percent; 0 if nothing was generated.

    Raises:
        UserError: if counts differ or `tokenize` is unknown.

    Source:
        [Post, 2018](https://aclanthology.org/W18-6319).
    """
    check_tokenizer(tokenize)
    sets = reference_sets(hypotheses, references)
    scorer = BLEU(
        tokenize=tokenize,
        lowercase=lowercase,
        force=True,
        max_ngram_order=order,
        effective_order=effective_order,
    )
    value = _run(scorer, hypotheses, sets).score
    return Score("bleu", float(value), str(scorer.get_signature()))


def sockeye_bleu(hypotheses, references):
    """BLEU as Sockeye 1 and SageMaker log it while they train.

    Of words as they stand between blanks, in `[0, 1]`: an order without a
    match has the precision 0.01 over its n-grams, and orders that no
    hypothesis is long enough for do not count.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).

    Returns:
        Score in `[0, 1]`; 0 if nothing was generated.

    Raises:
        UserError: if counts differ.

    Source:
        Sockeye 1, `evaluate.py`: `raw_corpus_bleu`.
    """
    sets = reference_sets(hypotheses, references)
    scorer = BLEU(
        tokenize="none",
        smooth_method="floor",
        smooth_value=0.01,
        effective_order=True,
        force=True,
    )
    value = _run(scorer, hypotheses, sets).score / 100
    signature = str(scorer.get_signature())
    return Score("sockeye_bleu", float(value), signature)


def bleu_up_to(order, hypotheses, references, tokenize="none", **options):
    """BLEU-1 to BLEU-4 under the name of its order, as captions have it."""
    found = corpus_bleu(
        hypotheses, references, tokenize, order=order, **options
    )
    signature = f"{found.signature}|order:{order}"
    return found._replace(name=f"bleu_{order}", signature=signature)


def multi_bleu(hypotheses, references, lowercase=False):
    """BLEU as Moses's `multi-bleu.perl` counts it, to its two decimals.

    Corpus BLEU of up to four words with clipped counts over all references;
    an order without a match makes it 0, nothing is smoothed. The brevity
    penalty takes the reference length nearest to each hypothesis, of two
    equally near ones the shorter. Words stand between ASCII blanks, so a
    no-break space is part of a word.

    Args:
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).
        lowercase: bool. If True, the case of ASCII letters does not count, as
            for the script's `-lc`.

    Returns:
        Score in percent, with two decimals; 0 where the script would divide
        by zero.

    Raises:
        UserError: if counts differ.
    """
    signature, found = _multi_bleu(hypotheses, references, lowercase)
    return Score("multi_bleu", round(float(found.score), 2), signature)


def multi_bleu_line(hypotheses, references, lowercase=False):
    """The line that `multi-bleu.perl` prints; arguments as `multi_bleu`."""
    _, found = _multi_bleu(hypotheses, references, lowercase)
    if not found.ref_len:
        return NO_REFERENCE
    precisions = "/".join(f"{value:.1f}" for value in found.precisions)
    ratio = found.sys_len / found.ref_len
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
    """sacrebleu's signature and result with Moses's settings."""
    table = {**_OTHER_BLANKS, **(_ASCII_LOWER if lowercase else {})}
    hypotheses, *sets = (
        [text.translate(table) for text in texts]
        for texts in (hypotheses, *reference_sets(hypotheses, references))
    )
    scorer = BLEU(tokenize="none", smooth_method="none", force=True)
    found = _run(scorer, hypotheses, sets)
    signature = str(scorer.get_signature())
    if lowercase:
        signature = signature.replace("case:mixed", "case:lc[ascii]")
    return signature, found


def _run(scorer, hypotheses, sets):
    """sacrebleu's result; it cannot score a corpus without lines."""
    if not hypotheses:
        return scorer.corpus_score([""], [[""] for _ in sets])
    return scorer.corpus_score(list(hypotheses), sets)
