"""The encoder of gated convolutions."""

import keras
from keras import ops

from keras_seq2seq.layers.conv_stack import BASE, ConvStack
from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.part import Part
from keras_seq2seq.layers.position_embedding import positions_of
from keras_seq2seq.ops import masked_mean, scale_gradient


@keras.saving.register_keras_serializable("keras_seq2seq")
class ConvS2SEncoder(Part):
    """Gated convolutions over embedded tokens and their positions.

    In the variant `convs2s` the keys of attention are the top layer's output,
    brought back to the width of the inputs; the values are keys and inputs
    added, times `sqrt(1/2)`. The gradient of the top layer's output is
    divided by twice the number of attentions that read it. In the variant
    `sockeye` keys and values are the top layer's output.

    The final state is the mean of the values.

    Args:
        layers: sequence of `(units, kernel_size)` or `(units, kernel_size,
            residual)`; see `ConvStack`.
        variant: `"convs2s"` or `"sockeye"`.
        activation: `"glu"`, `"relu"`, `"softrelu"`, `"sigmoid"`, `"tanh"`.
        dropout: float in [0, 1), or None. Dropped share of each convolution's
            inputs and, in `convs2s`, of the inputs with their positions.
            None: 0.1 in `convs2s`; 0 in `sockeye`, which dropped nothing.
        weight_norm: bool or None. None: on in `convs2s`, off in `sockeye`.
        positions: `"learned"`, `"sinusoid"` or `"none"`.
        num_positions: int. Longest sequence where positions are learned, END
            counted.
        seed: int or None. Of the dropout masks.

    Call arguments:
        inputs: tensor `(B, S, E)`. Embedded tokens.
        valid: bool tensor `(B, S)`, right-padded. No result depends on how
            much padding there is.

    Returns:
        `EncoderOutput`.

    Source:
        [Gehring et al., 2017](https://arxiv.org/abs/1705.03122), as in
        fairseq; [Hieber et al., 2017](https://arxiv.org/abs/1712.05690), 3.3.
    """

    def __init__(
        self,
        layers=BASE,
        variant="convs2s",
        activation="glu",
        dropout=None,
        weight_norm=None,
        positions="learned",
        num_positions=1024,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.stack = ConvStack(
            layers,
            variant=variant,
            activation=activation,
            dropout=dropout,
            weight_norm=weight_norm,
            seed=seed,
            dtype=self.dtype_policy,
            name="stack",
        )
        self.kind_of_positions = positions
        self.num_positions = num_positions
        self.positions = positions_of(
            positions, num_positions, self.dtype_policy
        )
        self.readers = 1  # attentions of the decoder; a model sets it

    @property
    def variant(self):
        """Which documented form it has."""
        return self.stack.variant

    @property
    def longest_input(self):
        """Most tokens of a source, or None where there is no limit."""
        return self.positions.longest_input

    @property
    def output_size(self):
        """Width of `outputs`, known once built."""
        if self.variant == "convs2s":
            return self.leave.units
        return self.stack.output_size

    @property
    def value_size(self):
        """Width of `attention_values`, known once built."""
        return self.output_size

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is; known once built."""
        return ((self.value_size,),)

    def build(self, inputs_shape):
        self.positions.build(inputs_shape)
        self.stack.build(inputs_shape)
        if self.variant == "convs2s":
            self.leave = self.stack.linear(inputs_shape[-1], "leave")
            self.leave.build((None, self.stack.output_size))

    def call(self, inputs, valid, training=False):
        real = ops.cast(valid, inputs.dtype)[..., None]
        inputs = self.positions(inputs)
        if self.variant == "convs2s":
            inputs = self.stack.drop(inputs, training=training)
        outputs = self.stack.runner()(
            inputs,
            lambda i, x: self.stack.convolve(i, x * real, training),
        )
        if self.variant == "convs2s":
            outputs = self.leave(outputs)
            outputs = scale_gradient(outputs, 0.5 / self.readers)
            values = self.stack.join(outputs, inputs) * real
            outputs = outputs * real
        else:
            values = outputs = outputs * real
        state = masked_mean(values, valid)
        return EncoderOutput(outputs, ((state,),), values, valid)

    def get_config(self):
        return {
            **super().get_config(),
            **self.stack.settings(),
            "positions": self.kind_of_positions,
            "num_positions": self.num_positions,
        }
