"""The text, or the ids, that input pipelines name."""

from keras_seq2seq.data.file_pairs import FilePairs
from keras_seq2seq.data.id_pairs import IdPairs
from keras_seq2seq.data.lines import LineReader
from keras_seq2seq.data.own_pairs import OwnPairs
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.errors import UserError
from keras_seq2seq.recipe.classes import find_class

PREPARED = "PreparedInputPipeline"


def pairs_of(pipeline, allowed=(), with_targets=True, tokenizers=None):
    """The raw text, or the ids, that a pipeline names.

    Args:
        pipeline: a section `{class, params}`.
        allowed: modules of the user's own that may be imported.
        with_targets: bool. If False, files of targets need not be there.
        tokenizers: pair (source, target), which records of ids need.

    Returns:
        `FilePairs`, `IdPairs` or `OwnPairs`.

    Raises:
        UserError: files that are missing or empty, a class that cannot be
            imported or does not take the params.
    """
    given = pipeline.params
    if pipeline.class_name == "ParallelTextInputPipeline":
        return _parallel_text(given, with_targets)
    if pipeline.class_name == "TFRecordInputPipeline":
        return _records(given)
    if pipeline.class_name == "RecordIOInputPipeline":
        return _id_records(given, with_targets, tokenizers)
    if pipeline.class_name == PREPARED:
        raise UserError(
            f"{PREPARED} holds ids and no text, so it can only be trained "
            "with. Type {class: ParallelTextInputPipeline, params: "
            "{source_files: [PATH], target_files: [PATH]}} here."
        )
    kind = find_class(pipeline.class_name, {}, allowed)
    try:
        own = kind(**given.model_extra)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"{pipeline.class_name} does not take its params: {error}"
        ) from error
    return OwnPairs(own, pipeline.class_name)


def _parallel_text(given, with_targets):
    if not given.source_files:
        raise UserError(
            "input_pipeline: params.source_files is required. Type "
            "{class: ParallelTextInputPipeline, params: {source_files: [PATH]}}"
        )
    sources = TextSource.open(
        given.source_files, LineReader(given.source_column)
    )
    targets = None
    named = given.target_files or given.target_column is not None
    if named and with_targets:
        targets = TextSource.open(
            given.target_files or given.source_files,
            LineReader(given.target_column),
        )
    return FilePairs(sources, targets)


def _records(given):
    _check_files(given, "TFRecordInputPipeline")
    return FilePairs.of_records(
        given.files, given.source_field, given.target_field, given.compression
    )


def _id_records(given, with_targets, tokenizers):
    _check_files(given, "RecordIOInputPipeline")
    fields = (given.source_field, given.target_field)
    return IdPairs.open(
        given.files, fields if with_targets else fields[:1], tokenizers
    )


def _check_files(given, name):
    if not given.files:
        raise UserError(
            "input_pipeline: params.files is required. Type "
            f"{{class: {name}, params: {{files: [PATH]}}}}"
        )
