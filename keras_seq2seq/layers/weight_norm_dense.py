"""The weight-normed linear layer."""

import keras

from keras_seq2seq.layers.weight_norm import WeightNorm


@keras.saving.register_keras_serializable("keras_seq2seq")
class WeightNormDense(WeightNorm):
    """Linear layer `W x + b` with `W = g v / |v|`, per output feature.

    Args:
        units: int. Features of the output.
        weight_norm: bool. If False, `W` is trained as it is.
        use_bias: bool.
        kernel_initializer: initializer of `v`; `g` begins as `|v|`.

    Call arguments:
        x: tensor `(..., n)`.

    Returns:
        tensor `(..., units)`.

    Source:
        [Salimans and Kingma, 2016](https://arxiv.org/abs/1602.07868).
    """

    def build(self, inputs_shape):
        self.add_kernel(inputs_shape[-1])

    def call(self, x):
        return self.affine()(x)
