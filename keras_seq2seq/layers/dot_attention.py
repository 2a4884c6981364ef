"""Attention by the product of keys and queries."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import ProjectedAttention
from keras_seq2seq.ops import product


@keras.saving.register_keras_serializable("keras_seq2seq")
class DotAttention(ProjectedAttention):
    """Scores `(W k + b) · (U q + c)`.

    Args:
        units: int. Width `A` that keys and queries are projected to.

    Source:
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025), 3.1, with the
        projections of google/seq2seq.
    """

    scale = 1.0

    def scorer(self, keys):
        project = self.linear(self.query_projection)
        columns = ops.transpose(keys, (0, 2, 1)) * self.scale  # (B, A, S)
        return lambda query: product(project(query), columns)


@keras.saving.register_keras_serializable("keras_seq2seq")
class ScaledDotAttention(DotAttention):
    """Scores `(W k + b) · (U q + c) / sqrt(A)`.

    Args:
        units: int. Width `A` that keys and queries are projected to.

    Source:
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), eq. 1.
    """

    @property
    def scale(self):
        return self.units**-0.5
