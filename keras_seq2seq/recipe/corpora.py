"""Encoded pairs of input pipelines, and their texts as they stand."""

import itertools

from keras_seq2seq.data.captioned_pictures import CaptionedPictures, as_text
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.prepared_text import open_prepared
from keras_seq2seq.data.selection import Selection, select_pairs
from keras_seq2seq.data.subword_sampling import SubwordSampling
from keras_seq2seq.errors import UserError
from keras_seq2seq.recipe.classes import arguments_of
from keras_seq2seq.recipe.pictures import all_pictures, captions, reads_pictures
from keras_seq2seq.recipe.raw_pairs import PREPARED, pairs_of


def training_pairs(config, pair, allowed=()):
    """The encoded text of `input_pipeline_train`, for training."""
    sampling = config.subword_sampling
    return corpus(
        config.input_pipeline_train,
        config.model_params,
        pair,
        sampling
        and SubwordSampling(
            **sampling.model_dump(), seed=config.tf_random_seed or 0
        ),
        allowed,
        strict=config.strict,
        seed=config.tf_random_seed or 0,
    )


def evaluation_pairs(config, pipeline, pair, place, allowed=()):
    """The `Selection` of pairs on which a model is measured.

    Args:
        config: Config.
        pipeline: section `{class, params}` with targets.
        pair: tokenizers (source, target).
        place: str. What the pairs are called in an error.
        allowed: modules of the user's own that may be imported.
    """
    pairs = corpus(
        pipeline,
        config.model_params,
        pair,
        allowed=allowed,
        strict=config.strict,
    )
    return selected(config, pairs, place)


def selected(config, pairs, place):
    """The `Selection` of pairs that a configuration uses.

    Args:
        config: Config.
        pairs: `ParallelText` or `CaptionedPictures`.
        place: str. What the pairs are called in an error.
    """
    if isinstance(pairs, CaptionedPictures):
        return Selection(pairs, len(pairs))
    return select_pairs(pairs, config.overlength, config.empty_pairs, place)


def corpus(
    pipeline,
    params,
    pair,
    sampling=None,
    allowed=(),
    strict=False,
    seed=None,
):
    """The encoded text that a pipeline names.

    Args:
        pipeline: the section `input_pipeline_train` or `_dev`.
        params: `model_params`.
        pair: tokenizers (source, target).
        sampling: `data.subword_sampling.SubwordSampling` or None.
        allowed: modules of the user's own that may be imported.
        strict: bool. As for `captions`.
        seed: int or None. Of the views of augmented pictures; None: the
            pictures as they are.

    Returns:
        `ParallelText`, or `CaptionedPictures` where no source is text.
    """
    if pair[0] is None:
        return CaptionedPictures(
            captions(pipeline, strict, allowed=allowed),
            pair[1],
            *_picture_size(params),
            max_length=params.target_max_seq_len,
            augment=seed is not None
            and getattr(pipeline.params, "augment", False),
            seed=seed or 0,
        )
    if pipeline.class_name == PREPARED:
        if sampling is not None:
            raise UserError(
                f"subword_sampling cuts text, of which {PREPARED} has none. "
                "Leave one of them out."
            )
        return open_prepared(
            _prepared_directory(pipeline),
            pair,
            (params.source_max_seq_len, params.target_max_seq_len),
            params.source_append_end,
        )
    found = pairs_of(pipeline, allowed, tokenizers=pair)
    with found.written() as (sources, targets):
        if targets is None:
            raise UserError(
                "Training and evaluation need targets: give target_files, or "
                "target_column of source_files."
            )
        return ParallelText(
            sources,
            targets,
            source_tokenizer=pair[0],
            target_tokenizer=pair[1],
            source_max_length=params.source_max_seq_len,
            target_max_length=params.target_max_seq_len,
            append_end=params.source_append_end,
            sampling=sampling,
        )


def _picture_size(params):
    """Height and width that pictures are brought to, in pixels."""
    given = arguments_of(params.encoder_params)
    try:
        return given["resize_height"], given["resize_width"]
    except KeyError as missing:
        raise UserError(
            f"encoder.params: {params.encoder_class} needs {missing.args[0]}, "
            "a size in pixels. Type {resize_height: 299, resize_width: 299}"
        ) from None


def _prepared_directory(pipeline):
    if not pipeline.params.directory:
        raise UserError(
            "input_pipeline: params.directory is required. Type "
            f"{{class: {PREPARED}, params: {{directory: PATH}}}}"
        )
    return pipeline.params.directory


def texts(pipeline, limit=None, allowed=(), pair=None, strict=False):
    """Raw texts of both sides of a pipeline.

    Args:
        pipeline: a section `{class, params}`.
        limit: int or None. Most pairs.
        allowed: modules of the user's own that may be imported.
        pair: tokenizers (source, target), which records of ids need; for a
            model of pictures the first is None.
        strict: bool. As for `captions`.

    Returns:
        list of sources and list of targets, the latter empty without targets.
        Pictures have a tuple of targets each.
    """
    if pair is not None and pair[0] is None:
        found = captions(pipeline, strict, allowed=allowed)
        count = min(limit or len(found.pictures), len(found.pictures))
        return [found.pictures[i] for i in range(count)], [
            tuple(as_text(text, pair[1], found.normalize) for text in own)
            for own in found.by_picture()[:count]
        ]
    pairs = pairs_of(pipeline, allowed, tokenizers=pair)
    if not pairs.has_targets:
        return list(itertools.islice(pairs.sources(), limit)), []
    both = list(itertools.islice(pairs, limit))
    return [source for source, _ in both], [target for _, target in both]


def source_lines(pipeline, allowed=(), tokenizers=None, strict=False):
    """Raw source texts of a pipeline, or its pictures, one by one.

    Args:
        pipeline: a section `{class, params}`.
        allowed: modules of the user's own that may be imported.
        tokenizers: as for `texts`.
        strict: bool. As for `captions`.
    """
    if reads_pictures(pipeline):
        found = all_pictures(pipeline, strict, allowed)
        return (found[index] for index in range(len(found)))
    found = pairs_of(pipeline, allowed, False, tokenizers).sources()
    if tokenizers and tokenizers[0] is None:
        # A picture comes once per caption here.
        return iter(dict.fromkeys(found))
    return found
