"""The pictures and captions that input pipelines name."""

import logging

from keras_seq2seq.config.component_schema import CaptionParams
from keras_seq2seq.data.captioned_pictures import as_text
from keras_seq2seq.data.captions import (
    NO_PICTURE,
    UNREADABLE,
    Captions,
    captions_of_records,
    captions_of_tsv,
    pictures_of_tsv,
)
from keras_seq2seq.data.feature_cache import load_or_compute
from keras_seq2seq.data.picture_check import readable
from keras_seq2seq.data.picture_store import ListedPictures
from keras_seq2seq.errors import UserError
from keras_seq2seq.recipe.raw_pairs import pairs_of

TSV = "ImageCaptionTSVInputPipeline"
logger = logging.getLogger("keras_seq2seq")


def reads_pictures(pipeline):
    """Whether a pipeline is one of ours that gives pictures."""
    return isinstance(pipeline.params, CaptionParams)


def captions(pipeline, strict=False, check=True, allowed=()):
    """The captions that a pipeline names, and their pictures.

    Args:
        pipeline: a section `{class, params}`; one of the user's own gives
            pairs of a picture's path and a caption.
        strict: bool. If True, what is missing or can't be read is an error.
        check: bool. Whether every picture is read once, so that bad ones are
            left out.
        allowed: modules of the user's own that may be imported.

    Raises:
        UserError: nothing left, and in `strict` whatever is left out.
    """
    found = all_captions(pipeline, allowed)
    if check:
        found = readable(found)
    bad = {NO_PICTURE, UNREADABLE} & found.left_out.keys()
    if strict and bad:
        raise UserError(
            "strict: expected all pictures to be there and whole. Received: "
            + "; ".join(
                f"{len(found.left_out[name]):,} {name}: "
                + ", ".join(found.left_out[name][:10])
                for name in sorted(bad)
            )
        )
    return found


def all_captions(pipeline, allowed=()):
    """Captions as they stand, before any picture is looked at."""
    given = pipeline.params
    if pipeline.class_name == TSV:
        return captions_of_tsv(*_of_tsv(given), given.normalize)
    if pipeline.class_name == "ImageCaptioningInputPipeline":
        if not given.files:
            raise UserError(
                "input_pipeline: params.files is required. Type {class: "
                "ImageCaptioningInputPipeline, params: {files: [PATH]}}"
            )
        return captions_of_records(
            given.files,
            given.image_field,
            given.caption_ids_field,
            given.caption_tokens_field,
            given.target_delimiter or "",
            given.normalize,
        )
    numbers, texts, owners = {}, [], []
    for picture, caption in pairs_of(pipeline, allowed):
        owners.append(numbers.setdefault(picture, len(numbers)))
        texts.append(caption)
    return Captions(ListedPictures(numbers), texts, owners)


def all_pictures(pipeline, strict=False, allowed=()):
    """Pictures to write captions of, in the order of the pipeline.

    Those that a list names and that are missing are among them: whoever reads
    the pictures tells of them, and every name of the list has its line.

    Args:
        pipeline: a section `{class, params}`.
        strict: bool. As for `captions`.
        allowed: modules of the user's own that may be imported.
    """
    if pipeline.class_name == TSV:
        return pictures_of_tsv(*_of_tsv(pipeline.params))
    found = captions(pipeline, strict, check=False, allowed=allowed)
    for line in found.told():
        logger.warning("%s", line)
    return found.pictures


def _of_tsv(given):
    """What decides which pictures and captions a TSV names."""
    if not given.image_dir or not given.captions_files:
        raise UserError(
            "input_pipeline: params.image_dir and params.captions_files "
            f"are required. Type {{class: {TSV}, params: {{image_dir: PATH, "
            "captions_files: [PATH]}}"
        )
    return (
        given.image_dir,
        given.captions_files,
        given.image_column,
        given.caption_column,
        given.split_file,
    )


def keep_features(config, model, *corpora):
    """Gives corpora, and the model's `generate`, features from the cache.

    Does nothing unless `feature_cache` asks for it, nor a second time.

    Args:
        config: Config.
        model: `Image2Seq` with the weights that it keeps.
        *corpora: `CaptionedPictures`, or None.
    """
    kind = getattr(config.model_params.encoder_params, "feature_cache", "none")
    if kind == "none":
        return
    for pairs in corpora:
        if pairs is not None and pairs.features is None:
            pairs.features = load_or_compute(
                pairs.captions.pictures,
                model.generator.features,
                model.encoder.fingerprint(),
                model.encoder.feature_shape,
                kind,
            )
            model.generator.known.append(pairs.features)


def references(pipeline, tokenizer, allowed=()):
    """Captions by people of the pictures of a pipeline.

    Args:
        pipeline: a section `{class, params}`.
        tokenizer: of the captions.
        allowed: modules of the user's own that may be imported.

    Returns:
        dict from a picture's source, as text, to a list of captions.
    """
    found = captions(pipeline, check=False, allowed=allowed)
    return {
        str(found.pictures[number]): [
            as_text(text, tokenizer, found.normalize) for text in own
        ]
        for number, own in enumerate(found.by_picture())
    }
