"""Constant encodings of positions."""

import keras
from keras import ops

COMBINERS = {"multiply": ops.multiply, "add": ops.add}


def position_encodings(length, dim, num_positions):
    """A matrix that tells positions apart, without weights.

    With `a = j / (J + 1)` and `b = k / (D + 1)`, row `j` and column `k` hold
    `(1 - a) (1 - b) + a b`. Rows behind the last position continue the same
    straight lines, which leave [0, 1] from row `J + 2` on.

    Args:
        length: int or scalar tensor. Rows, `j = 1 ... length`.
        dim: int. Columns `D`, `k = 1 ... D`.
        num_positions: int. `J`; every value depends on it.

    Returns:
        float32 tensor `(length, D)`.

    Source:
        [Sukhbaatar et al., 2015](https://arxiv.org/abs/1503.08895), 4.1.
    """
    rows = ops.arange(length, dtype="int32")[:, None] + 1
    late = ops.cast(rows, "float32") / (num_positions + 1)
    columns = ops.arange(dim, dtype="int32") + 1
    deep = ops.cast(columns, "float32") / (dim + 1)
    return 1 - late - deep * (1 - 2 * late)


@keras.saving.register_keras_serializable("keras_seq2seq")
class PositionEncoding(keras.layers.Layer):
    """Combines vectors with `position_encodings`.

    Args:
        num_positions: int. The longest sequence that is expected.
        combiner: `"multiply"`, `"add"`, or a callable
            `(inputs (B, L, D), encodings (1, L, D)) -> (B, L, D)`.

    Call arguments:
        inputs: tensor `(B, L, D)`.

    Returns:
        tensor `(B, L, D)`.

    Source:
        [Gehring et al., 2016](https://arxiv.org/abs/1611.02344), section 3;
        google/seq2seq's code multiplies, and its documentation says add.
    """

    def __init__(self, num_positions=100, combiner="multiply", **kwargs):
        super().__init__(**kwargs)
        if num_positions < 1:
            raise ValueError(
                "`num_positions` must be positive. "
                f"Received: num_positions={num_positions}"
            )
        if not callable(combiner) and combiner not in COMBINERS:
            raise ValueError(
                f"`combiner` must be one of {tuple(COMBINERS)} or a function. "
                f"Received: {combiner!r}"
            )
        self.num_positions = num_positions
        self.combiner = combiner

    def call(self, inputs):
        _, length, dim = ops.shape(inputs)
        encodings = position_encodings(length, dim, self.num_positions)
        combine = COMBINERS.get(self.combiner, self.combiner)
        return combine(inputs, ops.cast(encodings, inputs.dtype)[None])

    def get_config(self):
        return {
            **super().get_config(),
            "num_positions": self.num_positions,
            "combiner": keras.saving.serialize_keras_object(self.combiner),
        }

    @classmethod
    def from_config(cls, config):
        combiner = keras.saving.deserialize_keras_object(config["combiner"])
        return cls(**{**config, "combiner": combiner})
