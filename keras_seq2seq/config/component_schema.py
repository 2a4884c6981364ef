"""Settings of the form `{class, params}`: hooks, metrics, input pipelines."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from keras_seq2seq.config.section import Section, refuse, typed
from keras_seq2seq.config.values import (
    Flag,
    Free,
    Real,
    Text,
    Texts,
    Whole,
    name_of,
)

MISSING_PIPELINE_CLASS = "Input Pipeline definition must have a class property."


class NoParams(Section):
    """Arguments of a class that takes none."""


class MetadataCaptureParams(Section):
    """Arguments of MetadataCaptureHook."""

    step: Whole = Field(10, ge=0, description="Step that is traced.")


class TrainSampleParams(Section):
    """Arguments of TrainSampleHook."""

    every_n_secs: Real | None = Field(
        None, gt=0, description="Seconds between samples; null: by steps."
    )
    every_n_steps: Whole | None = Field(
        1000, ge=1, description="Steps between samples; null: by seconds."
    )
    source_delimiter: Text = Field(" ", description="Joins source tokens.")
    target_delimiter: Text = Field(" ", description="Joins target tokens.")

    @model_validator(mode="before")
    @classmethod
    def _seconds_replace_steps(cls, values):
        if isinstance(values, dict) and values.get("every_n_secs") is not None:
            return {"every_n_steps": None, **values}
        return values

    @model_validator(mode="after")
    def _one_clock(self):
        if (self.every_n_secs is None) == (self.every_n_steps is None):
            text = "and every_n_secs: give one of them, and null for the other"
            refuse(type(self), [(("every_n_steps",), text, None)])
        return self


class DelayStartParams(Section):
    """Arguments of DelayStartHook."""

    delay_k: Whole = Field(
        500, ge=0, description="Steps that worker i waits, times i."
    )


class VariableRestoreParams(Section):
    """Arguments of VariableRestoreHook."""

    prefix: Text = Field("", description="Names of the variables begin so.")
    checkpoint_path: Text = Field("", description="Where they come from.")


class TextMetricParams(Section):
    """Arguments shared by metrics of text."""

    sos_token: Text = Field(
        "SEQUENCE_START",
        description="Text up to it is not scored; empty: all is.",
    )
    eos_token: Text = Field(
        "SEQUENCE_END",
        description="Text from it on is not scored; empty: all is.",
    )
    separator: Text | None = Field(
        None, description="Joins tokens; null: as the tokenizer joins them."
    )
    postproc_fn: name_of("postprocessing", optional=True) = Field(
        "", description="Function from text to text, applied to both sides."
    )
    name: Text | None = Field(
        None, min_length=1, description="Name in the logs; null: the class's."
    )


class OwnMetricParams(TextMetricParams):
    """Arguments of a metric of the user's own; what is not shared is its."""

    model_config = ConfigDict(extra="allow")


class RougeParams(TextMetricParams):
    """Arguments of RougeMetricSpec."""

    rouge_type: Literal[
        "rouge_1/f_score",
        "rouge_1/p_score",
        "rouge_1/r_score",
        "rouge_2/f_score",
        "rouge_2/p_score",
        "rouge_2/r_score",
        "rouge_l/f_score",
        "rouge_l/p_score",
        "rouge_l/r_score",
    ] = Field(description="Kind of ROUGE, which is also the metric's name.")


def _lower(value):
    return value.lower() if isinstance(value, str) else value


class PipelineParams(Section):
    """Arguments shared by input pipelines."""

    shuffle: Flag = Field(
        True, description="Read pairs in a new order in each pass."
    )
    num_epochs: Whole | None = Field(
        None,
        ge=1,
        description="Passes over the data after which training ends; null: "
        "train_steps decides alone.",
    )
    source_delimiter: Text = Field(
        " ",
        description="Characters each of which ends a token; empty: every "
        "Unicode character is a token.",
    )
    target_delimiter: Text = Field(" ", description="The same for the target.")


class ParallelTextParams(PipelineParams):
    """Arguments of ParallelTextInputPipeline."""

    source_files: Texts = Field(
        (), description="Files or globs with one source text per line."
    )
    target_files: Texts = Field(
        (),
        description="Files or globs with the targets, line by line; empty: no "
        "targets, or a column of source_files.",
    )
    source_column: Whole | None = Field(
        None, ge=0, description="Column of a TSV, from 0; null: whole lines."
    )
    target_column: Whole | None = Field(
        None, ge=0, description="Column of a TSV, from 0; null: whole lines."
    )


class TFRecordParams(PipelineParams):
    """Arguments of TFRecordInputPipeline."""

    files: Texts = Field(
        (), description="Files or globs of tf.Example records."
    )
    source_field: Text = Field(
        "source", description="Feature that holds the source text."
    )
    target_field: Text = Field(
        "target",
        description="Feature that holds the target text; where it is missing "
        "the target is empty.",
    )
    compression: Annotated[
        Literal["auto", "gzip", "none"], BeforeValidator(_lower)
    ] = Field("auto", description="auto: gzip where a file ends in .gz.")


class RecordIOParams(PipelineParams):
    """Arguments of RecordIOInputPipeline."""

    files: Texts = Field(
        (), description="Files or globs of RecordIO-protobuf records of ids."
    )
    source_field: Text = Field(
        "source", description="Feature that holds the source ids."
    )
    target_field: Text = Field(
        "target", description="Feature that holds the target ids."
    )


class PreparedParams(PipelineParams):
    """Arguments of PreparedInputPipeline."""

    directory: Text = Field(
        "", description="What `keras-seq2seq prepare` wrote."
    )


class CaptionParams(Section):
    """Arguments shared by input pipelines of pictures with captions."""

    shuffle: Flag = Field(
        True, description="Read captions in a new order in each pass."
    )
    num_epochs: Whole | None = Field(
        None,
        ge=1,
        description="Passes over the captions after which training ends; "
        "null: train_steps decides alone.",
    )
    target_delimiter: Text = Field(
        " ",
        description="Characters each of which ends a token; empty: every "
        "Unicode character is a token.",
    )
    normalize: Flag = Field(
        False,
        description="Lower-case captions and leave their punctuation out, in "
        "training and in references.",
    )
    augment: Flag = Field(
        False,
        description="Crop and mirror training pictures at random, anew in "
        "each pass.",
    )


class ImageCaptionTSVParams(CaptionParams):
    """Arguments of ImageCaptionTSVInputPipeline."""

    image_dir: Text = Field("", description="Folder of the pictures.")
    captions_files: Texts = Field(
        (),
        description="Files or globs with a picture's name and one caption of "
        "it per line, between TABs.",
    )
    image_column: Whole = Field(
        0, ge=0, description="Column of the picture's name, from 0."
    )
    caption_column: Whole = Field(
        1, ge=0, description="Column of the caption, from 0."
    )
    split_file: Text | None = Field(
        None,
        description="File with names of pictures, one per line, whose "
        "captions are taken; null: all.",
    )


class ImageCaptioningParams(CaptionParams):
    """Arguments of ImageCaptioningInputPipeline."""

    files: Texts = Field(
        (), description="Files or globs of tf.SequenceExample records."
    )
    image_field: Text = Field(
        "image/data",
        description="Feature of the context that holds the encoded picture.",
    )
    image_format: Text = Field(
        "jpg",
        description="Kept for old files: a picture's first bytes tell its "
        "format.",
    )
    caption_ids_field: Text = Field(
        "image/caption_ids",
        description="Feature list of ids, lines of vocab_target from 0; read "
        "where there are no words.",
    )
    caption_tokens_field: Text = Field(
        "image/caption", description="Feature list of words."
    )


class OwnPipelineParams(PipelineParams):
    """Arguments of a pipeline of the user's own; the class takes the rest."""

    model_config = ConfigDict(extra="allow")


HOOKS = {
    "PrintModelAnalysisHook": NoParams,
    "MetadataCaptureHook": MetadataCaptureParams,
    "TrainSampleHook": TrainSampleParams,
    "SyncReplicasOptimizerHook": NoParams,
    "DelayStartHook": DelayStartParams,
    "VariableRestoreHook": VariableRestoreParams,
}
METRICS = {
    "LogPerplexityMetricSpec": NoParams,
    "BleuMetricSpec": TextMetricParams,
    "RougeMetricSpec": RougeParams,
}
PIPELINES = {
    "ParallelTextInputPipeline": ParallelTextParams,
    "TFRecordInputPipeline": TFRecordParams,
    "RecordIOInputPipeline": RecordIOParams,
    "PreparedInputPipeline": PreparedParams,
    "ImageCaptioningInputPipeline": ImageCaptioningParams,
    "ImageCaptionTSVInputPipeline": ImageCaptionTSVParams,
}


class Hook(Section):
    """A training hook."""

    class_name: name_of("hook") = Field(
        alias="class", description="Class of the hook."
    )
    params: (
        MetadataCaptureParams
        | TrainSampleParams
        | DelayStartParams
        | VariableRestoreParams
        | NoParams
        | Free
    ) = Field({}, description="Its arguments.", validate_default=True)

    @field_validator("params", mode="wrap")
    @classmethod
    def _typed_by_class(cls, value, handler, info: ValidationInfo) -> Any:
        return typed(HOOKS, info.data.get("class_name"), value)


class Metric(Section):
    """A metric of the evaluation."""

    class_name: name_of("metric") = Field(
        alias="class", description="Class of the metric."
    )
    params: RougeParams | TextMetricParams | NoParams | OwnMetricParams = Field(
        {}, description="Its arguments.", validate_default=True
    )

    @field_validator("params", mode="wrap")
    @classmethod
    def _typed_by_class(cls, value, handler, info: ValidationInfo) -> Any:
        name = info.data.get("class_name")
        return typed({name: OwnMetricParams, **METRICS}, name, value)

    @property
    def historical_name(self):
        """The score's name, None if only a class of the user's own knows."""
        params = self.params
        names = {
            "LogPerplexityMetricSpec": "log_perplexity",
            "BleuMetricSpec": "bleu",
            "RougeMetricSpec": getattr(params, "rouge_type", None),
        }
        return getattr(params, "name", None) or names.get(self.class_name)


class Pipeline(Section):
    """Where the data comes from."""

    class_name: name_of("pipeline") = Field(
        alias="class", description="Class of the input pipeline."
    )
    params: (
        ParallelTextParams
        | TFRecordParams
        | RecordIOParams
        | PreparedParams
        | ImageCaptioningParams
        | ImageCaptionTSVParams
        | OwnPipelineParams
    ) = Field({}, description="Its arguments.", validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _has_class(cls, values):
        if isinstance(values, dict) and "class" not in values:
            text = f"is incomplete. {MISSING_PIPELINE_CLASS}"
            refuse(cls, [((), text, values)])
        return values

    @field_validator("params", mode="wrap")
    @classmethod
    def _typed_by_class(cls, value, handler, info: ValidationInfo) -> Any:
        name = info.data.get("class_name")
        own = {} if name is None else {name: OwnPipelineParams}
        return typed({**own, **PIPELINES}, name, value)
