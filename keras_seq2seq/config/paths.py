"""Relative data paths begin at `data_dir`."""

import os

from keras_seq2seq.config.component_schema import OwnPipelineParams

FILES = ("source_files", "target_files", "files", "captions_files")
SINGLE_PATHS = ("directory", "image_dir", "split_file")
NO_FILES = (None, "", "none", "imagenet")  # weights that are no file
VOCABULARIES = ("vocab_source", "vocab_target")
VECTORS = ("embedding_source_file", "embedding_target_file")


def resolve_paths(config):
    """The configuration with every relative data path under `data_dir`.

    What `prepare` makes is no data: its outputs, and the vocabularies that
    name them, stay as they are written. So does `output_dir`, and the params
    of classes that are not ours. Environment variables are not expanded.

    Args:
        config: Config.

    Returns:
        Config.
    """
    if config.data_dir is None:
        return config
    base = config.data_dir
    return config.model_copy(
        update={
            "model_params": _model_params(config, base),
            "input_pipeline_train": _pipeline(
                config.input_pipeline_train, base
            ),
            "input_pipeline_dev": _pipeline(config.input_pipeline_dev, base),
            "prepare": tuple(_prepare(one, base) for one in config.prepare),
        }
    )


def _model_params(config, base):
    made = {one.output for one in config.prepare}
    params = config.model_params
    changes = {}
    for name in (*VOCABULARIES, *VECTORS):
        path = getattr(params, name)
        if path and path not in made:
            changes[name] = os.path.join(base, path)
    weights = getattr(params.encoder_params, "weights", None)
    if weights not in NO_FILES:
        path = os.path.join(base, weights)
        changes["encoder_params"] = params.encoder_params.model_copy(
            update={"weights": path}
        )
    return params.model_copy(update=changes)


def _pipeline(pipeline, base):
    if pipeline is None:
        return None
    if isinstance(pipeline.params, OwnPipelineParams):
        return pipeline
    changes = {
        name: _joined(getattr(pipeline.params, name), base)
        for name in FILES
        if hasattr(pipeline.params, name)
    }
    for name in SINGLE_PATHS:
        if path := getattr(pipeline.params, name, None):
            changes[name] = os.path.join(base, path)
    params = pipeline.params.model_copy(update=changes)
    return pipeline.model_copy(update={"params": params})


def _prepare(one, base):
    return one.model_copy(update={"files": _joined(one.files, base)})


def _joined(paths, base):
    return tuple(os.path.join(base, path) for path in paths)
