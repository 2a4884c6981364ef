"""Vectors of tokens."""

import keras
import numpy as np
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
        initializer: initializer or None. What they begin with instead.

    Call arguments:
        ids: int tensor of any shape `(...)`.

    Returns:
        tensor `(..., D)`.
    """

    def __init__(
        self, vocabulary_size, dim, init_scale=0.04, initializer=None, **kwargs
    ):
        super().__init__(**kwargs)
        if vocabulary_size < 1 or dim < 1:
            raise ValueError(
                "`vocabulary_size` and `dim` must be positive. Received: "
                f"vocabulary_size={vocabulary_size}, dim={dim}"
            )
        self.vocabulary_size = vocabulary_size
        self.dim = dim
        self.init_scale = init_scale
        self.initializer = keras.initializers.get(initializer)

    def build(self, ids_shape=None):
        self.table = self.add_weight(
            name="table",
            shape=(self.vocabulary_size, self.dim),
            initializer=self.initializer
            or keras.initializers.RandomUniform(
                -self.init_scale, self.init_scale
            ),
            # The gradient adds up a row for each time that a token occurs: in
            # bfloat16 that sum stops growing at 256 times an addend.
            autocast=False,
        )

    def call(self, ids):
        # The product makes the gradient dense.
        table = ops.multiply(self.table, 1.0)
        return ops.cast(ops.take(table, ids, axis=0), self.compute_dtype)

    def assign_rows(self, rows):
        """Replaces vectors by given ones, for example pretrained.

        Args:
            rows: float array `(V, D)`. Rows that hold a NaN are left out:
                their tokens keep the vectors that they have.

        Returns:
            int. How many vectors were replaced.
        """
        rows = np.asarray(rows, "float32")
        if rows.shape != self.table.shape:
            raise ValueError(
                f"`rows` must have the shape of the table, {self.table.shape}. "
                f"Received: {rows.shape}"
            )
        given = ~np.isnan(rows).any(axis=1)
        self.table.assign(ops.where(given[:, None], rows, self.table))
        return int(given.sum())

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "dim": self.dim,
            "init_scale": self.init_scale,
            "initializer": keras.initializers.serialize(self.initializer),
        }
