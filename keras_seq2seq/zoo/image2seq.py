"""Writes captions of pictures."""

import keras

from keras_seq2seq.layers.additive_attention import AdditiveAttention
from keras_seq2seq.layers.attention_decoder import AttentionDecoder
from keras_seq2seq.layers.bridges import ZeroBridge
from keras_seq2seq.layers.image_encoder import InceptionV3Encoder
from keras_seq2seq.zoo.picture_generation import PictureGenerator
from keras_seq2seq.zoo.seq2seq import Seq2Seq

TEXT_OPTIONS = (
    "source_vocabulary_size",
    "reverse_source",
    "append_end",
    "max_source_length",
    "max_length_ratio",
)


@keras.saving.register_keras_serializable("keras_seq2seq")
class Image2Seq(Seq2Seq):
    """Attention over the cells of a picture's feature map.

    Args:
        target_vocabulary_size: int. Special tokens included.
        embedding_dim: int. Width of token vectors.
        encoder: `ImageEncoder`. Default: `InceptionV3Encoder`.
        bridge: bridge layer. Default: `ZeroBridge`.
        attention: attention layer. Default: `AdditiveAttention(128)`.
        decoder: decoder layer. Default: `AttentionDecoder`.
        **options: as `Seq2Seq` has them, but for what concerns source text:
            `share_embeddings` None or `"target_output"`, dropouts,
            `label_smoothing`, `tokenizers` (a pair whose first is None), ...

    Call arguments:
        inputs: mapping of `"image"`, pictures `(B, H, W, 3)` in 0 to 255, or
            `"features"`, what `encoder.features` makes of them `(B, C, D)`,
            and of int `"target" (B, T)`, right-padded with 0, which begins
            with START.

    Returns:
        float32 logits `(B, T, V)` of the tokens that follow.

    Source:
        [Xu et al., 2015](https://arxiv.org/abs/1502.03044), with the decoder
        of [Britz et al., 2017](https://arxiv.org/abs/1703.03906).
    """

    def __init__(
        self,
        target_vocabulary_size,
        embedding_dim=100,
        encoder=None,
        bridge=None,
        attention=None,
        decoder=None,
        **options,
    ):
        super().__init__(
            None,
            target_vocabulary_size,
            embedding_dim,
            encoder=encoder or InceptionV3Encoder(),
            bridge=bridge or ZeroBridge(),
            attention=attention or AdditiveAttention(),
            decoder=decoder or AttentionDecoder(),
            reverse_source=False,
            **options,
        )

    def read(self, inputs, training=False):
        """What the encoder makes of pictures or their features."""
        given = inputs["features" if "features" in inputs else "image"]
        return self.encoder(given, training=training)

    def make_generator(self, tokenizers, search):
        """What turns pictures into captions for `generate`."""
        return PictureGenerator(
            self,
            tokenizers,
            max_target_length=self.max_target_length,
            search=search,
        )

    def generate(self, sources, search=None, **options):
        """Writes captions; see `PictureGenerator.generate`."""
        return super().generate(sources, search, **options)

    def get_config(self):
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in TEXT_OPTIONS}
