"""Perplexity over all tokens seen."""

import keras
from keras import ops

from keras_seq2seq.metrics.weighted_mean import WeightedMean

LARGEST_MEAN = 88.0  # nats; exp(88) = 1.65e38 is near float32's limit


@keras.saving.register_keras_serializable("keras_seq2seq")
class Perplexity(WeightedMean):
    """Exponential of the mean cross-entropy of a token.

    The mean is over all tokens since the last reset, not over batches. It is
    capped at 88 nats, so a model gone astray shows 1.65e38 and not infinity;
    values that are not a number show as such.

    Call arguments:
        values: tensor of any shape. Cross-entropy in nats.
        sample_weight: tensor of that shape, 0 at padding, or None for ones.

    Returns:
        float32 scalar, at least 1 for true cross-entropies; 1 before the
        first token.
    """

    def __init__(self, name="perplexity", dtype=None):
        super().__init__(name=name, dtype=dtype)

    def result(self):
        mean = super().result()
        return ops.exp(ops.where(mean > LARGEST_MEAN, LARGEST_MEAN, mean))
