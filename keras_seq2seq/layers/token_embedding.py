"""Vectors of tokens."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_seq2seq")
class TokenEmbedding(keras.layers.Layer):
    """A table of token vectors whose gradient is dense.

    Keras 3 does not add up the rows of a sparse gradient that belong to the
    same token before Adam, Adagrad or RMSprop square them. A dense gradient
    has them added up, whatever trains the layer.

    Args:
        vocabulary_size: int. Rows of the table, special tokens included.
        dim: int. Width `D` of a vector.
        init_scale: float. Vectors begin uniform in ±`init_scale`.

    Call arguments:
        ids: int tensor of any shape `(...)`.

    Returns:
        tensor `(..., D)`.
    """

    def __init__(self, vocabulary_size, dim, init_scale=0.04, **kwargs):
        super().__init__(**kwargs)
        if vocabulary_size < 1 or dim < 1:
            raise ValueError(
                "`vocabulary_size` and `dim` must be positive. Received: "
                f"vocabulary_size={vocabulary_size}, dim={dim}"
            )
        self.vocabulary_size = vocabulary_size
        self.dim = dim
        self.init_scale = init_scale

    def build(self, ids_shape=None):
        self.table = self.add_weight(
            name="table",
            shape=(self.vocabulary_size, self.dim),
            initializer=keras.initializers.RandomUniform(
                -self.init_scale, self.init_scale
            ),
        )

    def call(self, ids):
        # The product makes the gradient dense.
        table = ops.multiply(self.table, 1.0)
        return ops.cast(ops.take(table, ids, axis=0), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "dim": self.dim,
            "init_scale": self.init_scale,
        }
