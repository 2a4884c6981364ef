"""Gated recurrent unit."""

import keras
from keras import ops

from keras_seq2seq.layers.cell import Cell, normalise
from keras_seq2seq.ops import product


@keras.saving.register_keras_serializable("keras_seq2seq")
class GRUCell(Cell):
    """Gated recurrent unit: `h' = u * h + (1 - u) * c`.

    With `reset_after=False` the candidate is `c = tanh(W x + U (r * h) + b)`
    (the original form), otherwise `c = tanh(W x + r * (U h + b') + b)` (the
    form of cuDNN and of Keras's default).

    Args:
        units: int. Width `U` of the state and of the output.
        reset_after: bool. Whether the reset gate acts after the product.
        layer_norm: bool. Normalise the sums in front of the gates, separately
            for input and state.
        gate_bias: float. Initial bias of the reset and update gates; 1.0 keeps
            the state at first.
        kernel_initializer: initializer of the input and recurrent kernels.
            Default: uniform in ±0.04, as google/seq2seq.

    Source:
        [Cho et al., 2014](https://arxiv.org/abs/1406.1078), eq. 5 to 8.
    """

    gates = 3

    def __init__(
        self,
        units,
        reset_after=False,
        layer_norm=False,
        gate_bias=1.0,
        kernel_initializer=None,
        recurrent_initializer=None,
        **kwargs,
    ):
        super().__init__(
            units, kernel_initializer, recurrent_initializer, **kwargs
        )
        self.reset_after = reset_after
        self.layer_norm = layer_norm
        self.gate_bias = gate_bias

    @property
    def state_sizes(self):
        return (self.units,)

    def bias_values(self):
        return [self.gate_bias, self.gate_bias, 0.0]

    def build(self, inputs_shape):
        self.add_kernels(inputs_shape[-1], self.units)
        if self.reset_after:
            self.recurrent_bias = self.add_weight(
                name="recurrent_bias", shape=(self.units,), initializer="zeros"
            )
        if self.layer_norm:
            self.add_gain("input_gain", 3 * self.units)
            self.add_gain("state_gain", 3 * self.units)

    def stepper(self):
        recur = (
            self._reset_after() if self.reset_after else self._reset_before()
        )

        def step(projected, states, seen=None):
            (h,) = states
            seen = h if seen is None else seen
            # Splits, not slices: the gradient of a split is one concatenation.
            # Equal parts: TensorFlow is ten times slower with others.
            *gates, new = ops.split(projected, 3, axis=-1)
            update, inner = recur(seen, gates)
            new = ops.tanh(new + inner)
            h = new + update * (h - new)
            return h, (h,)

        return step

    def _reset_before(self):
        """`recur(h, gates)` gives the update gate and `U (r * h)`."""
        kernel = self.read(self.recurrent_kernel)
        gate_kernel, kernel = ops.split(kernel, [2 * self.units], axis=-1)
        scale = self._state_normaliser()

        def recur(h, gates):
            sums = scale(product(h, gate_kernel), slice(0, 2))
            reset, update = open_gates(gates, ops.split(sums, 2, axis=-1))
            inner = product(reset * h, kernel)
            return update, scale(inner, slice(2, 3))

        return recur

    def _reset_after(self):
        """`recur(h, gates)` gives the update gate and `r * (U h + b')`."""
        kernel = self.read(self.recurrent_kernel)
        bias = self.read(self.recurrent_bias)
        scale = self._state_normaliser()

        def recur(h, gates):
            sums = scale(product(h, kernel), slice(0, 3))
            *sums, inner = ops.split(sums, 3, axis=-1)
            reset, update = open_gates(gates, sums)
            return update, reset * (inner + bias)

        return recur

    def _state_normaliser(self):
        """`scale(sums, blocks)`: normalises these of the three blocks."""
        if not self.layer_norm:
            return lambda sums, blocks: sums
        gain = ops.reshape(self.read(self.state_gain), (3, self.units))

        def scale(sums, blocks):
            count = blocks.stop - blocks.start
            return normalise(sums, count) * ops.reshape(gain[blocks], (-1,))

        return scale

    def get_config(self):
        return {
            **super().get_config(),
            "reset_after": self.reset_after,
            "layer_norm": self.layer_norm,
            "gate_bias": self.gate_bias,
        }


def open_gates(inputs, sums):
    """Each gate, from its input and what the state adds to it."""
    return [ops.sigmoid(a + b) for a, b in zip(inputs, sums, strict=True)]
