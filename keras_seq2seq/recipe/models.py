"""Models of a configuration, and their first weights."""

import keras

from keras_seq2seq import layers, zoo
from keras_seq2seq.config.network_schema import PICTURE_ENCODERS
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vectors import read_vectors
from keras_seq2seq.errors import UserError
from keras_seq2seq.initializers import WeightInitializer
from keras_seq2seq.recipe.classes import arguments_of, find_class
from keras_seq2seq.recipe.generation import search
from keras_seq2seq.recipe.vocabularies import SIDES

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
        word_dropout=_of_sides(params, "word_keep_prob", _dropped),
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
    if "." in params.encoder_class:
        return kind(**arguments_of(params.encoder_params))
    return kind(_stack(params.encoder_params, seed, allowed))


def _of_pictures(params, seed, allowed):
    """Arguments of an encoder of pictures, whose weights come later."""
    given = arguments_of(params)
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
    given = arguments_of(params)
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
    if "." in params.decoder_class:
        return kind(**arguments_of(given))
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
    given = arguments_of(params)
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
    arguments = arguments_of(given.cell_params)
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
    arguments = arguments_of(params.bridge_params)
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
    arguments = arguments_of(params.attention_params)
    if issubclass(kind, layers.ProjectedAttention):
        if "num_units" in arguments:
            arguments["units"] = arguments.pop("num_units")
    elif "." not in params.attention_class:
        arguments.pop("num_units", None)
        arguments.pop("use_bias", None)
    return kind(**arguments)


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
        own = built.encoder.name_of_backbone is None
        told.append(
            f"Network:    {built.encoder.name_of_backbone or 'your own'}, "
            f"weights {weights or ('its own' if own else 'random')}, "
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
