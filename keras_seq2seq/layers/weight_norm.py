"""Layers whose kernel's norm and direction are trained apart."""

import keras
from keras import ops

from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import product

TINY = 1e-12  # below the squared norm of any kernel that was drawn


def norms(kernel):
    """Euclidean norm of a kernel `(..., units)` over all axes but the last."""
    axes = tuple(range(len(kernel.shape) - 1))
    return ops.sqrt(ops.sum(ops.square(kernel), axis=axes))


def weight_normed(direction, norm):
    """The kernel `norm * direction / |direction|`, per output feature.

    Args:
        direction: tensor `(..., units)`.
        norm: tensor `(units,)`.

    Source:
        [Salimans and Kingma, 2016](https://arxiv.org/abs/1602.07868), eq. 2.
    """
    axes = tuple(range(len(direction.shape) - 1))
    squares = ops.sum(ops.square(direction), axis=axes)
    return direction * (norm * ops.rsqrt(ops.maximum(squares, TINY)))


class WeightNorm(Part):
    """What layers with a weight-normed kernel have in common.

    Args:
        units: int. Features of the output.
        weight_norm: bool. If False, the kernel is trained as it is.
        use_bias: bool. Whether a bias, 0 at first, is added.
        kernel_initializer: initializer of the kernel. Its norm, trained
            apart, begins as that of what was drawn.
    """

    def __init__(
        self,
        units,
        weight_norm=True,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(
                f"`units` must be positive. Received: units={units}"
            )
        self.units = units
        self.weight_norm = weight_norm
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def add_kernel(self, *shape):
        """Makes the weights of a kernel `(*shape, units)`."""
        # Normed in the variables' type: a square of bfloat16 is coarse.
        self.direction = self.add_weight(
            name="kernel",
            shape=(*shape, self.units),
            initializer=self.kernel_initializer,
            autocast=False,
        )
        if self.weight_norm:
            self.norm = self.add_weight(
                name="norm", shape=(self.units,), autocast=False
            )
            self.weights_drawn()
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer="zeros"
            )

    def weights_drawn(self):
        """Begins with the norm of the kernel, whoever has drawn it."""
        if self.weight_norm:
            self.norm.assign(norms(self.direction))

    def kernel(self):
        """The kernel `(..., units)` in the compute type."""
        if not self.weight_norm:
            return self.read(self.direction)
        normed = weight_normed(
            ops.convert_to_tensor(self.direction),
            ops.convert_to_tensor(self.norm),
        )
        return ops.cast(normed, self.compute_dtype)

    def affine(self):
        """Returns `x (..., n) -> (..., units)`, with the weights read once.

        A kernel of more than two axes is flattened to `(n, units)`.
        """
        kernel = ops.reshape(self.kernel(), (-1, self.units))
        bias = self.read(self.bias) if self.use_bias else None

        def apply(x):
            y = product(x, kernel)
            return y if bias is None else y + bias

        return apply

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "weight_norm": self.weight_norm,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }
