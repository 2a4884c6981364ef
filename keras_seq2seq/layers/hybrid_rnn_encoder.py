"""The encoder that reads both ways at the bottom and one way above."""

import keras
from keras import ops

from keras_seq2seq.layers.bidirectional_rnn_encoder import read_both_ways
from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.rnn_encoder import RNNEncoder


@keras.saving.register_keras_serializable("keras_seq2seq")
class HybridRNNEncoder(RNNEncoder):
    """A bidirectional layer, and layers above it that read left to right.

    The directions of the first layer have half of the units each, so all
    layers are equally wide. Residual connections begin at the second layer,
    or later where `first_residual_layer` of the stack, which counts all
    layers, says so. The final state is per layer, that of the first one the
    two directions' states, joined.

    Source:
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144), 3.2; Sockeye,
        [Hieber et al., 2017](https://arxiv.org/abs/1712.05690), 3.1.
    """

    def __init__(self, recurrence=None, **kwargs):
        super().__init__(recurrence, **kwargs)
        stack = self.recurrence
        if stack.first_residual_layer == 1 and stack.residual:
            raise ValueError(
                "The first layer of `HybridRNNEncoder` reads both ways and has "
                "no residual connection; `first_residual_layer` must be at "
                "least 2 or None. Received: first_residual_layer=1"
            )
        half = keras.saving.serialize_keras_object(_halved(stack.cells[0]))
        bottom = {"cell": half, "num_layers": 1, "residual": False}
        # Not `forward`: on torch that is the call itself.
        self.ahead = stack.copy("forward", 0, **bottom)
        self.back = stack.copy("backward", 1, **bottom)
        self.upper = None
        if stack.num_layers > 1:
            first = (stack.first_residual_layer or 2) - 1
            above = {
                "num_layers": stack.num_layers - 1,
                "first_residual_layer": first,
            }
            self.upper = stack.copy("upper", 2, **above)

    @property
    def output_size(self):
        return (self.upper or self.recurrence.cells[0]).output_size

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is."""
        return self.recurrence.state_sizes

    def build(self, inputs_shape):
        self.ahead.build(inputs_shape)
        self.back.build(inputs_shape)
        if self.upper is not None:
            width = 2 * self.ahead.output_size
            self.upper.build((*inputs_shape[:-1], width))

    def call(self, inputs, valid, training=False):
        outputs, (ahead, back) = read_both_ways(
            self.ahead, self.back, inputs, valid, training
        )
        state = keras.tree.map_structure(
            lambda *pair: ops.concatenate(pair, axis=-1), ahead, back
        )
        if self.upper is not None:
            zeros = self.upper.zero_state(ops.shape(inputs)[0])
            outputs, above = self.upper.unroll(outputs, valid, zeros, training)
            state += above
        return EncoderOutput(outputs, state, outputs, valid)


def _halved(cell):
    """A cell like this one with half of its units and of its projection."""
    config = cell.get_config()
    for name in ("units", "projection"):
        size = config.get(name)
        if size is None:
            continue
        if size % 2:
            raise ValueError(
                "`HybridRNNEncoder` gives each direction of its first layer "
                f"half of the {name}, which must be a multiple of 2. "
                f"Received: {name}={size}"
            )
        config[name] = size // 2
    return type(cell).from_config(config)
