"""What recurrent decoders have in common."""

import keras
from keras import ops

from keras_seq2seq.layers.part import Part
from keras_seq2seq.layers.recurrent_stack import RecurrentStack


class RNNDecoder(Part):
    """What recurrent decoders have in common.

    Tensors of a `carry` are `(B, K, ...)`: K hypotheses a sentence when a
    search steps, 1 in training.

    Args:
        recurrence: `RecurrentStack` or None. Default: one `LSTMCell(128)`.
    """

    def __init__(self, recurrence=None, **kwargs):
        super().__init__(**kwargs)
        self.recurrence = recurrence or RecurrentStack(dtype=self.dtype_policy)

    def build(self, inputs_shape, memory_sizes, attention=None):
        """Makes the weights.

        Args:
            inputs_shape: shape of embedded tokens `(B, T, E)`.
            memory_sizes: pair of the widths of attention keys and values.
            attention: the attention layer, unbuilt, or None.
        """
        raise NotImplementedError

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

    def search_memory(self, memory):
        """The memory with what else can be made once and not at each step."""
        return memory

    def decode(self, embedded, memory, carry, attention, training=False):
        """Teacher forcing.

        Args:
            embedded: tensor `(B, T, E)`. The tokens fed at each step.
            memory: mapping with `keys`, `values`, `valid`, all `(B, S, ...)`.
            carry: as `begin` gives it.
            attention: the attention layer or None.

        Returns:
            features `(B, T, U)`.
        """
        raise NotImplementedError

    def stepper(self, memory, attention):
        """Returns the step of a search over one memory, weights read once.

        Returns:
            `step(embedded (B, K, E), carry) -> (features, carry, weights)`
            with features `(B, K, U)` and attention weights `(B, K, S)` or
            None.
        """
        raise NotImplementedError

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
