"""Settings of recurrent cells, stacks, encoders and decoders."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from keras_seq2seq.config.google import CELL_ARGUMENTS, renamed
from keras_seq2seq.config.section import Section, typed
from keras_seq2seq.config.values import (
    Flag,
    Free,
    KeepProbability,
    Real,
    Whole,
    name_of,
)


class CellParams(Section):
    """Arguments of the plain recurrent cell."""

    num_units: Whole = Field(
        128, ge=1, description="Width U of the recurrence, in features."
    )


class GRUCellParams(CellParams):
    """Arguments of the gated recurrent unit."""

    reset_after: Flag = Field(
        False,
        description="Reset gate acts after the recurrent product (cuDNN's "
        "form), not before it (google/seq2seq).",
    )
    gate_bias: Real = Field(
        1.0, description="Initial bias of reset and update gate."
    )
    layer_norm: Flag = Field(
        False, description="Normalise the sums in front of the gates."
    )


class LayerNormGRUCellParams(GRUCellParams):
    """Arguments of the gated recurrent unit with layer normalisation."""

    layer_norm: Literal[True] = Field(
        True, description="This cell normalises the sums before its gates."
    )


class LSTMCellParams(CellParams):
    """Arguments of the long short-term memory."""

    forget_bias: Real = Field(
        1.0, description="Constant added to the forget gate; not trained."
    )
    use_peepholes: Flag = Field(
        False, description="Gates also see the cell state, by diagonals."
    )
    num_proj: Whole | None = Field(
        None, ge=1, description="Width of the output; null: num_units."
    )
    cell_clip: Real | None = Field(
        None, gt=0, description="Bound of the cell state's size; null: none."
    )
    proj_clip: Real | None = Field(
        None, gt=0, description="Bound of the projected output; null: none."
    )
    layer_norm: Flag = Field(
        False, description="Normalise the gates' sums and the cell state."
    )


class LayerNormLSTMCellParams(LSTMCellParams):
    """Arguments of the long short-term memory with layer normalisation."""

    layer_norm: Literal[True] = Field(
        True, description="This cell normalises the sums before its gates."
    )


CELLS = {
    "BasicRNNCell": CellParams,
    "GRUCell": GRUCellParams,
    "LSTMCell": LSTMCellParams,
    "LayerNormGRUCell": LayerNormGRUCellParams,
    "LayerNormLSTMCell": LayerNormLSTMCellParams,
}


class RNNCell(Section):
    """A stack of recurrent layers, `rnn_cell` in a configuration."""

    cell_class: name_of("cell") = Field(
        "LSTMCell",
        description="Class of the cell. BasicLSTMCell, the documented "
        "default, is the same as LSTMCell.",
        validate_default=True,
    )
    cell_params: (
        GRUCellParams
        | LayerNormGRUCellParams
        | LSTMCellParams
        | LayerNormLSTMCellParams
        | CellParams
        | Free
    ) = Field(
        {},
        description="Any argument of the cell's class.",
        validate_default=True,
    )
    num_layers: Whole = Field(1, ge=1, description="Number of layers.")
    dropout_input_keep_prob: KeepProbability = Field(
        1.0, description="Share of a layer's inputs kept in training."
    )
    dropout_output_keep_prob: KeepProbability = Field(
        1.0, description="Share of a layer's outputs kept in training."
    )
    dropout_recurrent_keep_prob: KeepProbability = Field(
        1.0, description="Share of the recurrent state kept in training."
    )
    variational: Flag = Field(
        False,
        description="One dropout mask for a whole sequence, not one per step.",
    )
    residual_connections: Flag = Field(
        False, description="Add each layer's input to its output."
    )
    residual_combiner: Literal["add", "mean", "concat"] = Field(
        "add", description="How a residual connection joins the two."
    )
    residual_dense: Flag = Field(
        False, description="Connect each layer with all layers below it."
    )
    first_residual_layer: Whole | None = Field(
        None,
        ge=2,
        description="First layer, counted from 1, with a residual connection; "
        "null: all layers have them, the first one after a projection of its "
        "input where widths differ (HybridRNNEncoder: from the second on).",
    )

    @field_validator("cell_params", mode="wrap")
    @classmethod
    def _typed_by_class(cls, value, handler, info: ValidationInfo) -> Any:
        name = info.data.get("cell_class")
        if isinstance(value, dict):
            value = renamed(value, CELL_ARGUMENTS.get(name, {}))
        return typed(CELLS, name, value)


class RNNParams(Section):
    """Arguments shared by recurrent encoders and decoders."""

    rnn_cell: RNNCell = Field(
        RNNCell(), description="The stack of recurrent layers."
    )
    init_scale: Real = Field(
        0.04,
        gt=0,
        description="Recurrent kernels start uniform in plus or minus this.",
    )


class DecoderParams(RNNParams):
    """Arguments of BasicDecoder."""

    max_decode_length: Whole = Field(
        100, ge=1, description="Most tokens that inference generates."
    )


class AttentionDecoderParams(DecoderParams):
    """Arguments of AttentionDecoder."""

    input_feeding: Flag = Field(
        False,
        description="Feed back the attentional state (Luong), not the context "
        "vector (google/seq2seq).",
    )
    attention_in_upper_layers: Flag = Field(
        False,
        description="Attend after the first layer, and give the context to "
        "all layers above it; no effect on one layer.",
    )
    hidden_dropout_keep_prob: KeepProbability = Field(
        1.0,
        description="Share of [o ; c], from which s is made, kept in "
        "training; drawn for each step.",
    )
