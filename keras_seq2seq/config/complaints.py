"""Errors of a configuration in the user's words."""

from keras_seq2seq.config.component_schema import (
    ParallelTextParams,
    PreparedParams,
    RecordIOParams,
    TFRecordParams,
)
from keras_seq2seq.config.google import MODELS
from keras_seq2seq.config.merge import at
from keras_seq2seq.config.upgrade import COMPATIBILITY
from keras_seq2seq.config.yaml_writer import flow

NOT_YET = ("Image2Seq",)  # known by name and settings alone


def complaint(merge, error):
    """One error of a `Section` as `file: setting must be ...`.

    Args:
        merge: Merge. Knows which file or flag gave a setting.
        error: dict. One of `ValidationError.errors()`.

    Returns:
        text, one line.
    """
    path, text = error["loc"], error["msg"]
    source = merge.source_of(path) or "configuration"
    if error["type"] == "config_unknown":
        path = path[:-1]
        if not path:
            return _unknown_flag(source, text)
    if source in merge.old_lines:
        new = f"{_spelt(path)}: {flow(at(merge.values, path))}"
        return f"{source} is now {new}, which {text}. See {COMPATIBILITY}"
    if source == f"--{path[0]}":
        path = path[1:]
        return f"{source}{f': {_spelt(path)}' if path else ''} {text}"
    return f"{source}: {_spelt(path)} {text}"


def _unknown_flag(source, text):
    if source.startswith("--"):
        text = text.partition(". ")[2].replace("mean '", "mean '--")
        return f"{source} is no flag. {text}"
    return f"{source}: {text.replace('has no key', 'there is no setting')}"


def _spelt(path):
    """`hooks[0].params.step`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def missing(config):
    """Errors about what training needs and nobody gave, a list of text."""
    errors = []
    if not config.model:
        errors.append(
            f"model is required. Type --model and one of {', '.join(MODELS)}"
        )
    if config.model in NOT_YET:
        errors.append(
            f"model {config.model} is not there yet. Type --model and one of "
            f"{', '.join(name for name in MODELS if name not in NOT_YET)}"
        )
    errors += _missing_data(config.input_pipeline_train, "train")
    if config.schedule != "train" or config.measures_dev:
        errors += _missing_data(config.input_pipeline_dev, "dev")
    for key in ("vocab_source", "vocab_target"):
        needed = config.model != "Image2Seq" or key == "vocab_target"
        if needed and not getattr(config.model_params, key):
            errors.append(
                f"{key} is required. Type --model_params '{key}: PATH'"
            )
    return errors


def _missing_data(pipeline, part):
    flag = f"input_pipeline_{part}"
    if pipeline is None:
        example = (
            "{class: ParallelTextInputPipeline, params: {source_files: "
            "[PATH], target_files: [PATH]}}"
        )
        return [f"You must specify {flag}. Type --{flag} '{example}'"]
    params = pipeline.params
    if isinstance(params, TFRecordParams | RecordIOParams) and not params.files:
        return [f"{flag}.params.files is required: PATH or list"]
    if isinstance(params, PreparedParams) and not params.directory:
        return [f"{flag}.params.directory is required: PATH"]
    if not isinstance(params, ParallelTextParams):
        return []
    errors = []
    if not params.source_files:
        errors.append(f"{flag}.params.source_files is required: PATH or list")
    if not params.target_files and params.target_column is None:
        errors.append(
            f"{flag}.params needs target_files, or target_column for the "
            "targets in source_files"
        )
    return errors
