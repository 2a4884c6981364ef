"""Encoder and decoder of convolutions."""

import keras
from keras import ops

from keras_seq2seq.config.conv_architectures import ARCHITECTURES
from keras_seq2seq.layers.additive_attention import AdditiveAttention
from keras_seq2seq.layers.bridges import ZeroBridge
from keras_seq2seq.layers.conv_s2s_decoder import ConvS2SDecoder
from keras_seq2seq.layers.conv_s2s_encoder import ConvS2SEncoder
from keras_seq2seq.layers.conv_stack import NormalByInputs
from keras_seq2seq.tokens import PAD
from keras_seq2seq.zoo.seq2seq import Seq2Seq


@keras.saving.register_keras_serializable("keras_seq2seq")
class ConvS2S(Seq2Seq):
    """Convolutional sequence to sequence.

    Token vectors begin normal with the deviation `init_scale`, padding's at
    0. Either side may be recurrent instead, if widths allow.

    Args:
        source_vocabulary_size: int. Special tokens included.
        target_vocabulary_size: int. Special tokens included.
        embedding_dim: int or None. Width of token vectors. None: as the
            architecture has it.
        encoder: encoder layer. Default: `ConvS2SEncoder` of the architecture.
        bridge: bridge layer. Default: `ZeroBridge`.
        attention: attention layer of a recurrent decoder; such a one has
            `AdditiveAttention` by default. Otherwise None.
        decoder: decoder layer. Default: `ConvS2SDecoder` of the architecture.
        architecture: name of published sizes: `"base"`, `"iwslt_de_en"`,
            `"wmt_en_ro"`, `"wmt_en_de"` or `"wmt_en_fr"`.
        reverse_source: as `Seq2Seq` has it, but False.
        init_scale: float. Deviation of the token vectors at the start.
        **options: as `Seq2Seq` has them: `share_embeddings`,
            `label_smoothing`, `clip_norm`, `tokenizers`, ...

    Source:
        [Gehring et al., 2017](https://arxiv.org/abs/1705.03122); with the
        variant `"sockeye"` of its layers the convolutional model of
        [Hieber et al., 2017](https://arxiv.org/abs/1712.05690).
    """

    def __init__(
        self,
        source_vocabulary_size,
        target_vocabulary_size,
        embedding_dim=None,
        encoder=None,
        bridge=None,
        attention=None,
        decoder=None,
        architecture="base",
        reverse_source=False,
        init_scale=0.1,
        **options,
    ):
        if architecture not in ARCHITECTURES:
            raise ValueError(
                f"`architecture` must be one of {tuple(ARCHITECTURES)}. "
                f"Received: {architecture!r}"
            )
        sizes = ARCHITECTURES[architecture]
        if decoder is None:
            decoder = ConvS2SDecoder(sizes.decoder, out_units=sizes.out_units)
        if attention is None and decoder.own_attentions is None:
            attention = AdditiveAttention()
        super().__init__(
            source_vocabulary_size,
            target_vocabulary_size,
            embedding_dim or sizes.embedding_dim,
            encoder=encoder or ConvS2SEncoder(sizes.encoder),
            bridge=bridge or ZeroBridge(),
            attention=attention,
            decoder=decoder,
            reverse_source=reverse_source,
            init_scale=init_scale,
            **options,
        )

    def token_table(self, vocabulary_size, dim, name, **options):
        return super().token_table(
            vocabulary_size,
            dim,
            name,
            initializer=NormalWithoutPadding(self.init_scale),
            **options,
        )

    def output_projection(self, tied_to, **options):
        stack = getattr(self.decoder, "stack", None)
        if stack is None or stack.variant != "convs2s":
            return super().output_projection(tied_to, **options)
        return super().output_projection(
            tied_to,
            weight_norm=stack.weight_norm,
            kernel_initializer=NormalByInputs(1 - stack.dropout),
            **options,
        )


@keras.saving.register_keras_serializable("keras_seq2seq")
class NormalWithoutPadding(keras.initializers.Initializer):
    """Normal rows of a table of token vectors; padding's row is 0.

    Args:
        stddev: float.
        seed: int or None.
    """

    def __init__(self, stddev=0.1, seed=None):
        self.stddev = stddev
        self.seed = seed

    def __call__(self, shape, dtype=None):
        rows = keras.random.normal(
            shape, stddev=self.stddev, dtype=dtype, seed=self.seed
        )
        real = ops.arange(shape[0])[:, None] != PAD
        return rows * ops.cast(real, rows.dtype)

    def get_config(self):
        return {"stddev": self.stddev, "seed": self.seed}
