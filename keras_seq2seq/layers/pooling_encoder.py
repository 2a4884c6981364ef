"""The encoder that averages neighbours."""

import functools

import keras
from keras import ops

from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.positioned_encoder import PositionedEncoder
from keras_seq2seq.ops import lengths, masked_mean, take_positions, windows


def average_pooling(inputs, valid, size):
    """Mean over the real positions of each window."""
    real = ops.cast(valid, inputs.dtype)[..., None]
    count = sum(_windows(real, size, 0.0))
    return sum(_windows(inputs * real, size, 0.0)) / ops.maximum(count, 1)


def max_pooling(inputs, valid, size):
    """Greatest value among the real positions of each window."""
    lowest = float("-inf")
    inputs = ops.where(valid[..., None], inputs, lowest)
    return functools.reduce(ops.maximum, _windows(inputs, size, lowest))


POOLINGS = {"average": average_pooling, "max": max_pooling}


def _windows(x, size, fill):
    return windows(x, size, (size - 1) // 2, fill)


@keras.saving.register_keras_serializable("keras_seq2seq")
class PoolingEncoder(PositionedEncoder):
    """Attention keys are pooled neighbours, values the inputs themselves.

    A window never sees padding: at the edges it is smaller, as if a row stood
    alone. With strides windows are as far apart as TensorFlow's `SAME` places
    them over the real tokens; the key of window `i` stands at each of the
    positions `i * strides ... (i + 1) * strides - 1`, so that keys, values
    and attention weights belong to the same tokens. The final state is the
    mean of the windows.

    Args:
        pool_size: int. Window, in positions.
        strides: int. Positions from window to window.
        pooling: `"average"`, `"max"`, or a callable
            `(inputs (B, S, E), valid (B, S), pool_size) -> (B, S, E)` that
            pools the window around each position.
        num_positions: as for `PositionedEncoder`, like the next three.
        combiner: how positions are combined with inputs.
        dropout: float in [0, 1). Dropped share of the inputs.
        seed: int or None. Of the dropout masks.

    Source:
        [Gehring et al., 2016](https://arxiv.org/abs/1611.02344), section 3.
    """

    def __init__(
        self,
        pool_size=5,
        strides=1,
        pooling="average",
        num_positions=100,
        combiner="multiply",
        dropout=0.2,
        seed=None,
        **kwargs,
    ):
        super().__init__(num_positions, combiner, dropout, seed, **kwargs)
        if pool_size < 1 or strides < 1:
            raise ValueError(
                "`pool_size` and `strides` must be positive. Received: "
                f"pool_size={pool_size}, strides={strides}"
            )
        if not callable(pooling) and pooling not in POOLINGS:
            raise ValueError(
                f"`pooling` must be one of {tuple(POOLINGS)} or a function. "
                f"Received: {pooling!r}"
            )
        self.pool_size = pool_size
        self.strides = strides
        self.pooling = pooling

    @property
    def output_size(self):
        return self._width

    @property
    def value_size(self):
        return self._width

    def build(self, inputs_shape):
        super().build(inputs_shape)
        self._width = inputs_shape[-1]

    def call(self, inputs, valid, training=False):
        inputs = self.prepare(inputs, valid, training)
        pool = POOLINGS.get(self.pooling, self.pooling)
        outputs = pool(inputs, valid, self.pool_size)
        first = valid  # positions at which a window's key stands first
        if self.strides > 1:
            position = ops.arange(ops.shape(valid)[1], dtype="int32")
            outputs = take_positions(outputs, self._centres(position, valid))
            first = ops.logical_and(valid, position % self.strides == 0)
        outputs = ops.where(valid[..., None], outputs, 0)
        state = masked_mean(outputs, first)
        return EncoderOutput(outputs, ((state,),), inputs, valid)

    def _centres(self, position, valid):
        """Middle `(B, S)` of the window whose key each position gets."""
        count = lengths(valid)[:, None]
        windows = -(-count // self.strides)
        span = (windows - 1) * self.strides + self.pool_size
        before = ops.maximum(span - count, 0) // 2
        starts = position // self.strides * self.strides - before
        centres = starts + (self.pool_size - 1) // 2
        # Only positions of padding lie outside.
        return ops.clip(centres, 0, ops.shape(valid)[1] - 1)

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "pooling": keras.saving.serialize_keras_object(self.pooling),
        }
