"""What all attention layers have in common."""

import keras
from keras import ops

from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import masked_softmax, product


class Attention(Part):
    """Weighs memory positions by how well their keys fit a query.

    A subclass gives `project_keys`, done once per batch, and `scorer`.

    Call arguments:
        query: tensor `(B, K, U)`.
        outputs: tensor `(B, S, D)`, what keys are made from.
        values: tensor `(B, S, M)`, what is summed.
        valid: bool tensor `(B, S)`, False at padding, which gets weight 0.

    Returns:
        context `(B, K, M)` and float32 weights `(B, K, S)`.
    """

    #: Width of the keys that queries are compared with; 0: they are not.
    key_size = 0

    #: Whether it relies on the last position having seen all others.
    needs_last = False

    def build(self, query_size, key_size):
        """Makes the weights.

        Args:
            query_size: int. Width of queries.
            key_size: int. Width of what keys are made from.
        """
        raise NotImplementedError

    def project_keys(self, outputs):
        """Keys `(B, S, A)` of encoder outputs `(B, S, D)`."""
        raise NotImplementedError

    def scorer(self, keys):
        """Returns `score(query (B, K, U)) -> (B, K, S)`, weights read once."""
        raise NotImplementedError

    def weigher(self, keys, valid):
        """Returns `weigh(query (B, K, U)) -> (B, K, S)` over one memory."""
        score = self.scorer(keys)
        seen = ops.expand_dims(valid, 1)  # (B, 1, S)
        return lambda query: masked_softmax(score(query), seen)

    def call(self, query, outputs, values, valid):
        weights = self.weigher(self.project_keys(outputs), valid)(query)
        return weighted_sum(weights, values), weights

    def add_projection(self, name, inputs, units, use_bias=True):
        """Makes a linear layer that belongs to this one."""
        layer = keras.layers.Dense(
            units, use_bias=use_bias, dtype=self.dtype_policy, name=name
        )
        layer.build((None, inputs))
        return layer

    def linear(self, layer):
        """Returns `layer` as a function whose weights are read already."""
        kernel = self.read(layer.kernel)
        bias = self.read(layer.bias) if layer.use_bias else None

        def apply(x):
            y = product(x, kernel)
            return y if bias is None else y + bias

        return apply


def weighted_sum(weights, values):
    """Sums values `(B, S, M)` by weights `(B, K, S)`: `(B, K, M)`."""
    return product(ops.cast(weights, values.dtype), values)


class ProjectedAttention(Attention):
    """Attention whose keys and queries are projected to one width.

    Args:
        units: int. Width `A` of keys and queries.
        use_bias: bool. Whether the projections add one.
    """

    def __init__(self, units=128, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(
                f"`units` must be positive. Received: units={units}"
            )
        self.units = units
        self.use_bias = use_bias

    def build(self, query_size, key_size):
        self.query_projection = self.add_projection(
            "query_projection", query_size, self.units, self.use_bias
        )
        self.key_projection = self.add_projection(
            "key_projection", key_size, self.units, self.use_bias
        )

    @property
    def key_size(self):
        return self.units

    def project_keys(self, outputs):
        return self.linear(self.key_projection)(outputs)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
        }
