"""The weight-normed convolution."""

import keras
from keras import ops

from keras_seq2seq.layers.weight_norm import WeightNorm
from keras_seq2seq.ops import windows


@keras.saving.register_keras_serializable("keras_seq2seq")
class WeightNormConv1D(WeightNorm):
    """Convolution over positions with `W = g v / |v|`, per output feature.

    Computed as one product of `k` shifted inputs, joined, with the kernel:
    faster on processors than a convolution, backwards above all, and a search
    applies the same product to the last `k` inputs.

    Args:
        units: int. Features of the output.
        kernel_size: int. Window `k`, in positions.
        causal: bool. If True an output sees the `k - 1` positions before its
            own and no later one; else as many before as behind, and one more
            behind where `k` is even.
        weight_norm: bool. If False, `W` is trained as it is.
        use_bias: bool.
        kernel_initializer: initializer of `v`; `g` begins as `|v|`.

    Call arguments:
        x: tensor `(B, L, n)`; zeros stand around it.

    Returns:
        tensor `(B, L, units)`.

    Source:
        [Salimans and Kingma, 2016](https://arxiv.org/abs/1602.07868).
    """

    def __init__(self, units, kernel_size, causal=False, **kwargs):
        super().__init__(units, **kwargs)
        if kernel_size < 1:
            raise ValueError(
                "`kernel_size` must be positive. "
                f"Received: kernel_size={kernel_size}"
            )
        self.kernel_size = kernel_size
        self.causal = causal

    def build(self, inputs_shape):
        self.add_kernel(self.kernel_size, inputs_shape[-1])

    def call(self, x):
        return self.affine()(self.windows(x))

    def windows(self, x):
        """All inputs that each output sees, `(B, L, k * n)`."""
        around = self.kernel_size - 1
        if not around:
            return x
        before = around if self.causal else around // 2
        seen = windows(x, self.kernel_size, before)
        return ops.concatenate(seen, axis=-1)

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "causal": self.causal,
        }
