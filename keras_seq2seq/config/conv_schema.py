"""Settings of ConvS2S's encoder and decoder."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import (
    Flag,
    KeepProbability,
    Says,
    Whole,
    received,
    wrong,
)


def _layers(value):
    """Triples of units, kernel size and residual offset."""
    rows = value if isinstance(value, list | tuple) else ()
    sizes = [
        tuple(map(_whole, row)) if isinstance(row, list | tuple) else ()
        for row in rows
    ]
    good = all(
        len(row) in (2, 3)
        and all(type(size) is int for size in row)
        and min(row[:2]) >= 1
        and min(row) >= 0
        for row in sizes
    )
    if not sizes or not good:
        raise wrong(
            "must be a list of layers, each [units, kernel size] or [units, "
            "kernel size, residual offset], such as [[256, 3], [256, 3]]. "
            f"Received: {received(value)}"
        )
    return tuple(sizes)


def _whole(size):
    whole = isinstance(size, float) and size.is_integer()
    return int(size) if whole else size


def _attention(value):
    """`true`, or one of them for each layer."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return value


ConvLayers = Annotated[
    tuple[tuple[int, ...], ...],
    BeforeValidator(_layers),
    Says("a list of layers, each [units, kernel size] or with an offset"),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer"}},
        }
    ),
]


class ConvS2SEncoderParams(Section):
    """Arguments of ConvS2SEncoder."""

    layers: ConvLayers = Field(
        ((512, 3),) * 20,
        description="One entry a layer: [units, kernel size] or [units, "
        "kernel size, offset], where offset says which output below is added "
        "(1: the layer's input, 0: none). The architecture's where none are "
        "given.",
    )
    variant: Literal["convs2s", "sockeye"] = Field(
        "convs2s",
        description="Form: Gehring et al., 2017, as in fairseq, or Sockeye 1 "
        "(and SageMaker).",
    )
    activation: Literal["glu", "relu", "softrelu", "sigmoid", "tanh"] = Field(
        "glu", description="What follows each convolution."
    )
    dropout_keep_prob: KeepProbability | None = Field(
        None,
        description="Share of each convolution's inputs kept in training; in "
        "convs2s of the embeddings, too. null: 0.9 in convs2s, 1 in sockeye.",
    )
    weight_norm: Flag | None = Field(
        None,
        description="Train norms and directions of kernels apart; null: true "
        "in convs2s, false in sockeye.",
    )
    position_kind: Literal["learned", "sinusoid", "none"] = Field(
        "learned",
        alias="position_embeddings.kind",
        description="Positions added to embeddings; sinusoids have no limit.",
    )
    num_positions: Whole = Field(
        1024,
        ge=1,
        alias="position_embeddings.num_positions",
        description="Learned positions: the longest sequence, START or END "
        "counted.",
    )


class ConvS2SDecoderParams(ConvS2SEncoderParams):
    """Arguments of ConvS2SDecoder."""

    max_decode_length: Whole = Field(
        100, ge=1, description="Most tokens that inference generates."
    )
    attention: Annotated[
        Flag | tuple[Flag, ...], BeforeValidator(_attention)
    ] = Field(
        True,
        description="Which layers attend: true for all, or a list of true and "
        "false, one a layer.",
    )
    out_units: Whole = Field(
        256,
        ge=1,
        description="Features in front of the output projection (convs2s).",
    )
    project_qkv: Flag = Field(
        False,
        description="Project queries, keys and values, and scale scores "
        "(sockeye).",
    )
    project_memory: Flag = Field(
        False,
        description="Project the encoder's outputs to the width that the "
        "attention needs; without it the two must be equal.",
    )
