"""Settings of encoders without recurrence, attention and bridges."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from keras_seq2seq.config.conv_schema import (
    ConvS2SDecoderParams,
    ConvS2SEncoderParams,
)
from keras_seq2seq.config.rnn_schema import (
    AttentionDecoderParams,
    DecoderParams,
    RNNParams,
)
from keras_seq2seq.config.section import Section, refuse
from keras_seq2seq.config.values import (
    Flag,
    KeepProbability,
    Text,
    Whole,
    name_of,
)


class PositionParams(Section):
    """Settings of encoders that add positions to their inputs."""

    positions: Flag = Field(
        True,
        alias="position_embeddings.enable",
        description="Combine the inputs with constant position encodings.",
    )
    position_combiner: name_of("combiner") = Field(
        "multiply",
        alias="position_embeddings.combiner_fn",
        description="How: multiply or add.",
    )
    num_positions: Whole = Field(
        100,
        ge=1,
        alias="position_embeddings.num_positions",
        description="Positions that have an encoding; values depend on it.",
    )


class PoolingEncoderParams(PositionParams):
    """Arguments of PoolingEncoder."""

    dropout_keep_prob: KeepProbability = Field(
        0.8, description="Share of the inputs kept in training."
    )
    pooling_fn: name_of("pooling") = Field(
        "average_pooling1d", description="How a window becomes one vector."
    )
    pool_size: Whole = Field(5, ge=1, description="Window, in positions.")
    strides: Whole = Field(1, ge=1, description="Step, in positions.")


class ConvEncoderParams(PositionParams):
    """Arguments of ConvEncoder."""

    attention_units: Whole = Field(
        512,
        ge=1,
        alias="attention_cnn.units",
        description="Features of the convolutions that make the keys.",
    )
    attention_kernel_size: Whole = Field(
        3,
        ge=1,
        alias="attention_cnn.kernel_size",
        description="Window of these convolutions, in positions.",
    )
    attention_layers: Whole = Field(
        15,
        ge=1,
        alias="attention_cnn.layers",
        description="Number of these convolutions.",
    )
    output_units: Whole = Field(
        256,
        ge=1,
        alias="output_cnn.units",
        description="Features of the convolutions that make the values.",
    )
    output_kernel_size: Whole = Field(
        3,
        ge=1,
        alias="output_cnn.kernel_size",
        description="Window of these convolutions, in positions.",
    )
    output_layers: Whole = Field(
        5,
        ge=1,
        alias="output_cnn.layers",
        description="Number of these convolutions.",
    )
    embedding_dropout_keep_prob: KeepProbability = Field(
        0.8, description="Share of the embeddings kept in training."
    )


def _none_is_a_word(value):
    """YAML's null is none, too."""
    return "none" if value is None else value


class InceptionV3Params(Section):
    """Arguments of InceptionV3Encoder."""

    resize_height: Whole = Field(299, ge=1, description="In pixels.")
    resize_width: Whole = Field(299, ge=1, description="In pixels.")
    weights: Text | None = Field(
        "imagenet",
        description="What the network begins with: imagenet, a file (.npz, "
        ".h5), or null for random weights.",
    )
    fine_tune_from: Text | None = Field(
        None,
        description="Layer of the network from which on weights are trained, "
        "or all; null: it is frozen.",
    )
    num_units: Whole | None = Field(
        None,
        ge=1,
        description="Width of a dense relu layer over the cells; null: none.",
    )
    dropout_keep_prob: KeepProbability = Field(
        1.0,
        description="Share of a picture's features kept in training, the same "
        "in all cells.",
    )
    pool: Flag = Field(
        False, description="One cell, the mean of all: attention has no choice."
    )
    feature_cache: Annotated[
        Literal["none", "float16", "float32"],
        BeforeValidator(_none_is_a_word),
    ] = Field(
        "none",
        description="Keep what a frozen network makes of each picture in a "
        "file, in this type, so that no pass computes it again.",
    )

    @model_validator(mode="after")
    def _learns_what_it_sees(self):
        faults = []
        if self.feature_cache != "none" and self.fine_tune_from is not None:
            text = (
                "keeps features of a frozen network, but fine_tune_from is "
                f"{self.fine_tune_from}. Remove one"
            )
            faults.append((("feature_cache",), text, self.feature_cache))
        own = "." in getattr(self, "backbone", "")
        without = self.weights in (None, "", "none")
        if without and self.fine_tune_from is None and not own:
            text = (
                "are none, and so is fine_tune_from: a network of random "
                "weights that never learns. Type fine_tune_from: all"
            )
            faults.append((("weights",), text, self.weights))
        refuse(type(self), faults)
        return self


class ImageEncoderParams(InceptionV3Params):
    """Arguments of ImageEncoder."""

    backbone: Text = Field(
        "InceptionV3",
        min_length=1,
        description="Network: a name of keras.applications, "
        "EfficientNetLite0, or your own function with its module, called with "
        "height and width, that returns a keras.Model.",
    )


class AttentionParams(Section):
    """Arguments of an attention layer."""

    num_units: Whole = Field(
        128, ge=1, description="Width A of projected keys and queries."
    )
    use_bias: Flag = Field(
        True, description="The projections add a bias; Sockeye's have none."
    )


class DotAttentionParams(AttentionParams):
    """Arguments of attentions that multiply queries and keys."""

    project: Literal["always", "if_needed"] = Field(
        "always",
        description="if_needed: what is A wide already is not projected "
        "(Sockeye).",
    )


class FixedAttentionParams(Section):
    """Arguments of attentions that project to no width of their own."""

    use_bias: Literal[False] = Field(
        False, description="Here a bias could change nothing."
    )


class BridgeParams(Section):
    """Arguments of bridges that compute nothing: none."""


class InitialStateBridgeParams(Section):
    """Arguments of InitialStateBridge."""

    bridge_input: Literal["final_state", "outputs", "attention_values"] = Field(
        "final_state",
        description="Part of the encoder's output that is projected.",
    )
    activation_fn: name_of("activation") = Field(
        "linear", description="Applied to the projection."
    )


class EncoderOutputBridgeParams(Section):
    """Arguments of EncoderOutputBridge."""

    mode: Literal["last", "avg", "zero"] = Field(
        "last",
        description="Which of the encoder's outputs: at the last word, the "
        "mean over all words, or none: zeros.",
    )


class ConcatInputBridgeParams(InitialStateBridgeParams):
    """Arguments of ConcatInputBridge."""

    num_units: Whole = Field(
        ge=1, description="Width of the projection, in features."
    )


ENCODERS = {
    "UnidirectionalRNNEncoder": RNNParams,
    "BidirectionalRNNEncoder": RNNParams,
    "StackBidirectionalRNNEncoder": RNNParams,
    "HybridRNNEncoder": RNNParams,
    "PoolingEncoder": PoolingEncoderParams,
    "ConvEncoder": ConvEncoderParams,
    "ConvS2SEncoder": ConvS2SEncoderParams,
    "InceptionV3Encoder": InceptionV3Params,
    "ImageEncoder": ImageEncoderParams,
}
PICTURE_ENCODERS = ("InceptionV3Encoder", "ImageEncoder")
DECODERS = {
    "BasicDecoder": DecoderParams,
    "AttentionDecoder": AttentionDecoderParams,
    "ConvS2SDecoder": ConvS2SDecoderParams,
}
ATTENTIONS = {
    "AdditiveAttention": AttentionParams,
    "DotAttention": DotAttentionParams,
    "BilinearAttention": FixedAttentionParams,
    "ScaledDotAttention": DotAttentionParams,
    "FixedAttention": FixedAttentionParams,
}
BRIDGES = {
    "ZeroBridge": BridgeParams,
    "PassThroughBridge": BridgeParams,
    "InitialStateBridge": InitialStateBridgeParams,
    "ConcatInputBridge": ConcatInputBridgeParams,
    "EncoderOutputBridge": EncoderOutputBridgeParams,
}
