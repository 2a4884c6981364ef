"""Long short-term memory."""

import keras
from keras import ops

from keras_seq2seq.layers.cell import Cell, normalise
from keras_seq2seq.ops import product


@keras.saving.register_keras_serializable("keras_seq2seq")
class LSTMCell(Cell):
    """Long short-term memory with the options of TensorFlow 1's cells.

    `c' = c * sigmoid(f + forget_bias) + sigmoid(i) * tanh(j)` and
    `h' = tanh(c') * sigmoid(o)`, with `[i, j, f, o] = W [x, h] + b`. The state
    `c` stays float32 whatever the compute type.

    Args:
        units: int. Width `U` of the cell.
        forget_bias: float. Added to the forget gate, not trained.
        peephole: bool. Gates also see the cell state, through diagonals.
        projection: int or None. Width of the output and of `h`; None: `units`.
        cell_clip: float or None. Bound of `|c'|`, applied in front of the
            output.
        projection_clip: float or None. Bound of the projected output.
        layer_norm: bool. Normalise the gates' sums and the cell state.
        kernel_initializer: initializer of the kernels.
            Default: uniform in ±0.04, as google/seq2seq.

    Source:
        [Hochreiter and Schmidhuber, 1997]
        (https://doi.org/10.1162/neco.1997.9.8.1735);
        peepholes and projection: [Sak et al., 2014]
        (https://arxiv.org/abs/1402.1128); normalisation:
        [Ba et al., 2016](https://arxiv.org/abs/1607.06450), section 3.
    """

    gates = 4

    def __init__(
        self,
        units,
        forget_bias=1.0,
        peephole=False,
        projection=None,
        cell_clip=None,
        projection_clip=None,
        layer_norm=False,
        kernel_initializer=None,
        recurrent_initializer=None,
        **kwargs,
    ):
        super().__init__(
            units, kernel_initializer, recurrent_initializer, **kwargs
        )
        if projection is not None and projection < 1:
            raise ValueError(
                "`projection` must be positive or None. "
                f"Received: projection={projection}"
            )
        if projection_clip is not None and projection is None:
            raise ValueError(
                "`projection_clip` needs `projection`. "
                f"Received: projection_clip={projection_clip}"
            )
        self.forget_bias = forget_bias
        self.peephole = peephole
        self.projection = projection
        self.cell_clip = cell_clip
        self.projection_clip = projection_clip
        self.layer_norm = layer_norm

    @property
    def state_sizes(self):
        return (self.projection or self.units, self.units)

    @property
    def state_dtypes(self):
        return (self.compute_dtype, "float32")

    def build(self, inputs_shape):
        self.add_kernels(inputs_shape[-1], self.output_size)
        if self.peephole:
            self.peepholes = self.add_weight(
                name="peepholes",
                shape=(3, self.units),
                initializer=self.kernel_initializer.clone(),
            )
        if self.projection:
            self.projection_kernel = self.add_weight(
                name="projection_kernel",
                shape=(self.units, self.projection),
                initializer=self.kernel_initializer.clone(),
            )
        if self.layer_norm:
            self.add_gain("input_gain", 4 * self.units)
            self.add_gain("state_gain", 4 * self.units)
            self.add_gain("cell_gain", self.units)
            self.cell_bias = self.add_weight(
                name="cell_bias", shape=(self.units,), initializer="zeros"
            )

    def stepper(self):
        recurrent = self.read(self.recurrent_kernel)
        state_gain = self.read(self.state_gain) if self.layer_norm else None
        peep = self._peephole_reader()
        finish = self._output_reader()

        def step(projected, states, seen=None):
            h, c = states
            sums = product(h if seen is None else seen, recurrent)
            if state_gain is not None:
                sums = normalise(sums, 4) * state_gain
            sums = projected + sums
            i, j, f, o = ops.split(sums, 4, axis=-1)
            kept = ops.sigmoid(f + self.forget_bias + peep(0, c))
            written = ops.sigmoid(i + peep(1, c)) * ops.tanh(j)
            c = ops.cast(kept, "float32") * c + ops.cast(written, "float32")
            if self.cell_clip is not None:
                c = ops.clip(c, -self.cell_clip, self.cell_clip)
            h = finish(o + peep(2, c), c, h.dtype)
            return h, (h, c)

        return step

    def _peephole_reader(self):
        if not self.peephole:
            return lambda gate, cell: 0.0
        weights = self.read(self.peepholes)
        return lambda gate, cell: weights[gate] * ops.cast(cell, weights.dtype)

    def _output_reader(self):
        projection = self.projection and self.read(self.projection_kernel)
        gain = self.read(self.cell_gain) if self.layer_norm else None
        bias = self.read(self.cell_bias) if self.layer_norm else None

        def finish(gate, cell, dtype):
            cell = ops.cast(cell, dtype)
            if gain is not None:
                cell = normalise(cell, 1) * gain + bias
            h = ops.tanh(cell) * ops.sigmoid(gate)
            if projection is not None:
                h = product(h, projection)
            if self.projection_clip is not None:
                h = ops.clip(h, -self.projection_clip, self.projection_clip)
            return h

        return finish

    def get_config(self):
        return {
            **super().get_config(),
            "forget_bias": self.forget_bias,
            "peephole": self.peephole,
            "projection": self.projection,
            "cell_clip": self.cell_clip,
            "projection_clip": self.projection_clip,
            "layer_norm": self.layer_norm,
        }
