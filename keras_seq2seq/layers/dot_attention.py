"""Attention by the product of keys and queries."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import ProjectedAttention
from keras_seq2seq.ops import product

PROJECTING = ("always", "if_needed")


@keras.saving.register_keras_serializable("keras_seq2seq")
class DotAttention(ProjectedAttention):
    """Scores `(W k + b) · (U q + c)`.

    Args:
        units: int. Width `A` that keys and queries are projected to.
        use_bias: bool. Whether there are `b` and `c`.
        project: `"always"`, as google/seq2seq, or `"if_needed"`, as Sockeye:
            what is `A` wide already stays as it is.

    Source:
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025), 3.1.
    """

    scale = 1.0

    def __init__(self, units=128, use_bias=True, project="always", **kwargs):
        super().__init__(units, use_bias, **kwargs)
        if project not in PROJECTING:
            raise ValueError(
                f"`project` must be one of {PROJECTING}. "
                f"Received: project={project!r}"
            )
        self.project = project

    def add_projection(self, name, inputs, units, use_bias=True):
        if self.project == "if_needed" and inputs == units:
            return None
        return super().add_projection(name, inputs, units, use_bias)

    def linear(self, layer):
        return (lambda x: x) if layer is None else super().linear(layer)

    def scorer(self, keys):
        project = self.linear(self.query_projection)
        columns = ops.transpose(keys, (0, 2, 1)) * self.scale  # (B, A, S)
        return lambda query: product(project(query), columns)

    def get_config(self):
        return {**super().get_config(), "project": self.project}


@keras.saving.register_keras_serializable("keras_seq2seq")
class ScaledDotAttention(DotAttention):
    """Scores `(W k + b) · (U q + c) / sqrt(A)`.

    Its arguments are those of `DotAttention`.

    Source:
        [Vaswani et al., 2017](https://arxiv.org/abs/1706.03762), eq. 1.
    """

    @property
    def scale(self):
        return self.units**-0.5
