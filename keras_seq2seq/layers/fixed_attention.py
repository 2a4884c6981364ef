"""Attention that always looks at the end."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import Attention
from keras_seq2seq.ops import lengths


@keras.saving.register_keras_serializable("keras_seq2seq")
class FixedAttention(Attention):
    """All weight on the last real position, whatever the query.

    That position must be the one that the encoder read last.

    Source:
        [Sutskever et al., 2014](https://arxiv.org/abs/1409.3215), as Sockeye
        offers it beside the attentions that learn.
    """

    needs_last = True

    def build(self, query_size, key_size):
        """Has no weights."""

    def project_keys(self, outputs):
        return outputs[:, :, :1]

    def weigher(self, keys, valid):
        last = ops.one_hot(
            ops.maximum(lengths(valid) - 1, 0), ops.shape(valid)[1]
        )
        real = ops.cast(valid, "float32")  # all zero: no last position
        last = (ops.cast(last, "float32") * real)[:, None]  # (B, 1, S)
        return lambda query: ops.repeat(last, ops.shape(query)[1], axis=1)
