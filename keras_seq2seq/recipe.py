"""From a configuration to objects: only here do names become classes."""

import contextlib
import dataclasses
import importlib
import inspect
import itertools
import tempfile
from pathlib import Path

import keras

from keras_seq2seq import layers, optimizers, tasks, zoo
from keras_seq2seq.callbacks import (
    Bucketing,
    LearningRateDecay,
    PlateauReduction,
)
from keras_seq2seq.config.component_schema import CaptionParams
from keras_seq2seq.config.network_schema import PICTURE_ENCODERS
from keras_seq2seq.data.captioned_pictures import CaptionedPictures, as_text
from keras_seq2seq.data.captions import (
    NO_PICTURE,
    UNREADABLE,
    Captions,
    captions_of_records,
    captions_of_tsv,
)
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.feature_cache import load_or_compute
from keras_seq2seq.data.file_pairs import FilePairs
from keras_seq2seq.data.id_pairs import IdPairs
from keras_seq2seq.data.lines import LineReader
from keras_seq2seq.data.own_pairs import OwnPairs
from keras_seq2seq.data.parallel_buckets import PairBuckets
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.picture_check import unreadable_pictures
from keras_seq2seq.data.picture_store import ListedPictures
from keras_seq2seq.data.prepared_text import open_prepared
from keras_seq2seq.data.selection import Selection, select_pairs
from keras_seq2seq.data.subword_sampling import SubwordSampling
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.data.vectors import read_vectors
from keras_seq2seq.errors import UserError
from keras_seq2seq.initializers import WeightInitializer
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from keras_seq2seq.tasks.postprocessing import FUNCTIONS

SIDES = ("source", "target")
FILL_UP_SEED = 42  # Sockeye's
PREPARED = "PreparedInputPipeline"
MODELS = {
    "AttentionSeq2Seq": zoo.AttentionSeq2Seq,
    "BasicSeq2Seq": zoo.BasicSeq2Seq,
    "ConvS2S": zoo.ConvS2S,
    "Image2Seq": zoo.Image2Seq,
}
CELLS = {
    "BasicRNNCell": layers.BasicRNNCell,
    "GRUCell": layers.GRUCell,
    "LSTMCell": layers.LSTMCell,
    "LayerNormGRUCell": layers.GRUCell,
    "LayerNormLSTMCell": layers.LSTMCell,
}
# Names of TensorFlow 1's cell arguments, and ours.
CELL_ARGUMENTS = {
    "num_units": "units",
    "use_peepholes": "peephole",
    "num_proj": "projection",
    "proj_clip": "projection_clip",
}
POOLINGS = {"average_pooling1d": "average", "max_pooling1d": "max"}
OPTIMIZERS = {
    "Adam": optimizers.Adam,
    "SGD": optimizers.SGD,
    "Momentum": optimizers.SGD,
    "Adagrad": optimizers.Adagrad,
    "RMSprop": optimizers.RMSprop,
    "Ftrl": optimizers.Ftrl,
}
# Keras's longer names of optimizer arguments.
OPTIMIZER_ARGUMENTS = {
    "Ftrl": {
        "l1": "l1_regularization_strength",
        "l2": "l2_regularization_strength",
    }
}
DECAYS = {
    "exponential_decay": "exponential",
    "natural_exp_decay": "natural_exponential",
    "inverse_time_decay": "inverse_time",
    "polynomial_decay": "polynomial",
    "piecewise_constant_decay": "piecewise",
    "inverse_sqrt": "inverse_square_root",
    "plateau_reduce": "constant",  # and `PlateauReduction` beside it
    "fixed_rate_inv_t": "half_life_inverse",
    "fixed_rate_inv_sqrt_t": "half_life_inverse_square_root",
}
# They count updates from 1 and warm up as Sockeye did.
SOCKEYES_DECAYS = (
    "plateau_reduce",
    "fixed_rate_inv_t",
    "fixed_rate_inv_sqrt_t",
)


def find_class(name, known, allowed=()):
    """The class that a configuration names.

    Args:
        name: str. A bare name, or a dotted path of the user's own.
        known: mapping, or module, of our classes.
        allowed: modules whose classes may be imported; None allows all.

    Raises:
        UserError: an unknown name, or a path that is not allowed.
    """
    if "." not in name:
        found = (
            known.get(name)
            if isinstance(known, dict)
            else getattr(known, name, None)
        )
        if found is None:
            raise UserError(f"{name} is not available in this version.")
        return found
    module, _, attribute = name.rpartition(".")
    if allowed is not None and module not in allowed:
        raise UserError(
            f"The configuration names the class {name}, which is not ours. "
            f"To import it type --allow_import {module}"
        )
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{name} cannot be imported: {error}") from error


def prepare(config, directory, allowed=()):
    """Makes the vocabularies and subword models that are missing.

    Args:
        config: Config.
        directory: path. Outputs with relative names are written here.
        allowed: modules of the user's own that may be imported.

    Returns:
        dict from an output's name in the configuration to its path.
    """
    made = {}
    for one in config.prepare:
        path = Path(directory) / one.output
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with _learnt_from(config, one, allowed) as files:
                path = train_tokenizer(
                    files,
                    one.kind,
                    path,
                    size=one.size,
                    min_frequency=one.min_frequency,
                    lowercase=one.lowercase,
                    delimiter=one.delimiter,
                    columns=one.columns if one.files else None,
                )
        made[one.output] = path
    return made


@contextlib.contextmanager
def _learnt_from(config, one, allowed):
    """Files with the text that a vocabulary is made of."""
    if one.files:
        yield list(one.files)
        return
    if config.input_pipeline_train is None:
        raise UserError(
            f"prepare: {one.output} needs files, or input_pipeline_train."
        )
    targets = _target_texts(config.input_pipeline_train, allowed)
    with tempfile.TemporaryDirectory(prefix="keras_seq2seq-") as directory:
        path = Path(directory) / "targets.txt"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            # A line end inside of a record's text would be one more line.
            file.writelines(" ".join(x.split("\n")) + "\n" for x in targets)
        yield [path]


def _target_texts(pipeline, allowed):
    """Targets of a pipeline, one by one."""
    if reads_pictures(pipeline):
        texts = captions(pipeline, check=False, allowed=allowed).texts
        return (text for text in texts if isinstance(text, str))
    return (target for _, target in pairs_of(pipeline, allowed))


def tokenizers(config, made=()):
    """The pair of tokenizers (source, target).

    Args:
        config: Config.
        made: mapping from names to paths, as `prepare` returns it.

    Returns:
        `Tokenizer` of both; None for the source of a model of pictures.
    """
    return tuple(
        None
        if side == "source" and config.model == "Image2Seq"
        else _tokenizer_of(config, side, dict(made))
        for side in SIDES
    )


def check_vocabularies(config, pair):
    """Refuses vocabularies that are not those of a trained model.

    Args:
        config: Config. Empty paths are not looked at.
        pair: the model's tokenizers (source, target).

    Raises:
        UserError: naming the file that differs.
    """
    for side, own in zip(SIDES, pair, strict=True):
        path = getattr(config.model_params, f"vocab_{side}")
        if own is None:
            continue
        if path and _tokenizer_of(config, side).fingerprint != own.fingerprint:
            raise UserError(
                f"vocab_{side}: {path} is not the vocabulary that the model "
                "was trained with; the run directory has its own copy. Leave "
                f"vocab_{side} out."
            )


def _tokenizer_of(config, side, made=()):
    params = config.model_params
    pipeline = config.input_pipeline_train or config.input_pipeline_dev
    given = getattr(pipeline, "params", None)
    path = getattr(params, f"vocab_{side}")
    return _tokenizer(
        dict(made).get(path, path),
        getattr(params, f"{side}_tokenizer"),
        getattr(given, f"{side}_delimiter", " "),
        getattr(params, f"{side}_lowercase"),
    )


def _tokenizer(path, kind, delimiter, lowercase):
    if kind == "characters":
        delimiter = ""
    tokenizer = load_tokenizer(path, delimiter, lowercase)
    words = isinstance(tokenizer, DelimiterTokenizer)
    if kind != "auto" and words != (kind in ("words", "characters")):
        raise UserError(
            f"{path}: expected a file for the tokenizer {kind}, whose suffix "
            "is .model (sentencepiece), .wordpiece.txt or .bytepair.json; "
            "every other file is a vocabulary of words or characters."
        )
    return tokenizer


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


def selected(config, pairs, part):
    """The `Selection` of pairs that a configuration uses.

    Args:
        config: Config.
        pairs: `ParallelText` or `CaptionedPictures`.
        part: `"train"` or `"dev"`.
    """
    if isinstance(pairs, CaptionedPictures):
        return Selection(pairs, len(pairs))
    return select_pairs(
        pairs, config.overlength, config.empty_pairs, f"input_pipeline_{part}"
    )


def bucketing(config, pairs, replicas=1, share=None):
    """The `Bucketing` of training pairs."""
    return Bucketing(
        pairs,
        config.batch_size,
        boundaries=_boundaries(config),
        batch_type=config.batch_type,
        shuffle=config.input_pipeline_train.params.shuffle,
        seed=config.tf_random_seed or 0,
        replicas=replicas,
        share=share,
        fill_up=config.fill_up,
        fill_up_seed=FILL_UP_SEED,
    )


def _boundaries(config):
    given, params = config.buckets, config.model_params
    if given is None or isinstance(given, str | tuple):
        return given
    return PairBuckets(
        **given.model_dump(),
        max_source=params.source_max_seq_len,
        max_target=params.target_max_seq_len,
    )


def with_length_ratio(config, ratio):
    """The configuration with the ratio of the data where it says auto.

    Args:
        config: Config.
        ratio: `LengthRatio`, or None if it is not known.

    Returns:
        Config.
    """
    params = config.model_params
    if params.inference_max_length_ratio != "auto":
        return config
    found = {"inference_max_length_ratio": ratio and ratio.limit}
    params = params.model_copy(update=found)
    return config.model_copy(update={"model_params": params})


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
    found = _captions(pipeline, allowed)
    if check:
        unreadable = unreadable_pictures(found.pictures)
        if len(unreadable) == len(found.pictures):
            raise UserError(
                "None of the pictures can be read: "
                + "; ".join(list(unreadable.values())[:3])
            )
        found = found.without(unreadable)
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


def _captions(pipeline, allowed):
    given = pipeline.params
    if pipeline.class_name == "ImageCaptionTSVInputPipeline":
        if not given.image_dir or not given.captions_files:
            raise UserError(
                "input_pipeline: params.image_dir and params.captions_files "
                "are required. Type {class: ImageCaptionTSVInputPipeline, "
                "params: {image_dir: PATH, captions_files: [PATH]}}"
            )
        return captions_of_tsv(
            given.image_dir,
            given.captions_files,
            given.image_column,
            given.caption_column,
            given.split_file,
            given.normalize,
        )
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
            params.encoder_params.resize_height,
            params.encoder_params.resize_width,
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


def _prepared_directory(pipeline):
    if not pipeline.params.directory:
        raise UserError(
            "input_pipeline: params.directory is required. Type "
            f"{{class: {PREPARED}, params: {{directory: PATH}}}}"
        )
    return pipeline.params.directory


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
            tuple(as_text(text, pair[1]) for text in own)
            for own in found.by_picture()[:count]
        ]
    pairs = pairs_of(pipeline, allowed, tokenizers=pair)
    if not pairs.has_targets:
        return list(itertools.islice(pairs.sources(), limit)), []
    both = list(itertools.islice(pairs, limit))
    return [source for source, _ in both], [target for _, target in both]


def model(config, pair, seed=None, allowed=()):
    """The model, built, under the current strategy and precision.

    Args:
        config: Config.
        pair: tokenizers (source, target).
        seed: int or None. Of the dropout masks.
        allowed: modules of the user's own that may be imported.

    Raises:
        UserError: parts that do not fit each other.
    """
    try:
        return _model(config, pair, seed, allowed)
    except UserError:
        raise
    except (TypeError, ValueError) as error:
        raise UserError(f"model_params: {error}") from error


def _model(config, pair, seed, allowed):
    params = config.model_params
    options = {
        "encoder": _encoder(params, seed, allowed),
        "bridge": _bridge(params, allowed),
        "decoder": _decoder(params, seed, allowed),
    }
    own = getattr(options["decoder"], "own_attentions", None)
    if config.model != "BasicSeq2Seq" and own is None:
        options["attention"] = _attention(params, allowed)
    sizes = [each.vocabulary_size for each in pair if each is not None]
    if pair[0] is not None:
        options |= {
            "reverse_source": params.source_reverse,
            "append_end": params.source_append_end,
            "max_source_length": params.source_max_seq_len,
        }
    share = params.embedding_share
    return find_class(config.model, MODELS, allowed)(
        *sizes,
        _of_sides(params, "dim"),
        share_embeddings=None if share == "none" else share,
        embedding_dropout=_of_sides(params, "dropout_keep_prob", _dropped),
        output_dropout=_dropped(params.output_dropout_keep_prob),
        init_scale=params.embedding_init_scale,
        label_smoothing=config.label_smoothing,
        clip_norm=params.optimizer_clip_gradients or None,
        clip_embedding_norm=params.optimizer_clip_embed_gradients or None,
        tokenizers=pair,
        max_target_length=params.max_decode_length,
        search=search(params),
        seed=seed,
        max_length_ratio=_length_ratio(params),
        loss_normalization=config.loss_normalization,
        **options,
    )


def _length_ratio(params):
    ratio = params.inference_max_length_ratio
    return None if ratio == "auto" else ratio


def _dropped(keep_prob):
    return round(1.0 - keep_prob, 9)


def _of_sides(params, name, change=lambda value: value):
    """A setting of embeddings: one value, or a pair where sides differ."""
    both = getattr(params, f"embedding_{name}")
    own = [getattr(params, f"embedding_{side}_{name}") for side in SIDES]
    pair = tuple(change(both if each is None else each) for each in own)
    return pair[0] if pair[0] == pair[1] else pair


def _encoder(params, seed, allowed):
    kind = find_class(params.encoder_class, layers, allowed)
    if params.encoder_class in PICTURE_ENCODERS:
        return kind(**_of_pictures(params.encoder_params, seed, allowed))
    if params.encoder_class in ("PoolingEncoder", "ConvEncoder"):
        return kind(**_positioned(params.encoder_params, seed, allowed))
    if params.encoder_class == "ConvS2SEncoder":
        return kind(**_convolutions(params.encoder_params, seed, 2000))
    if not issubclass(kind, layers.RNNEncoder):
        return kind(**_arguments(params.encoder_params))
    return kind(_stack(params.encoder_params, seed, allowed))


def _of_pictures(params, seed, allowed):
    """Arguments of an encoder of pictures, whose weights come later."""
    given = _arguments(params)
    given.pop("feature_cache")
    backbone = given.get("backbone", "")
    if "." in backbone:
        made = find_class(backbone, {}, allowed)(
            given["resize_height"], given["resize_width"]
        )
        if not isinstance(made, keras.Model):
            raise UserError(
                f"encoder.params: {backbone} must return a keras.Model. "
                f"Received: {made!r}"
            )
        given["backbone"] = made
    own = {
        "weights": None,
        "units": given.pop("num_units"),
        "dropout": _dropped(given.pop("dropout_keep_prob")),
        "seed": None if seed is None else seed + 2000,
    }
    return {**given, **own}


def _positioned(params, seed, allowed):
    """Arguments of an encoder that combines its inputs with positions."""
    given = _arguments(params)
    keep_prob = next(name for name in given if name.endswith("keep_prob"))
    arguments = {
        "dropout": _dropped(given.pop(keep_prob)),
        "combiner": _own(given.pop("position_combiner"), allowed),
        # Not the masks of `embedding.dropout_keep_prob` once more.
        "seed": None if seed is None else seed + 2000,
        **given,
    }
    if not arguments.pop("positions"):
        arguments["num_positions"] = None
    if "pooling_fn" in arguments:
        name = arguments.pop("pooling_fn")
        arguments["pooling"] = POOLINGS.get(name) or _own(name, allowed)
    return arguments


def _own(name, allowed):
    """A function of the user's own by its path; our names as they are."""
    return find_class(name, {}, allowed) if "." in name else name


def _decoder(params, seed, allowed):
    kind = find_class(params.decoder_class, layers, allowed)
    given = params.decoder_params
    if params.decoder_class == "ConvS2SDecoder":
        return kind(**_convolutions(given, seed, 1000))
    options = {}
    if params.decoder_class == "AttentionDecoder":
        options = {
            "input_feeding": given.input_feeding,
            "attention_in_upper_layers": given.attention_in_upper_layers,
            "hidden_keep_prob": given.hidden_dropout_keep_prob,
        }
    seed = None if seed is None else seed + 1000
    return kind(_stack(given, seed, allowed), **options)


def _convolutions(params, seed, offset):
    """Arguments of ConvS2S's encoder and decoder."""
    given = _arguments(params)
    given.pop("max_decode_length", None)
    keep_prob = given.pop("dropout_keep_prob")
    return {
        "dropout": None if keep_prob is None else _dropped(keep_prob),
        "positions": given.pop("position_kind"),
        "seed": None if seed is None else seed + offset,
        **given,
    }


def _stack(params, seed, allowed):
    given = params.rnn_cell
    kind = find_class(given.cell_class, CELLS, allowed)
    arguments = _arguments(given.cell_params)
    if given.cell_class in CELLS:
        arguments = {
            CELL_ARGUMENTS.get(name, name): value
            for name, value in arguments.items()
        }
        arguments["kernel_initializer"] = keras.initializers.RandomUniform(
            -params.init_scale, params.init_scale
        )
    return layers.RecurrentStack(
        kind(**arguments),
        num_layers=given.num_layers,
        input_keep_prob=given.dropout_input_keep_prob,
        output_keep_prob=given.dropout_output_keep_prob,
        state_keep_prob=given.dropout_recurrent_keep_prob,
        variational=given.variational,
        residual=given.residual_connections,
        combiner=given.residual_combiner,
        dense=given.residual_dense,
        first_residual_layer=given.first_residual_layer,
        seed=seed,
    )


def _bridge(params, allowed):
    kind = find_class(params.bridge_class, layers, allowed)
    arguments = _arguments(params.bridge_params)
    if params.bridge_class == "ConcatInputBridge":
        arguments["units"] = arguments.pop("num_units")
    if "activation_fn" in arguments:
        name = arguments.pop("activation_fn")
        known = keras.activations
        arguments["activation"] = (
            name if "." not in name else find_class(name, known, allowed)
        )
    return kind(**arguments)


def _attention(params, allowed):
    kind = find_class(params.attention_class, layers, allowed)
    arguments = _arguments(params.attention_params)
    if issubclass(kind, layers.Attention):
        units = arguments.pop("num_units", None)
        if issubclass(kind, layers.ProjectedAttention):
            arguments["units"] = units
        else:
            arguments.pop("use_bias", None)
    return kind(**arguments)


def _arguments(params):
    return dict(params) if isinstance(params, dict) else params.model_dump()


def initialise(built, config):
    """Draws the weights of a model as `initializer.*` says, if it does.

    Args:
        built: `Seq2Seq`, just made.
        config: Config.
    """
    params = config.model_params
    if params.initializer_class:
        WeightInitializer(
            params.initializer_class,
            params.initializer_scale,
            params.initializer_factor,
            params.initializer_recurrent,
            config.tf_random_seed or 0,
        )(built)


def pretrained(built, params, pair):
    """Fills embeddings from files of vectors, and a network of pictures.

    Returns:
        list of str: what was found, for the start banner.
    """
    told = []
    if params.encoder_class in PICTURE_ENCODERS:
        weights = params.encoder_params.weights
        built.encoder.load_backbone(weights)
        trained = params.encoder_params.fine_tune_from
        told.append(
            f"Network:    {built.encoder.name_of_backbone or 'your own'}, "
            f"weights {weights or 'random'}, "
            + ("frozen" if trained is None else f"trained from {trained} on")
        )
    for side, path, tokenizer, embedding in (
        ("source", params.embedding_source_file, pair[0], built.embed_source),
        ("target", params.embedding_target_file, pair[1], built.embed_target),
    ):
        if path is None:
            continue
        if not isinstance(tokenizer, DelimiterTokenizer):
            raise UserError(
                f"embedding.{side}_file needs a vocabulary of words. Received: "
                "a subword model."
            )
        vectors, found = read_vectors(path, tokenizer.vocabulary, embedding.dim)
        embedding.assign_rows(vectors)
        count = len(vectors)
        told.append(
            f"{side} vectors of {found:,} of {count:,} tokens "
            f"({found / count:.1%}) from {path}"
        )
    return told


def optimizer(config, allowed=()):
    """The optimizer, with exponential averaging if the configuration asks.

    Args:
        config: Config.
        allowed: modules of the user's own that may be imported.
    """
    params = config.model_params
    kind = find_class(params.optimizer_name, OPTIMIZERS, allowed)
    names = OPTIMIZER_ARGUMENTS.get(params.optimizer_name, {})
    arguments = {
        names.get(name, name): value
        for name, value in _arguments(params.optimizer_params).items()
    }
    if config.average.kind == "ema":
        arguments |= {"use_ema": True, "ema_momentum": config.average.decay}
    arguments |= _changes_of_gradients(params, kind)
    return kind(learning_rate=params.optimizer_learning_rate, **arguments)


def _changes_of_gradients(params, kind):
    """Arguments of `optimizers.CoupledDecay`, which our optimizers take."""
    given = {
        "coupled_decay": params.optimizer_weight_decay,
        "clip_value": max(params.optimizer_clip_value or 0.0, 0.0),
    }
    if issubclass(kind, optimizers.CoupledDecay):
        return given
    if any(given.values()):
        raise UserError(
            "optimizer.weight_decay and optimizer.clip_value are carried out "
            f"by the optimizers {', '.join(OPTIMIZERS)}. Received: "
            f"{params.optimizer_name}. Let that class do it, in "
            "optimizer.params."
        )
    return {}


def learning_rate_decay(params):
    """The callback that sets the learning rate, always there to log it."""
    return LearningRateDecay(
        DECAYS.get(params.optimizer_lr_decay_type, "constant"),
        decay_steps=params.optimizer_lr_decay_steps,
        decay_rate=params.optimizer_lr_decay_rate,
        start=params.optimizer_lr_start_decay_at,
        stop=params.optimizer_lr_stop_decay_at,
        minimum=params.optimizer_lr_min_learning_rate,
        staircase=params.optimizer_lr_staircase,
        warmup_steps=params.optimizer_lr_warmup_steps,
        power=params.optimizer_lr_decay_power,
        end=params.optimizer_lr_end_learning_rate,
        boundaries=params.optimizer_lr_boundaries,
        values=params.optimizer_lr_values,
        half_life=params.optimizer_lr_half_life,
        gentle_warmup=params.optimizer_lr_decay_type in SOCKEYES_DECAYS,
    )


def plateau_reduction(params, decay, monitor, **options):
    """The callback that reduces the learning rate at plateaus, or None.

    Args:
        params: `model_params`.
        decay: `LearningRateDecay` of the training.
        monitor: str. The value in the logs that it watches.
        **options: of `PlateauReduction`.
    """
    factor = params.optimizer_lr_plateau_factor
    if params.optimizer_lr_decay_type != "plateau_reduce" or factor == 1:
        return None
    return PlateauReduction(
        decay,
        factor,
        params.optimizer_lr_plateau_patience,
        monitor,
        weights=params.optimizer_lr_plateau_weights,
        slots=params.optimizer_lr_plateau_slots,
        **options,
    )


def search(params, **options):
    """The search that `inference.*` describes.

    Args:
        params: `model_params`.
        **options: of the search, such as `n_best` and `with_attention`.
    """
    width = max(params.inference_beam_width, options.get("n_best", 1), 1)
    penalties = {
        "length_penalty": params.inference_length_penalty_weight,
        "penalty_offset": params.inference_length_penalty_offset,
        "count_end": params.inference_length_penalty_counts_end,
        "coverage_penalty": params.inference_coverage_penalty_weight,
    }
    ranks = (penalties["length_penalty"], penalties["coverage_penalty"])
    if width == 1 and not any(ranks):
        options.pop("n_best", None)
        return GreedySearch(**options)
    # A beam of one with penalties is greedy, too, until more are wanted.
    return BeamSearch(width=width, **penalties, **options)


def with_options(found, n_best=1, with_attention=False, with_history=False):
    """A search like `found` that returns more.

    Greedy search has one hypothesis; for several it becomes a beam. Only a
    beam has a history.
    """
    if isinstance(found, SamplingSearch):
        return dataclasses.replace(
            found,
            n_best=max(found.n_best, n_best),
            with_attention=with_attention,
        )
    if n_best > 1 and isinstance(found, GreedySearch):
        return BeamSearch(
            width=n_best,
            n_best=n_best,
            ban_unknown=found.ban_unknown,
            temperature=found.temperature,
            with_attention=with_attention,
            with_history=with_history,
        )
    if isinstance(found, GreedySearch):
        return dataclasses.replace(found, with_attention=with_attention)
    return dataclasses.replace(
        found,
        width=max(found.width, n_best),
        n_best=n_best,
        with_attention=with_attention,
        with_history=with_history,
    )


def task(described, allowed=()):
    """The task that a section `{class, params}` describes.

    Raises:
        UserError: a class that may not be imported or is no `Task`, or
            arguments that it does not take.
    """
    kind = find_class(described.class_name, tasks, allowed)
    params = _arguments(described.params)
    if kind is tasks.DecodeText:
        name = params.pop("postproc_fn")
        params["postproc_fn"] = (
            find_class(name, FUNCTIONS, allowed) if name else None
        )
    if not (isinstance(kind, type) and issubclass(kind, tasks.Task)):
        raise UserError(
            f"tasks: {described.class_name} must be a class that inherits "
            "from keras_seq2seq.tasks.Task."
        )
    try:
        inspect.signature(kind).bind(**params)
    except TypeError as error:
        raise UserError(
            f"tasks: {described.class_name} does not take these params: "
            f"{error}. Received: {', '.join(params) or 'none'}"
        ) from None
    return kind(**params)


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
        str(found.pictures[number]): [as_text(x, tokenizer) for x in own]
        for number, own in enumerate(found.by_picture())
    }


def source_lines(pipeline, allowed=(), tokenizers=None):
    """Raw source texts of a pipeline, or its pictures, one by one."""
    if reads_pictures(pipeline):
        found = _captions(pipeline, allowed).pictures
        return (found[index] for index in range(len(found)))
    return pairs_of(pipeline, allowed, False, tokenizers).sources()
