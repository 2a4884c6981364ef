"""Settings of the form `{class, params}` that say what `infer` does."""

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from keras_seq2seq.config.section import Section, typed
from keras_seq2seq.config.values import Flag, Free, Text, name_of


class DecodeTextParams(Section):
    """Arguments of DecodeText."""

    delimiter: Text | None = Field(
        None, description="Joins target tokens; null: detokenise."
    )
    unk_replace: Flag = Field(
        False, description="Replace unknown words by attention."
    )
    unk_mapping: Text | None = Field(
        None, description="File of `source<TAB>target` for that."
    )
    postproc_fn: name_of("postprocessing", optional=True) = Field(
        "", description="Function from text to text, applied last."
    )


class DumpAttentionParams(Section):
    """Arguments of DumpAttention."""

    output_dir: Text = Field(
        min_length=1, description="Directory of the arrays and pictures."
    )
    dump_plots: Flag = Field(True, description="Draw a picture of each line.")


class DumpBeamsParams(Section):
    """Arguments of DumpBeams."""

    file: Text = Field(
        min_length=1, description="The .npz file that is written."
    )


TASKS = {
    "DecodeText": DecodeTextParams,
    "DumpAttention": DumpAttentionParams,
    "DumpBeams": DumpBeamsParams,
}


class Task(Section):
    """What is done with each generation."""

    class_name: name_of("task") = Field(
        "DecodeText", alias="class", description="Class of the task."
    )
    params: DecodeTextParams | DumpAttentionParams | DumpBeamsParams | Free = (
        Field({}, description="Its arguments.", validate_default=True)
    )

    @field_validator("params", mode="wrap")
    @classmethod
    def _typed_by_class(cls, value, handler, info: ValidationInfo) -> Any:
        return typed(TASKS, info.data.get("class_name"), value)
