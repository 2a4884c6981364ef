"""Settings of a model, `model_params`: the dotted names of google/seq2seq."""

from typing import Any, Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from keras_seq2seq.config.conv_architectures import ARCHITECTURES
from keras_seq2seq.config.conv_schema import (
    ConvS2SDecoderParams,
    ConvS2SEncoderParams,
)
from keras_seq2seq.config.google import OPTIMIZER_ARGUMENTS, renamed
from keras_seq2seq.config.network_schema import (
    ATTENTIONS,
    BRIDGES,
    DECODERS,
    ENCODERS,
    AttentionParams,
    BridgeParams,
    ConcatInputBridgeParams,
    ConvEncoderParams,
    DotAttentionParams,
    EncoderOutputBridgeParams,
    FixedAttentionParams,
    ImageEncoderParams,
    InceptionV3Params,
    InitialStateBridgeParams,
    PoolingEncoderParams,
)
from keras_seq2seq.config.optimizer_schema import (
    OPTIMIZERS,
)
from keras_seq2seq.config.rnn_schema import (
    AttentionDecoderParams,
    DecoderParams,
    RNNParams,
)
from keras_seq2seq.config.section import refuse, typed
from keras_seq2seq.config.training_schema import TrainingParams, params_of
from keras_seq2seq.config.values import (
    Flag,
    Free,
    MaxLengthRatio,
    Real,
    Whole,
    name_of,
    received,
    wrong,
)

# Defaults that depend on the model (the rest of `ModelParams` does not).
MODEL_DEFAULTS = {
    "BasicSeq2Seq": {
        "encoder.class": "UnidirectionalRNNEncoder",
        "decoder.class": "BasicDecoder",
        "bridge.class": "InitialStateBridge",
    },
    "AttentionSeq2Seq": {
        "encoder.class": "BidirectionalRNNEncoder",
        "decoder.class": "AttentionDecoder",
        "bridge.class": "ZeroBridge",
    },
    "ConvS2S": {
        "encoder.class": "ConvS2SEncoder",
        "decoder.class": "ConvS2SDecoder",
        "bridge.class": "ZeroBridge",
        "architecture": "base",
        "embedding.init_scale": 0.1,
        "source.reverse": False,
    },
    "Image2Seq": {
        "encoder.class": "InceptionV3Encoder",
        "decoder.class": "AttentionDecoder",
        "bridge.class": "ZeroBridge",
    },
}
DEFAULT_MODEL = "AttentionSeq2Seq"
SCHEMAS = {
    "encoder": ENCODERS,
    "decoder": DECODERS,
    "bridge": BRIDGES,
    "attention": ATTENTIONS,
    "optimizer": OPTIMIZERS,
}


def _class(role, **options):
    """A setting `<role>.class`, whose default depends on the model."""
    key = f"{role}.class"
    return Field(
        MODEL_DEFAULTS[DEFAULT_MODEL][key],
        alias=key,
        description=f"Class of the {role}; the default depends on the model, "
        + ", ".join(f"{m}: {d[key]}" for m, d in MODEL_DEFAULTS.items()),
        **options,
    )


class ModelParams(TrainingParams):
    """Everything a model is built, trained and searched with."""

    architecture: Literal["", *ARCHITECTURES] = Field(
        "",
        description="Published sizes of ConvS2S: layers of encoder and "
        "decoder, out_units and embedding.dim where they are not given; its "
        "default there is base. Other models have none.",
    )
    encoder_class: name_of("encoder") = _class("encoder")
    encoder_params: (
        RNNParams
        | PoolingEncoderParams
        | ConvEncoderParams
        | ConvS2SEncoderParams
        | ImageEncoderParams
        | InceptionV3Params
        | Free
    ) = params_of("encoder")
    bridge_class: name_of("bridge") = _class("bridge")
    bridge_params: (
        ConcatInputBridgeParams
        | InitialStateBridgeParams
        | EncoderOutputBridgeParams
        | BridgeParams
        | Free
    ) = params_of("bridge")
    attention_class: name_of("attention") = Field(
        "AdditiveAttention",
        alias="attention.class",
        description="Class of the attention layer.",
    )
    attention_params: (
        AttentionParams | DotAttentionParams | FixedAttentionParams | Free
    ) = params_of("attention")
    inference_max_decode_length: Whole | None = Field(
        None,
        ge=1,
        alias="inference.max_decode_length",
        description="Another name of max_decode_length in decoder.params; "
        "null: that setting alone counts.",
    )
    inference_max_length_ratio: MaxLengthRatio = Field(
        None,
        alias="inference.max_length_ratio",
        description="Most target words per source token, the source rounded "
        "up to tens; auto: mean and two standard deviations of the training "
        "data; null: max_decode_length decides.",
    )
    decoder_class: name_of("decoder") = _class("decoder")
    decoder_params: (
        AttentionDecoderParams | DecoderParams | ConvS2SDecoderParams | Free
    ) = params_of("decoder")
    inference_beam_width: Whole = Field(
        0,
        alias="inference.beam_search.beam_width",
        description="Hypotheses kept by beam search; 1 or less: greedy search.",
    )
    inference_length_penalty_weight: Real = Field(
        0.0,
        ge=0,
        alias="inference.beam_search.length_penalty_weight",
        description="Exponent of the length penalty (Wu et al., 2016).",
    )
    inference_length_penalty_offset: Real = Field(
        5.0,
        ge=0,
        alias="inference.beam_search.length_penalty_offset",
        description="Tokens added to a length in the length penalty: 5 (Wu et "
        "al., 2016) or 0 (Sockeye).",
    )
    inference_length_penalty_counts_end: Flag = Field(
        False,
        alias="inference.beam_search.length_penalty_counts_end",
        description="Count END in the length penalty, as Sockeye does.",
    )
    inference_coverage_penalty_weight: Real = Field(
        0.0,
        ge=0,
        alias="inference.beam_search.coverage_penalty_weight",
        description="Weight of the coverage penalty (Wu et al., 2016).",
    )
    inference_choose_successors_fn: Literal["choose_top_k"] = Field(
        "choose_top_k",
        alias="inference.beam_search.choose_successors_fn",
        description="How a beam's successors are chosen.",
    )

    @property
    def max_decode_length(self):
        """Most tokens that inference generates, wherever that was set."""
        length = getattr(self.decoder_params, "max_decode_length", None)
        return length or self.inference_max_decode_length or 100

    @field_validator(
        "encoder_params",
        "bridge_params",
        "attention_params",
        "decoder_params",
        "optimizer_params",
        mode="wrap",
    )
    @classmethod
    def _typed_by_class(cls, value, handler, info: ValidationInfo) -> Any:
        role = info.field_name.removesuffix("_params")
        setting = "optimizer_name" if role == "optimizer" else f"{role}_class"
        name = info.data.get(setting)
        if isinstance(value, dict) and role == "optimizer":
            value = renamed(value, OPTIMIZER_ARGUMENTS.get(name, {}))
        if isinstance(value, dict) and role == "decoder" and name in DECODERS:
            value = _one_length(value, info)
        return typed(SCHEMAS[role], name, value)

    @model_validator(mode="after")
    def _pieces_fit(self):
        pieces = len(self.optimizer_lr_values)
        bounds = list(self.optimizer_lr_boundaries)
        if self.optimizer_lr_decay_type != "piecewise_constant_decay":
            return self
        if sorted(set(bounds)) != bounds or pieces != len(bounds) + 1:
            text = (
                "must have one value more than optimizer.lr_boundaries, which "
                f"must rise. Received: {pieces} values, {len(bounds)} "
                "boundaries"
            )
            refuse(type(self), [(("optimizer.lr_values",), text, pieces)])
        return self

    @model_validator(mode="after")
    def _positions_suffice(self):
        longest, given = self.source_max_seq_len, self.encoder_params
        if not getattr(given, "positions", False):
            return self
        if longest is None or longest > given.num_positions:
            more = (
                "position_embeddings.enable: false"
                if longest is None
                else f"position_embeddings.num_positions: {longest}"
            )
            text = (
                f"has position_embeddings.num_positions {given.num_positions}, "
                f"but source.max_seq_len is {received(longest)}: sources may "
                f"be longer. Type {more} in it, or source.max_seq_len: "
                f"{given.num_positions} beside it"
            )
            refuse(type(self), [(("encoder.params",), text, longest)])
        return self

    @model_validator(mode="after")
    def _position_tables_suffice(self):
        faults = []
        source = (self.source_max_seq_len, int(self.source_append_end))
        for role, key, longest, marks in (
            ("encoder", "source.max_seq_len", *source),
            ("decoder", "target.max_seq_len", self.target_max_seq_len, 1),
            ("decoder", "max_decode_length", self.max_decode_length, 0),
        ):
            given = getattr(self, f"{role}_params")
            if getattr(given, "position_kind", "none") != "learned":
                continue
            needed = None if longest is None else longest + marks
            if needed is None or needed > given.num_positions:
                faults.append(_too_few_positions(role, key, longest, needed))
        refuse(type(self), faults)
        return self


def _too_few_positions(role, key, longest, needed):
    """What `refuse` says of a table that is shorter than sequences may be."""
    more = (
        "position_embeddings.kind: sinusoid"
        if needed is None
        else f"position_embeddings.num_positions: {needed}"
    )
    text = (
        "has fewer learned positions than a sequence may need: "
        f"{key} is {received(longest)}, and START or END count. Type {more} "
        f"in it, or a smaller {key}"
    )
    return (f"{role}.params",), text, longest


def with_architecture(flat, defaults):
    """Settings of a model with its architecture's sizes below them.

    Args:
        flat: mapping of `model_params` as given, its names not nested.
        defaults: mapping. Those of the model.

    Returns:
        dict.
    """
    values = {**defaults, **flat}
    sizes = ARCHITECTURES.get(str(values.get("architecture")))
    if sizes is None:
        return values
    values = {"embedding.dim": sizes.embedding_dim, **values}
    for role, kind, params in (
        ("encoder", "ConvS2SEncoder", {"layers": sizes.encoder}),
        (
            "decoder",
            "ConvS2SDecoder",
            {"layers": sizes.decoder, "out_units": sizes.out_units},
        ),
    ):
        given = values.get(f"{role}.params", {})
        named = str(values[f"{role}.class"]).rpartition(".")[2]
        if named == kind and isinstance(given, dict):
            values[f"{role}.params"] = {**params, **given}
    return values


def _one_length(params, info):
    """Decoder params with the length that `inference.` may name, too."""
    length = info.data.get("inference_max_decode_length")
    if length is None:
        return params
    params = {"max_decode_length": length, **params}
    if params["max_decode_length"] != length:
        raise wrong(
            f"says max_decode_length {received(params['max_decode_length'])} "
            f"but inference.max_decode_length is {length}. Keep one of them"
        )
    return params
