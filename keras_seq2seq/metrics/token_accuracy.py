"""Share of tokens predicted right."""

import keras
from keras import ops

from keras_seq2seq.metrics.weighted_mean import WeightedMean


@keras.saving.register_keras_serializable("keras_seq2seq")
class TokenAccuracy(WeightedMean):
    """How often the likeliest token is the right one, under teacher forcing.

    Call arguments:
        labels: int tensor `(...)`.
        logits: float tensor `(..., V)`.
        sample_weight: tensor `(...)`, 0 at padding, or None for ones.

    Returns:
        float32 scalar in `[0, 1]`; 0 before the first token.
    """

    def __init__(self, name="token_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, labels, logits, sample_weight=None):
        best = ops.argmax(logits, axis=-1)
        right = ops.cast(labels, "int32") == ops.cast(best, "int32")
        super().update_state(right, sample_weight)
