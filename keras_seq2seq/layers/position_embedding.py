"""Positions that are added to token vectors: learned ones and sinusoids."""

import keras
import numpy as np
from keras import ops

from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import require_at_most


@keras.saving.register_keras_serializable("keras_seq2seq")
class PositionEmbedding(Part):
    """Adds a learned vector for each position.

    Args:
        num_positions: int. Rows of the table, which no sequence may exceed.
        init_scale: float. Vectors begin normal with this deviation.

    Call arguments:
        inputs: tensor `(B, L, D)`.

    Returns:
        tensor `(B, L, D)`.

    Source:
        [Gehring et al., 2017](https://arxiv.org/abs/1705.03122), 3.1.
    """

    def __init__(self, num_positions=1024, init_scale=0.1, **kwargs):
        super().__init__(**kwargs)
        if num_positions < 1:
            raise ValueError(
                "`num_positions` must be positive. "
                f"Received: num_positions={num_positions}"
            )
        self.num_positions = num_positions
        self.init_scale = init_scale

    @property
    def longest_input(self):
        """Most positions of a sequence, or None where there is no limit."""
        return self.num_positions

    def build(self, inputs_shape):
        self.table = self.add_weight(
            name="table",
            shape=(self.num_positions, inputs_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=self.init_scale),
        )

    def call(self, inputs):
        length = require_at_most(
            ops.shape(inputs)[1],
            self.num_positions,
            f"There are learned positions for {self.num_positions} tokens "
            "(START or END counted), and a sequence is longer. Cut it, train "
            "a model with a greater `num_positions`, or one with sinusoids, "
            "which have no limit.",
        )
        return inputs + self.read(self.table)[:length]

    def reader(self):
        """Returns `positions, int (...) -> vectors (..., D)`."""
        table = self.read(self.table)
        return lambda positions: ops.take(table, positions, axis=0)

    def get_config(self):
        return {
            **super().get_config(),
            "num_positions": self.num_positions,
            "init_scale": self.init_scale,
        }


@keras.saving.register_keras_serializable("keras_seq2seq")
class SinusoidEmbedding(Part):
    """Adds constant vectors of sines and cosines, of any position.

    Position `p` has `sin(p / 10000^(2 i / D))` in its first half, the cosines
    in its second, divided by the root of `D`; a width that is odd ends in 0.

    Call arguments:
        inputs: tensor `(B, L, D)`.

    Returns:
        tensor `(B, L, D)`.

    Source:
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), 3.5, in the
        order and the size that Sockeye gives convolutions.
    """

    longest_input = None

    def build(self, inputs_shape):
        self.width = inputs_shape[-1]

    def call(self, inputs):
        positions = ops.arange(ops.shape(inputs)[1], dtype="int32")
        return inputs + self.reader()(positions)

    def reader(self):
        """Returns `positions, int (...) -> vectors (..., D)`."""
        half = self.width // 2
        rates = 10000.0 ** (-2.0 * np.arange(half) / self.width)
        rates = ops.convert_to_tensor(rates, dtype="float32")

        def vectors(positions):
            angles = ops.cast(positions, "float32")[..., None] * rates
            both = [ops.sin(angles), ops.cos(angles)]
            if self.width % 2:
                both.append(ops.zeros_like(angles[..., :1]))
            joined = ops.concatenate(both, axis=-1) / self.width**0.5
            return ops.cast(joined, self.compute_dtype)

        return vectors


@keras.saving.register_keras_serializable("keras_seq2seq")
class NoPositions(Part):
    """Adds nothing."""

    longest_input = None

    def build(self, inputs_shape):
        """Has no weights."""

    def call(self, inputs):
        return inputs

    def reader(self):
        """Returns a function that is 0 for all positions."""
        return lambda positions: 0


POSITIONS = ("learned", "sinusoid", "none")


def positions_of(kind, num_positions, dtype):
    """The layer that adds positions.

    Args:
        kind: one of `POSITIONS`.
        num_positions: int. Used by learned ones.
        dtype: dtype policy.
    """
    if kind == "learned":
        return PositionEmbedding(
            num_positions, dtype=dtype, name="embed_positions"
        )
    if kind == "sinusoid":
        return SinusoidEmbedding(dtype=dtype)
    if kind == "none":
        return NoPositions(dtype=dtype)
    raise ValueError(
        f"`positions` must be one of {POSITIONS}. Received: {kind!r}"
    )
