"""What recurrent decoders have in common."""

import keras
from keras import ops

from keras_seq2seq.layers.decoder import Decoder
from keras_seq2seq.layers.recurrent_stack import RecurrentStack


class RNNDecoder(Decoder):
    """What recurrent decoders have in common.

    Args:
        recurrence: `RecurrentStack` or None. Default: one `LSTMCell(128)`.
    """

    def __init__(self, recurrence=None, **kwargs):
        super().__init__(**kwargs)
        self.recurrence = recurrence or RecurrentStack(dtype=self.dtype_policy)

    @property
    def output_size(self):
        """Width of the features, known once built."""
        return self.recurrence.output_size

    @property
    def state_sizes(self):
        """Widths of the recurrent states, what a bridge has to fill."""
        return self.recurrence.state_sizes

    def zero_state(self, batch):
        """The states a sentence begins with when a bridge gives none."""
        return self.recurrence.zero_state(batch)

    def begin(self, states, memory):
        """The carry in front of the first token, from a bridge's states."""
        return {"states": add_beams(states)}

    def get_config(self):
        return {
            **super().get_config(),
            "recurrence": keras.saving.serialize_keras_object(self.recurrence),
        }

    @classmethod
    def from_config(cls, config):
        recurrence = keras.saving.deserialize_keras_object(config["recurrence"])
        return cls(**{**config, "recurrence": recurrence})


def add_beams(nest):
    """`(B, ...) -> (B, 1, ...)`."""
    return keras.tree.map_structure(lambda x: ops.expand_dims(x, 1), nest)


def drop_beams(nest):
    """`(B, 1, ...) -> (B, ...)`."""
    return keras.tree.map_structure(lambda x: ops.squeeze(x, 1), nest)


def merge_beams(nest):
    """`(B, K, n) -> (B * K, n)`."""
    return keras.tree.map_structure(
        lambda x: ops.reshape(x, (-1, ops.shape(x)[-1])), nest
    )


def split_beams(nest, beams):
    """`(B * K, n) -> (B, K, n)`."""
    return keras.tree.map_structure(
        lambda x: ops.reshape(x, (-1, beams, ops.shape(x)[-1])), nest
    )
