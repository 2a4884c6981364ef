"""The flags of `infer`, checked."""

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.complaints import complaint
from keras_seq2seq.config.component_schema import Pipeline
from keras_seq2seq.config.merge import Merge
from keras_seq2seq.config.section import Section
from keras_seq2seq.config.task_schema import Task
from keras_seq2seq.config.values import Flag, Free, Says, Text, Whole
from keras_seq2seq.config.wiki_inference import upgrade_inference
from keras_seq2seq.errors import UserError

YAML_FLAGS = ("input_pipeline", "tasks", "model_params")


def _directories(value):
    """Run directories, as a list or as text with commas between them."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        return value
    return tuple(
        inner
        for part in value
        for inner in (_directories(part) if "," in str(part) else (part,))
        if inner
    )


def _tasks(value):
    """A list of tasks; one stands for itself, none for DecodeText."""
    if isinstance(value, dict):
        value = [value] if value else []
    return value or [{}]


Directories = Annotated[
    tuple[Text, ...],
    BeforeValidator(_directories),
    Field(min_length=1),
    Says("text or a list of texts"),
]


class InferenceFlags(Section):
    """Every flag of `infer`."""

    model_dir: Directories = Field(
        description="The run directory, or those of an ensemble."
    )
    input_pipeline: Pipeline | None = Field(None, description="Sources.")
    tasks: Annotated[tuple[Task, ...], BeforeValidator(_tasks)] = Field(
        (), description="What to do.", validate_default=True
    )
    model_params: Free | None = Field(None, description="Laid over stored.")
    checkpoint: Text | None = Field(None, description="Which weights.")
    checkpoint_path: Text | None = Field(None, description="Where they are.")
    batch_size: Whole = Field(128, ge=1, description="Sources at once.")
    interactive: Flag = Field(False, description="Answer line by line.")
    n_best: Whole | None = Field(None, ge=1, description="Hypotheses shown.")
    images: tuple[Text, ...] = Field((), description="Pictures or folders.")
    html: Text | None = Field(None, description="A gallery's file.")
    strict: Flag = Field(False, description="A bad picture is an error.")
    allow_import: tuple[Text, ...] = Field((), description="Own modules.")


def inference_flags(arguments, say=lambda line: None):
    """Checks parsed flags; a file of `--config_path` fills what is missing.

    Mappings of both merge key by key, and flags win.

    Args:
        arguments: what argparse parsed, old flags among it.
        say: callable that is given a line for each old flag.

    Raises:
        UserError: with all errors at once.
    """
    flags = {k: v for k, v in vars(arguments).items() if v not in (None, [])}
    path = flags.pop("config_path", None)
    for name in YAML_FLAGS:
        if name in flags:
            flags[name] = yaml_reader.parse(flags[name], f"--{name}")[0]
    values, told = upgrade_inference(_mapping(path) if path else {}, path)
    flags, more = upgrade_inference(flags)
    for line in (*told, *more):
        say(line)
    merge, errors = Merge(), []
    errors += merge.add(_present(values), lambda key: path)
    errors += merge.add(_present(flags), lambda key: f"--{key}")
    if "model_dir" not in merge.values:
        errors.append("--model_dir is required: train's output_dir")
    if errors:
        raise UserError("\n".join(errors))
    try:
        return InferenceFlags.model_validate(merge.values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = [complaint(merge, one) for one in found]
        raise UserError("\n".join(dict.fromkeys(lines))) from None


def _mapping(path):
    values, _ = yaml_reader.read(path)
    if not isinstance(values, dict | None):
        raise UserError(f"{path}: must be a mapping of settings.")
    return values or {}


def _present(values):
    return {key: value for key, value in values.items() if value is not None}


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
