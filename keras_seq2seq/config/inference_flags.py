"""The flags of `infer`, checked."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.complaints import complaint
from keras_seq2seq.config.component_schema import Pipeline
from keras_seq2seq.config.merge import Merge
from keras_seq2seq.config.section import Section
from keras_seq2seq.config.task_schema import Task
from keras_seq2seq.config.values import (
    Flag,
    Free,
    Precision,
    Real,
    Says,
    Text,
    Whole,
)
from keras_seq2seq.config.wiki_inference import upgrade_inference
from keras_seq2seq.errors import UserError

OUTPUT_TYPES = (
    "translation",
    "translation_with_score",
    "translation_with_alignments",
    "translation_with_alignment_matrix",
    "align_plot",
    "align_text",
    "text",
    "json",
    "nbest",
    "score",
    "pair_with_score",
    "beam_store",
    "benchmark",
)
YAML_FLAGS = ("input_pipeline", "tasks", "model_params")


def directories(value):
    """Run directories, as a list or as text with commas between them."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        return value
    return tuple(
        inner
        for part in value
        for inner in (directories(part) if "," in str(part) else (part,))
        if inner
    )


def _tasks(value):
    """A list of tasks; one stands for itself, none for DecodeText."""
    if isinstance(value, dict):
        value = [value] if value else []
    return value or [{}]


Directories = Annotated[
    tuple[Text, ...],
    BeforeValidator(directories),
    Field(min_length=1),
    Says("text or a list of texts"),
]

Tasks = Annotated[tuple[Task, ...], BeforeValidator(_tasks)]


class InferenceFlags(Section):
    """Every flag of `infer`."""

    model_dir: Directories = Field(
        description="The run directory, or those of an ensemble."
    )
    input_pipeline: Pipeline | None = Field(None, description="Sources.")
    tasks: Tasks = Field((), description="What to do.", validate_default=True)
    model_params: Free | None = Field(None, description="Laid over stored.")
    checkpoint: Text | None = Field(None, description="Which weights.")
    checkpoint_path: Text | None = Field(None, description="Where they are.")
    batch_size: Whole = Field(192, ge=1, description="Sources at once.")
    precision: Precision = Field(
        "float32", description="Type of the computations."
    )
    interactive: Flag = Field(False, description="Answer line by line.")
    n_best: Whole | None = Field(None, ge=1, description="Hypotheses shown.")
    images: tuple[Text, ...] = Field((), description="Pictures or folders.")
    html: Text | None = Field(None, description="A gallery's file.")
    strict: Flag = Field(False, description="A bad picture is an error.")
    allow_import: tuple[Text, ...] = Field((), description="Own modules.")
    output: Text | None = Field(
        None,
        description="file to write instead of standard output; with "
        "align_plot what the pictures' paths begin with",
    )
    output_type: Literal[OUTPUT_TYPES] | None = Field(
        None, description="what Sockeye wrote: " + ", ".join(OUTPUT_TYPES)
    )
    sure_align_threshold: Real = Field(
        0.9,
        ge=0,
        le=1,
        description="attention above it is an alignment; default: 0.9",
    )
    json_input: Flag = Field(
        False,
        description='lines are JSON objects {"text": ...}; other keys are '
        "passed on by --output_type json",
    )
    chunk_size: Whole | None = Field(
        None,
        ge=1,
        description="lines read before the first is decoded; default: 4096",
    )
    max_input_len: Whole | None = Field(
        None,
        ge=1,
        description="sources of more tokens are translated in pieces of so "
        "many; default: what a model cannot read is cut off",
    )
    ensemble_mode: Literal["linear", "log_linear"] = Field(
        "linear",
        description="mean of probabilities (linear) or of their logarithms",
    )
    beam_size: Whole | None = Field(
        None, ge=1, description="hypotheses kept; default: as trained"
    )
    beam_prune: Real | None = Field(
        None,
        ge=0,
        description="gives up hypotheses whose score is so much below the "
        "best finished one's; 0: none",
    )
    beam_search_stop: Literal["all", "first"] | None = Field(
        None,
        description="first: stop when the best one of the beam is finished",
    )
    length_penalty_alpha: Real | None = Field(
        None, ge=0, description="exponent of Sockeye's length penalty"
    )
    length_penalty_beta: Real | None = Field(
        None, ge=0, description="tokens that it adds to a length"
    )
    softmax_temperature: Real | None = Field(
        None, gt=0, description="divides the logits; below 1: surer"
    )
    sample: Whole | None = Field(
        None,
        ge=0,
        description="draw at random instead of searching, of the N likeliest "
        "tokens if N is given",
    )
    top_p: Real | None = Field(
        None,
        gt=0,
        le=1,
        description="draw of the fewest tokens with this share",
    )
    seed: Whole | None = Field(
        None, ge=0, description="of --sample; default: 0"
    )
    restrict_lexicon: Text | None = Field(
        None,
        description="file of `keras-seq2seq lexicon create`: only what it has "
        "for a source is written, which is faster",
    )
    restrict_lexicon_topk: Whole | None = Field(
        None,
        ge=1,
        description="most target tokens of a source token; default: all that "
        "the lexicon has",
    )


SOCKEYE_FLAGS = (
    "output",
    "output_type",
    "sure_align_threshold",
    "json_input",
    "chunk_size",
    "max_input_len",
    "ensemble_mode",
    "beam_size",
    "beam_prune",
    "beam_search_stop",
    "length_penalty_alpha",
    "length_penalty_beta",
    "softmax_temperature",
    "sample",
    "top_p",
    "seed",
    "restrict_lexicon",
    "restrict_lexicon_topk",
)
BARE = {"json_input": "true", "sample": "0"}  # what a flag means by itself


def inference_flags(arguments, say=lambda line: None):
    """The `InferenceFlags` of parsed flags; see `checked_flags`."""
    return checked_flags(InferenceFlags, arguments, say)


def checked_flags(section, arguments, say=lambda line: None, environment=None):
    """Checks parsed flags; a file of `--config_path` fills what is missing.

    Mappings of both merge key by key, and flags win.

    Args:
        section: class of the result, a `Section` with all the flags.
        arguments: what argparse parsed, old flags among it.
        say: callable that is given a line for each old flag.
        environment: mapping or None. Settings over which all others win.

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
    merge.add(environment or {}, "{} of the environment".format)
    errors += merge.add(_present(values), lambda key: path)
    errors += merge.add(_present(flags), lambda key: f"--{key}")
    if "model_dir" not in merge.values:
        errors.append("--model_dir is required: train's output_dir")
    if errors:
        raise UserError("\n".join(errors))
    try:
        return section.model_validate(merge.values)
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
