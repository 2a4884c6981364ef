"""Attention by a bilinear form."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import Attention
from keras_seq2seq.ops import product


@keras.saving.register_keras_serializable("keras_seq2seq")
class BilinearAttention(Attention):
    """Scores `q · W k`, Luong's "general" form.

    Source:
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025), 3.1.
    """

    def build(self, query_size, key_size):
        self.key_projection = self.add_projection(
            "key_projection", key_size, query_size, use_bias=False
        )

    @property
    def key_size(self):
        return self.key_projection.units

    def project_keys(self, outputs):
        return self.linear(self.key_projection)(outputs)

    def scorer(self, keys):
        columns = ops.transpose(keys, (0, 2, 1))  # (B, U, S)
        return lambda query: product(query, columns)
