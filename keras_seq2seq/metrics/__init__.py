"""What is measured: of tokens while training, of texts afterwards.

The corpus functions work without Keras, which takes seconds to import, so the
Keras metrics come when they are first asked for.
"""

import importlib

from keras_seq2seq.metrics.bleu import NO_REFERENCE as NO_REFERENCE
from keras_seq2seq.metrics.bleu import corpus_bleu as corpus_bleu
from keras_seq2seq.metrics.bleu import multi_bleu as multi_bleu
from keras_seq2seq.metrics.bleu import multi_bleu_line as multi_bleu_line
from keras_seq2seq.metrics.bleu import sockeye_bleu as sockeye_bleu
from keras_seq2seq.metrics.chrf import corpus_chrf as corpus_chrf
from keras_seq2seq.metrics.corpus import Score as Score
from keras_seq2seq.metrics.corpus_metric import (
    CollectedMetric as CollectedMetric,
)
from keras_seq2seq.metrics.corpus_metric import CorpusMetric as CorpusMetric
from keras_seq2seq.metrics.exact_match import exact_match as exact_match
from keras_seq2seq.metrics.rouge import ROUGE_TYPES as ROUGE_TYPES
from keras_seq2seq.metrics.rouge import rouge as rouge
from keras_seq2seq.metrics.scorers import METRIC_NAMES as METRIC_NAMES
from keras_seq2seq.metrics.scorers import metric_names as metric_names
from keras_seq2seq.metrics.scorers import score as score
from keras_seq2seq.metrics.ter import corpus_ter as corpus_ter
from keras_seq2seq.metrics.wer import phone_error_rate as phone_error_rate
from keras_seq2seq.metrics.wer import word_error_rate as word_error_rate

_KERAS = {"Perplexity": "perplexity", "TokenAccuracy": "token_accuracy"}


def __getattr__(name):
    if name in _KERAS:
        module = importlib.import_module(f"{__name__}.{_KERAS[name]}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
