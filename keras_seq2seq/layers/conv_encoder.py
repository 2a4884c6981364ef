"""The encoder of convolutions."""

import keras
from keras import ops

from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.positioned_encoder import PositionedEncoder
from keras_seq2seq.ops import masked_mean


@keras.saving.register_keras_serializable("keras_seq2seq")
class ConvEncoder(PositionedEncoder):
    """Two stacks of convolutions over the same inputs, for keys and values.

    Layer `i` of a stack computes `x_{i+1} = tanh(conv(x_i) + x_i)`, the first
    one without the sum. Padding is zero in front of each layer, so that none
    leaks. The final state is the mean of the values.

    Args:
        attention_units: int. Width of the keys, `outputs`.
        attention_kernel_size: int. Window of their convolutions, in positions.
        attention_layers: int. Number of these convolutions.
        output_units: int. Width of the values, `attention_values`.
        output_kernel_size: int. Window of their convolutions, in positions.
        output_layers: int. Number of these convolutions.
        num_positions: as for `PositionedEncoder`, like the next three.
        combiner: how positions are combined with inputs.
        dropout: float in [0, 1). Dropped share of the inputs.
        seed: int or None. Of the dropout masks.

    Source:
        [Gehring et al., 2016](https://arxiv.org/abs/1611.02344), section 3.
    """

    def __init__(
        self,
        attention_units=512,
        attention_kernel_size=3,
        attention_layers=15,
        output_units=256,
        output_kernel_size=3,
        output_layers=5,
        num_positions=100,
        combiner="multiply",
        dropout=0.2,
        seed=None,
        **kwargs,
    ):
        super().__init__(num_positions, combiner, dropout, seed, **kwargs)
        self.attention_units = attention_units
        self.attention_kernel_size = attention_kernel_size
        self.attention_layers = attention_layers
        self.output_units = output_units
        self.output_kernel_size = output_kernel_size
        self.output_layers = output_layers
        for name, value in self._sizes().items():
            if value < 1:
                raise ValueError(
                    f"`{name}` must be positive. Received: {name}={value}"
                )
        self.key_convolutions = self._stack("attention")
        self.value_convolutions = self._stack("output")

    def _sizes(self):
        return {
            f"{role}_{name}": getattr(self, f"{role}_{name}")
            for role in ("attention", "output")
            for name in ("units", "kernel_size", "layers")
        }

    def _stack(self, role):
        sizes = self._sizes()
        return [
            keras.layers.Conv1D(
                sizes[f"{role}_units"],
                sizes[f"{role}_kernel_size"],
                padding="same",
                dtype=self.dtype_policy,
                name=f"{role}_{index}",
            )
            for index in range(sizes[f"{role}_layers"])
        ]

    @property
    def output_size(self):
        return self.attention_units

    @property
    def value_size(self):
        return self.output_units

    def build(self, inputs_shape):
        super().build(inputs_shape)
        for stack in (self.key_convolutions, self.value_convolutions):
            width = inputs_shape[-1]
            for layer in stack:
                layer.build((None, None, width))
                width = layer.filters

    def call(self, inputs, valid, training=False):
        inputs = self.prepare(inputs, valid, training)
        real = ops.cast(valid, inputs.dtype)[..., None]
        keys = _convolve(self.key_convolutions, inputs, real)
        values = _convolve(self.value_convolutions, inputs, real)
        state = masked_mean(values, valid)
        return EncoderOutput(keys, ((state,),), values, valid)

    def get_config(self):
        return {**super().get_config(), **self._sizes()}


def _convolve(stack, x, real):
    """Runs a stack over `x (B, S, n)`, which is zero at padding."""
    first, *others = stack
    x = ops.tanh(first(x)) * real
    for layer in others:
        x = ops.tanh(layer(x) + x) * real
    return x
