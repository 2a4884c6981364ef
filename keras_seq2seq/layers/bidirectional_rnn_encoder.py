"""Encoders that read in both directions."""

import keras
from keras import ops

from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.rnn_encoder import RNNEncoder
from keras_seq2seq.ops import lengths, reverse_within


@keras.saving.register_keras_serializable("keras_seq2seq")
class BidirectionalRNNEncoder(RNNEncoder):
    """Two stacks, one per direction, joined at the top.

    The final state is the pair (forward, backward).

    Source:
        [Bahdanau et al., 2015](https://arxiv.org/abs/1409.0473), 3.2.
    """

    def __init__(self, recurrence=None, **kwargs):
        super().__init__(recurrence, **kwargs)
        self.backward = self.recurrence.copy("backward")

    @property
    def output_size(self):
        return 2 * self.recurrence.output_size

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is."""
        return (self.recurrence.state_sizes, self.backward.state_sizes)

    def build(self, inputs_shape):
        self.recurrence.build(inputs_shape)
        self.backward.build(inputs_shape)

    def call(self, inputs, valid, training=False):
        outputs, state = read_both_ways(
            self.recurrence, self.backward, inputs, valid, training
        )
        return EncoderOutput(outputs, state, outputs, valid)


@keras.saving.register_keras_serializable("keras_seq2seq")
class StackBidirectionalRNNEncoder(RNNEncoder):
    """Bidirectional layers: each layer sees both directions of the one below.

    The final state is (forward states per layer, backward states per layer).
    Residual connections act on the joined outputs.

    Source:
        [Graves et al., 2013](https://arxiv.org/abs/1303.5778), section 3.
    """

    def __init__(self, recurrence=None, **kwargs):
        super().__init__(recurrence, **kwargs)
        if self.recurrence.residual and self.recurrence.combiner == "concat":
            raise ValueError(
                "`StackBidirectionalRNNEncoder` joins directions by "
                "concatenation; its residual `combiner` must be 'add' or "
                "'mean'. Received: combiner='concat'"
            )
        depths = range(self.recurrence.num_layers)
        # Not `forward`: on torch that is the call itself.
        self.ahead = [self._layer("forward", i, 2 * i) for i in depths]
        self.back = [self._layer("backward", i, 2 * i + 1) for i in depths]

    def _layer(self, direction, depth, seed_offset):
        single = {"num_layers": 1, "residual": False}
        name = f"{direction}_{depth}"
        return self.recurrence.copy(name, seed_offset, **single)

    @property
    def output_size(self):
        return 2 * self.ahead[-1].output_size

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is."""
        return tuple(
            tuple(layer.state_sizes[0] for layer in direction)
            for direction in (self.ahead, self.back)
        )

    def build(self, inputs_shape):
        width = inputs_shape[-1]
        joined = 2 * self.recurrence.cells[0].output_size
        self.input_transform = None
        if self.recurrence.connected(0) and width != joined:
            self.input_transform = keras.layers.Dense(
                joined, dtype=self.dtype_policy, name="input_transform"
            )
            self.input_transform.build((None, width))
            width = joined
        for forward, backward in zip(self.ahead, self.back, strict=True):
            forward.build((None, None, width))
            backward.build((None, None, width))
            width = joined

    def call(self, inputs, valid, training=False):
        transform = self.input_transform
        x = inputs if transform is None else transform(inputs)
        real = ops.cast(valid, inputs.dtype)[..., None]
        earlier, states = [], []
        pairs = zip(self.ahead, self.back, strict=True)
        for index, (forward, backward) in enumerate(pairs):
            if self.recurrence.connected(index):
                earlier.append(x)
            output, state = read_both_ways(
                forward, backward, x, valid, training
            )
            x = self.recurrence.combine(output, earlier) * real
            states.append(state)
        final = tuple(
            tuple(state[direction][0] for state in states)
            for direction in range(2)
        )
        return EncoderOutput(x, final, x, valid)


def read_both_ways(forward, backward, inputs, valid, training):
    """Outputs `(B, S, 2U)` and the pair of final states."""
    zeros = forward.zero_state(ops.shape(inputs)[0])
    count = lengths(valid)
    ahead, ahead_state = forward.unroll(inputs, valid, zeros, training)
    back, back_state = backward.unroll(
        reverse_within(inputs, count), valid, zeros, training
    )
    joined = ops.concatenate([ahead, reverse_within(back, count)], axis=-1)
    return joined, (ahead_state, back_state)
