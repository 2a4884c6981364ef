"""The plain recurrent cell."""

import keras
from keras import ops

from keras_seq2seq.layers.cell import Cell
from keras_seq2seq.ops import product


@keras.saving.register_keras_serializable("keras_seq2seq")
class BasicRNNCell(Cell):
    """Elman's recurrence: `h' = tanh(W x + U h + b)`.

    Args:
        units: int. Width `U` of the state and of the output.

    Source:
        [Elman, 1990](https://doi.org/10.1207/s15516709cog1402_1).
    """

    @property
    def state_sizes(self):
        return (self.units,)

    def build(self, inputs_shape):
        self.add_kernels(inputs_shape[-1], self.units)

    def stepper(self):
        recurrent = self.read(self.recurrent_kernel)

        def step(projected, states, seen=None):
            seen = states[0] if seen is None else seen
            h = ops.tanh(projected + product(seen, recurrent))
            return h, (h,)

        return step
