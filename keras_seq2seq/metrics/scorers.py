"""Corpus metrics by name."""

import difflib

from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics.bleu import (
    bleu_up_to,
    check_tokenizer,
    corpus_bleu,
    multi_bleu,
    sockeye_bleu,
)
from keras_seq2seq.metrics.chrf import corpus_chrf
from keras_seq2seq.metrics.exact_match import exact_match
from keras_seq2seq.metrics.rouge import ROUGE_TYPES, rouge
from keras_seq2seq.metrics.ter import corpus_ter
from keras_seq2seq.metrics.wer import phone_error_rate, word_error_rate

_SCORERS = {
    "multi_bleu": multi_bleu,
    "sockeye_bleu": sockeye_bleu,
    "chrf": corpus_chrf,
    "ter": corpus_ter,
    "rouge": rouge,
    "wer": word_error_rate,
    "per": phone_error_rate,
    "exact_match": exact_match,
}
# `rouge_1` is its F-score, as `dev_decoding` calls it.
_F_SCORES = {f"rouge_{unit}": f"rouge_{unit}/f_score" for unit in "12l"}
_ORDERS = {f"bleu_{order}": order for order in (1, 2, 3, 4)}
METRIC_NAMES = ("bleu", *_ORDERS, *_SCORERS, *_F_SCORES, *ROUGE_TYPES)


def metric_names(text):
    """The metrics that a text names, with commas between them.

    Args:
        text: str, such as `"bleu,rouge"`; `"rouge"` is all of `ROUGE_TYPES`.

    Returns:
        list of names for `score`.

    Raises:
        UserError: if one of them is unknown.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        check_metric(name)
    return [
        each
        for name in names
        for each in (ROUGE_TYPES if name == "rouge" else (name,))
    ]


def check_metric(name):
    """Refuses names of metrics that `score` does not have."""
    if name in METRIC_NAMES:
        return
    near = difflib.get_close_matches(str(name), METRIC_NAMES, n=1, cutoff=0.5)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    raise UserError(
        f"The metric must be one of {', '.join(METRIC_NAMES)}. "
        f"Received: {name!r}.{hint}"
    )


def score(
    metric, hypotheses, references, tokenize="none", effective_order=False
):
    """Scores a corpus by the metric's name.

    Args:
        metric: str, one of `METRIC_NAMES`; `"rouge"` is `"rouge_l/f_score"`,
            `"rouge_1"` is `"rouge_1/f_score"`, and so on.
        hypotheses: list of str.
        references: list of str, or list of such lists (several references).
        tokenize: str. How BLEU finds words, see `corpus_bleu`; the other
            metrics have their own way.
        effective_order: bool. For `bleu` and `bleu_1` to `bleu_4`, see
            `corpus_bleu`; the others are what they are.

    Returns:
        Score.

    Raises:
        UserError: if the metric or tokenizer is unknown, or counts differ.
    """
    check_tokenizer(tokenize)
    check_metric(metric)
    options = {"tokenize": tokenize, "effective_order": effective_order}
    if metric == "bleu":
        return corpus_bleu(hypotheses, references, **options)
    if metric in _ORDERS:
        return bleu_up_to(_ORDERS[metric], hypotheses, references, **options)
    if metric in (*_F_SCORES, *ROUGE_TYPES):
        kind = _F_SCORES.get(metric, metric)
        return rouge(hypotheses, references, kind)
    return _SCORERS[metric](hypotheses, references)
