"""Encoder and decoder with attention."""

import keras

from keras_seq2seq.layers.additive_attention import AdditiveAttention
from keras_seq2seq.layers.attention_decoder import AttentionDecoder
from keras_seq2seq.layers.bidirectional_rnn_encoder import (
    BidirectionalRNNEncoder,
)
from keras_seq2seq.layers.bridges import ZeroBridge
from keras_seq2seq.zoo.seq2seq import Seq2Seq


@keras.saving.register_keras_serializable("keras_seq2seq")
class AttentionSeq2Seq(Seq2Seq):
    """Sequence to sequence with attention.

    Args:
        source_vocabulary_size: int. Special tokens included.
        target_vocabulary_size: int. Special tokens included.
        embedding_dim: int. Width of token vectors.
        encoder: encoder layer. Default: `BidirectionalRNNEncoder`.
        bridge: bridge layer. Default: `ZeroBridge`.
        attention: attention layer. Default: `AdditiveAttention(128)`, or
            None for a decoder that has its own.
        decoder: decoder layer. Default: `AttentionDecoder`.
        **options: as `Seq2Seq` has them: `share_embeddings`,
            `reverse_source`, dropouts, `label_smoothing`, `tokenizers`, ...

    Source:
        [Bahdanau et al., 2015](https://arxiv.org/abs/1409.0473), in the form
        of [Britz et al., 2017](https://arxiv.org/abs/1703.03906).
    """

    def __init__(
        self,
        source_vocabulary_size,
        target_vocabulary_size,
        embedding_dim=100,
        encoder=None,
        bridge=None,
        attention=None,
        decoder=None,
        **options,
    ):
        decoder = decoder or AttentionDecoder()
        if attention is None and decoder.own_attentions is None:
            attention = AdditiveAttention()
        super().__init__(
            source_vocabulary_size,
            target_vocabulary_size,
            embedding_dim,
            encoder=encoder or BidirectionalRNNEncoder(),
            bridge=bridge or ZeroBridge(),
            attention=attention,
            decoder=decoder,
            **options,
        )
