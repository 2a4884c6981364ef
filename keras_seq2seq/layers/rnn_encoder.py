"""What all recurrent encoders have in common."""

import keras

from keras_seq2seq.layers.part import Part
from keras_seq2seq.layers.recurrent_stack import RecurrentStack


class RNNEncoder(Part):
    """Encodes embedded tokens with recurrent cells.

    Args:
        recurrence: `RecurrentStack` or None. Cells, layers, dropout and
            residual connections. Default: one `LSTMCell(128)`.

    Call arguments:
        inputs: tensor `(B, S, E)`. Embedded tokens.
        valid: bool tensor `(B, S)`, right-padded.

    Returns:
        `EncoderOutput`; the attention's values are the outputs.
    """

    def __init__(self, recurrence=None, **kwargs):
        super().__init__(**kwargs)
        self.recurrence = recurrence or RecurrentStack(dtype=self.dtype_policy)

    @property
    def output_size(self):
        """Width of `outputs` and of `attention_values`, known once built."""
        raise NotImplementedError

    @property
    def value_size(self):
        """Width of `attention_values`."""
        return self.output_size

    def get_config(self):
        return {
            **super().get_config(),
            "recurrence": keras.saving.serialize_keras_object(self.recurrence),
        }

    @classmethod
    def from_config(cls, config):
        recurrence = keras.saving.deserialize_keras_object(config["recurrence"])
        return cls(**{**config, "recurrence": recurrence})
