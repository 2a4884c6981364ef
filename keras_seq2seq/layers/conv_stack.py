"""The stack of convolutions that ConvS2S's encoder and decoder share."""

import math
from typing import NamedTuple

import keras

from keras_seq2seq.layers.gated_linear_unit import ACTIVATIONS, features_in
from keras_seq2seq.layers.part import Part
from keras_seq2seq.layers.weight_norm_conv1d import WeightNormConv1D
from keras_seq2seq.layers.weight_norm_dense import WeightNormDense

VARIANTS = ("convs2s", "sockeye")
BASE = ((512, 3),) * 20  # fairseq's default


class ConvLayer(NamedTuple):
    """One convolution of a stack.

    Attributes:
        units: int. Features behind the activation.
        kernel_size: int. Window, in positions.
        residual: int. The output how many layers below is added; 0: none.
    """

    units: int
    kernel_size: int
    residual: int = 1


class ConvStack(Part):
    """A linear layer and gated convolutions with residual connections.

    Layer `l` computes `x_l = (f(conv(drop(x_{l-1}))) + x_{l-r}) s`, where `r`
    is its residual offset and `s` is `sqrt(1/2)` in the variant `convs2s` and
    1 in `sockeye`. Where widths differ, `x_{l-r}` passes a linear layer.

    Args:
        layers: sequence of `(units, kernel_size)` or `(units, kernel_size,
            residual)`.
        causal: bool. If True no output sees a later position.
        variant: `"convs2s"` or `"sockeye"`.
        activation: a name of `ACTIVATIONS`.
        dropout: float in [0, 1), or None. Dropped share of each convolution's
            inputs. None: 0.1 in `convs2s`, 0 in `sockeye`.
        weight_norm: bool or None. None: as the variant has it, on in
            `convs2s` and off in `sockeye`.
        seed: int or None. Of the dropout masks.

    Source:
        [Gehring et al., 2017](https://arxiv.org/abs/1705.03122), 3.2 and 3.5,
        as in fairseq; Sockeye 1's convolutional encoder and decoder.
    """

    def __init__(
        self,
        layers=BASE,
        causal=False,
        variant="convs2s",
        activation="glu",
        dropout=0.0,
        weight_norm=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if variant not in VARIANTS:
            raise ValueError(
                f"`variant` must be one of {VARIANTS}. Received: {variant!r}"
            )
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"`activation` must be one of {tuple(ACTIVATIONS)}. "
                f"Received: {activation!r}"
            )
        if dropout is None:
            dropout = 0.1 if variant == "convs2s" else 0.0
        if not 0 <= dropout < 1:
            raise ValueError(
                f"`dropout` must lie in [0, 1). Received: dropout={dropout}"
            )
        self.layers = tuple(map(_layer, layers))
        _check(self.layers, variant, causal)
        self.causal = causal
        self.variant = variant
        self.activation = activation
        self.dropout = dropout
        self.weight_norm = (
            variant == "convs2s" if weight_norm is None else weight_norm
        )
        self.seed = seed
        self.scale = 0.5**0.5 if variant == "convs2s" else 1.0
        # Sockeye's first layer has no bias.
        self.enter = self.linear(
            self.layers[0].units, "enter", dropout, variant == "convs2s"
        )
        self.convolutions = [
            self._convolution(index) for index in range(len(self.layers))
        ]
        self.drop = keras.layers.Dropout(
            dropout, seed=seed, dtype=self.dtype_policy
        )

    @property
    def output_size(self):
        """Width of the last layer's output."""
        return self.layers[-1].units

    def linear(self, units, name, dropout=0.0, use_bias=True):
        """A linear layer as this stack has them, unbuilt.

        Args:
            units: int. Features of its output.
            name: str.
            dropout: float. Dropped share of its inputs, for which its initial
                values make up.
            use_bias: bool.
        """
        return WeightNormDense(
            units,
            weight_norm=self.weight_norm,
            use_bias=use_bias,
            kernel_initializer=self._initializer(1, dropout),
            dtype=self.dtype_policy,
            name=name,
        )

    def _initializer(self, gain, dropout):
        """Keeps variances: normal with `sqrt(gain (1 - dropout) / inputs)`."""
        if self.variant == "sockeye":
            return keras.initializers.VarianceScaling(
                2.34 / 3, "fan_in", "uniform"
            )
        return NormalByInputs(gain * (1 - dropout))

    def _convolution(self, index):
        units, kernel_size, _ = self.layers[index]
        # A gate halves the outputs, so that the variance falls to a quarter.
        gain = 4 if self.activation == "glu" else 1
        return WeightNormConv1D(
            features_in(self.activation, units),
            kernel_size,
            causal=self.causal,
            weight_norm=self.weight_norm,
            kernel_initializer=self._initializer(gain, self.dropout),
            dtype=self.dtype_policy,
            name=f"convolution_{index}",
        )

    def build(self, inputs_shape):
        self.enter.build(inputs_shape)
        widths = [self.layers[0].units]
        resizes = []
        for index, layer in enumerate(self.layers):
            self.convolutions[index].build((None, None, widths[-1]))
            resizes.append(self._resize(index, widths[-layer.residual]))
            widths.append(layer.units)
        self.resizes = resizes

    def _resize(self, index, width):
        """The linear layer of a residual connection of that width, or None."""
        units, _, residual = self.layers[index]
        if not residual or width == units:
            return None
        layer = self.linear(units, f"resize_{index}")
        layer.build((None, width))
        return layer

    def convolve(self, index, x, training):
        """`f(conv(drop(x)))` of one layer, `(B, L, n) -> (B, L, units)`."""
        x = self.drop(x, training=training)
        return ACTIVATIONS[self.activation](self.convolutions[index](x))

    def last_convolver(self, index):
        """Returns `last (..., k * n) -> (..., units)`, weights read once.

        `last` joins the last `k` inputs of a causal layer, oldest first.
        """
        apply = self.convolutions[index].affine()
        activate = ACTIVATIONS[self.activation]
        return lambda last: activate(apply(last))

    def runner(self):
        """Returns `run(x, convolve)`, linear layers' weights read once.

        `convolve(index, x)` is what a layer does in front of its residual
        connection; `x (..., n)` are the stack's inputs.
        """
        enter = self.enter.affine()
        resizes = [each and each.affine() for each in self.resizes]

        def run(x, convolve):
            outputs = [enter(x)]
            for index, layer in enumerate(self.layers):
                x = convolve(index, outputs[-1])
                if layer.residual:
                    below = outputs[-layer.residual]
                    resize = resizes[index]
                    x = self.join(x, resize(below) if resize else below)
                outputs.append(x)
            return outputs[-1]

        return run

    def join(self, x, y):
        """The sum of two tensors, scaled as in this variant."""
        return x + y if self.scale == 1.0 else (x + y) * self.scale

    def get_config(self):
        return {
            **super().get_config(),
            "causal": self.causal,
            **self.settings(),
        }

    def settings(self):
        """Arguments that an encoder or a decoder has from its stack, a dict."""
        return {
            "layers": [list(layer) for layer in self.layers],
            "variant": self.variant,
            "activation": self.activation,
            "dropout": self.dropout,
            "weight_norm": self.weight_norm,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable("keras_seq2seq")
class NormalByInputs(keras.initializers.Initializer):
    """Normal numbers with variance `gain / n`, for `n` inputs of an output.

    Args:
        gain: float. Variance of the outputs, for inputs of variance 1.
        seed: int or None.

    Source:
        [Gehring et al., 2017](https://arxiv.org/abs/1705.03122), 3.5.
    """

    def __init__(self, gain=1.0, seed=None):
        self.gain = gain
        self.seed = seed

    def __call__(self, shape, dtype=None):
        deviation = (self.gain / math.prod(shape[:-1])) ** 0.5
        return keras.random.normal(
            shape, stddev=deviation, dtype=dtype, seed=self.seed
        )

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed}


def _layer(given):
    sizes = tuple(given)
    whole = all(type(size) is int for size in sizes)
    if not whole or len(sizes) not in (2, 3) or min(sizes[:2]) < 1:
        raise ValueError(
            "Each of `layers` must be (units, kernel_size) or (units, "
            "kernel_size, residual), positive integers (residual: 0 for "
            f"none). Received: {given!r}"
        )
    return ConvLayer(*sizes)


def _check(layers, variant, causal):
    if not layers:
        raise ValueError("`layers` must hold at least one. Received: none")
    for index, layer in enumerate(layers):
        if not 0 <= layer.residual <= index + 1:
            raise ValueError(
                f"The residual offset of layer {index + 1} must lie in [0, "
                f"{index + 1}]: there are no more layers below it. Received: "
                f"{layer.residual}"
            )
    if variant == "convs2s":
        return
    widths = sorted({layer.units for layer in layers})
    if len(widths) > 1:
        raise ValueError(
            "The variant 'sockeye' has layers of one width. Received: widths "
            f"{widths}. Make them equal, or use the variant 'convs2s'"
        )
    even = [each.kernel_size for each in layers if each.kernel_size % 2 == 0]
    if even and not causal:
        raise ValueError(
            "The variant 'sockeye' centres an encoder's kernels, whose size "
            f"must be odd. Received: {even[0]}"
        )
