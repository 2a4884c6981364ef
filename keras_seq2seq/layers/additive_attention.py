"""Attention by a small feed-forward network."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import ProjectedAttention


@keras.saving.register_keras_serializable("keras_seq2seq")
class AdditiveAttention(ProjectedAttention):
    """Scores `v · tanh(W k + b + U q + c)`.

    Args:
        units: int. Width `A` of the hidden layer.
        use_bias: bool. Whether there are `b` and `c`.

    Source:
        [Bahdanau et al., 2015](https://arxiv.org/abs/1409.0473), A.1.2.
    """

    def build(self, query_size, key_size):
        super().build(query_size, key_size)
        self.vector = self.add_weight(name="vector", shape=(self.units,))

    def scorer(self, keys):
        project = self.linear(self.query_projection)
        vector = ops.expand_dims(self.read(self.vector), 1)  # (A, 1)
        keys = ops.expand_dims(keys, 1)  # (B, 1, S, A)

        def score(query):
            # Not indexing: its gradient fills a tensor of zeros first.
            query = ops.expand_dims(project(query), 2)
            return ops.squeeze(ops.matmul(ops.tanh(keys + query), vector), -1)

        return score
