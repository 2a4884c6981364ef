"""The flags of `infer`, checked."""

from typing import Any

from pydantic import Field, ValidationError, field_validator

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.complaints import complaint
from keras_seq2seq.config.component_schema import Pipeline
from keras_seq2seq.config.merge import Merge
from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import (
    Flag,
    Free,
    Text,
    Whole,
    name_of,
    received,
    wrong,
)
from keras_seq2seq.errors import UserError

YAML_FLAGS = ("input_pipeline", "tasks", "model_params")


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


class Task(Section):
    """What is done with each generation."""

    class_name: Text = Field("DecodeText", alias="class", description="Class.")
    params: DecodeTextParams = Field(
        DecodeTextParams(), description="Its arguments."
    )

    @field_validator("class_name")
    @classmethod
    def _known(cls, value) -> Any:
        bare = value.rpartition(".")[2]
        if bare != "DecodeText":
            raise wrong(f"must be DecodeText. Received: {received(value)}")
        return bare


class InferenceFlags(Section):
    """Every flag of `infer`."""

    model_dir: Text = Field(description="The run directory.")
    input_pipeline: Pipeline | None = Field(None, description="Sources.")
    tasks: tuple[Task, ...] = Field((Task(),), description="What to do.")
    model_params: Free | None = Field(None, description="Laid over stored.")
    checkpoint: Text | None = Field(None, description="Which weights.")
    checkpoint_path: Text | None = Field(None, description="Where they are.")
    batch_size: Whole = Field(64, ge=1, description="Sources at once.")
    n_best: Whole | None = Field(None, ge=1, description="Hypotheses shown.")
    allow_import: tuple[Text, ...] = Field((), description="Own modules.")

    @property
    def task(self):
        """The task whose lines are written."""
        return self.tasks[0] if self.tasks else Task()


def inference_flags(arguments):
    """Checks parsed flags; a file of `--config_path` fills what is missing.

    Raises:
        UserError: with all errors at once.
    """
    given = {k: v for k, v in vars(arguments).items() if v is not None}
    path = given.pop("config_path", None)
    for name in YAML_FLAGS:
        if name in given:
            given[name] = yaml_reader.parse(given[name], f"--{name}")[0]
    values = {**(_mapping(path) if path else {}), **given}
    values = {k: v for k, v in values.items() if v is not None}
    try:
        return InferenceFlags.model_validate(values)
    except ValidationError as error:
        merge = Merge()
        merge.add(values, lambda key: f"--{key}")
        found = error.errors(include_url=False)
        lines = [complaint(merge, one) for one in found]
        raise UserError("\n".join(dict.fromkeys(lines))) from None


def _mapping(path):
    values, _ = yaml_reader.read(path)
    if not isinstance(values, dict):
        raise UserError(f"{path}: must be a mapping of settings.")
    return values


def checked_pipeline(text, flag="--input_pipeline"):
    """The input pipeline in a flag's YAML."""
    value, _ = yaml_reader.parse(text, flag)
    try:
        return Pipeline.model_validate(value)
    except ValidationError as error:
        merge = Merge()
        merge.add({flag[2:]: value}, lambda key: flag)
        found = [
            {**one, "loc": (flag[2:], *one["loc"])}
            for one in error.errors(include_url=False)
        ]
        lines = [complaint(merge, one) for one in found]
        raise UserError("\n".join(dict.fromkeys(lines))) from None
