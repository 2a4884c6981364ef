"""What encoders without recurrence have in common."""

import keras
from keras import ops

from keras_seq2seq.layers.part import Part
from keras_seq2seq.layers.position_encoding import PositionEncoding


class PositionedEncoder(Part):
    """Encodes embedded tokens, which a position encoding tells apart.

    The final state is one vector, the state of a single layer of cells that
    have one state, such as `GRUCell`.

    Args:
        num_positions: int or None. As for `PositionEncoding`; None: no
            positions.
        combiner: as for `PositionEncoding`.
        dropout: float in [0, 1). Dropped share of the inputs, behind the
            positions.
        seed: int or None. Of the dropout masks.

    Call arguments:
        inputs: tensor `(B, S, E)`. Embedded tokens.
        valid: bool tensor `(B, S)`, right-padded. No result depends on how
            much padding there is.

    Returns:
        `EncoderOutput`.
    """

    def __init__(
        self,
        num_positions=100,
        combiner="multiply",
        dropout=0.2,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if not 0 <= dropout < 1:
            raise ValueError(
                f"`dropout` must lie in [0, 1). Received: dropout={dropout}"
            )
        self.num_positions = num_positions
        self.combiner = combiner
        self.dropout = dropout
        self.seed = seed
        self.positions = None
        if num_positions is not None:
            self.positions = PositionEncoding(
                num_positions, combiner, dtype=self.dtype_policy
            )
        self.drop = keras.layers.Dropout(
            dropout, seed=seed, dtype=self.dtype_policy
        )

    @property
    def output_size(self):
        """Width of `outputs`, known once built."""
        raise NotImplementedError

    @property
    def value_size(self):
        """Width of `attention_values`, known once built."""
        raise NotImplementedError

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is; known once built."""
        return ((self.value_size,),)

    def build(self, inputs_shape):
        # Keras would run a model that holds a layer which is not built.
        if self.positions is not None:
            self.positions.build(inputs_shape)

    def prepare(self, inputs, valid, training):
        """Inputs with positions and dropout, zero at padding."""
        if self.positions is not None:
            inputs = self.positions(inputs)
        real = ops.cast(valid, inputs.dtype)[..., None]
        return self.drop(inputs, training=training) * real

    def get_config(self):
        return {
            **super().get_config(),
            "num_positions": self.num_positions,
            "combiner": keras.saving.serialize_keras_object(self.combiner),
            "dropout": self.dropout,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        # Functions of the user's own are stored as mappings.
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value)
                if name in ("combiner", "pooling")
                else value
                for name, value in config.items()
            }
        )
