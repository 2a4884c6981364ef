"""Encoder and decoder without attention."""

import keras

from keras_seq2seq.layers.basic_decoder import BasicDecoder
from keras_seq2seq.layers.bridges import InitialStateBridge
from keras_seq2seq.layers.unidirectional_rnn_encoder import (
    UnidirectionalRNNEncoder,
)
from keras_seq2seq.zoo.seq2seq import Seq2Seq


@keras.saving.register_keras_serializable("keras_seq2seq")
class BasicSeq2Seq(Seq2Seq):
    """Sequence to sequence without attention.

    Args:
        source_vocabulary_size: int. Special tokens included.
        target_vocabulary_size: int. Special tokens included.
        embedding_dim: int. Width of token vectors.
        encoder: encoder layer. Default: `UnidirectionalRNNEncoder`.
        bridge: bridge layer. Default: `InitialStateBridge`.
        decoder: decoder layer. Default: `BasicDecoder`.
        **options: as `Seq2Seq` has them: `share_embeddings`,
            `reverse_source`, dropouts, `label_smoothing`, `tokenizers`, ...

    Source:
        [Sutskever et al., 2014](https://arxiv.org/abs/1409.3215).
    """

    def __init__(
        self,
        source_vocabulary_size,
        target_vocabulary_size,
        embedding_dim=100,
        encoder=None,
        bridge=None,
        decoder=None,
        **options,
    ):
        options.pop("attention", None)  # a stored configuration holds it
        super().__init__(
            source_vocabulary_size,
            target_vocabulary_size,
            embedding_dim,
            encoder=encoder or UnidirectionalRNNEncoder(),
            bridge=bridge or InitialStateBridge(),
            attention=None,
            decoder=decoder or BasicDecoder(),
            **options,
        )
