"""Errors of a configuration in the user's words."""

from keras_seq2seq.config.component_schema import (
    ImageCaptioningParams,
    ImageCaptionTSVParams,
    ParallelTextParams,
    PreparedParams,
    RecordIOParams,
    TFRecordParams,
)
from keras_seq2seq.config.google import MODELS
from keras_seq2seq.config.merge import at
from keras_seq2seq.config.upgrade import COMPATIBILITY
from keras_seq2seq.config.wiki import DOCUMENT_001, DOCUMENT_002
from keras_seq2seq.config.yaml_writer import flow

OLD_KEYS = {*DOCUMENT_001.hparams, *DOCUMENT_002.hparams}
# What pipelines can't do without.
REQUIRED = {
    ParallelTextParams: ("source_files",),
    TFRecordParams: ("files",),
    RecordIOParams: ("files",),
    PreparedParams: ("directory",),
    ImageCaptioningParams: ("files",),
    ImageCaptionTSVParams: ("image_dir", "captions_files"),
}


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
        path, key = path[:-1], path[-1]
        if not path:
            return _unknown_flag(source, text)
        if path == ("model_params",) and key in OLD_KEYS:
            text = _old_key(source, key)
    if source in merge.old_lines:
        new = f"{_spelt(path)}: {flow(at(merge.values, path))}"
        return f"{source} is now {new}, which {text}. See {COMPATIBILITY}"
    if source == f"--{path[0]}":
        path = path[1:]
        return f"{source}{f': {_spelt(path)}' if path else ''} {text}"
    return f"{source}: {_spelt(path)} {text}"


def _old_key(source, key):
    """Where a key is known that stands among those of today."""
    place = "in --hparams" if source.startswith("--") else "below hparams"
    return (
        f"has no key {key!r}: it is an old one. Write it {place}. See "
        f"{COMPATIBILITY}"
    )


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
    needed = (config.input_pipeline_train, "train", config.model)
    errors += _missing_data(*needed)
    if config.schedule != "train" or config.measures_dev:
        needed = (config.input_pipeline_dev, "dev", config.model)
        errors += _missing_data(*needed)
    for key in ("vocab_source", "vocab_target"):
        needed = config.model != "Image2Seq" or key == "vocab_target"
        if needed and not getattr(config.model_params, key):
            errors.append(
                f"{key} is required. Type --model_params '{key}: PATH'"
            )
    return errors


def _missing_data(pipeline, part, model):
    flag = f"input_pipeline_{part}"
    if pipeline is None:
        example = (
            "{class: ParallelTextInputPipeline, params: {source_files: "
            "[PATH], target_files: [PATH]}}"
        )
        if model == "Image2Seq":
            example = (
                "{class: ImageCaptionTSVInputPipeline, params: {image_dir: "
                "PATH, captions_files: [PATH]}}"
            )
        return [f"You must specify {flag}. Type --{flag} '{example}'"]
    params = pipeline.params
    errors = [
        f"{flag}.params.{name} is required: PATH or list"
        for name in REQUIRED.get(type(params), ())
        if not getattr(params, name)
    ]
    if not isinstance(params, ParallelTextParams):
        return errors
    if not params.target_files and params.target_column is None:
        errors.append(
            f"{flag}.params needs target_files, or target_column for the "
            "targets in source_files"
        )
    return errors
