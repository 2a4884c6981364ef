"""Every parameter of a model has an effect, or an error that is documented.

A row says what setting one parameter changes first, in this order:

- `shapes`: the shapes of the weights,
- `start`: the values with which weights begin,
- `function`: the outputs, with equal weights,
- `training`: the outputs in training, with equal weights,
- `step`: the weights after one step of training,
- `written`: the searches that write targets, and their limits,
- `data`: the ids that are made of text,
- `vectors`: the token vectors that a file gives,
- `initial`: the weights with which a training begins,
- `rates`: the learning rates of the first steps,
- `updates`: how an optimizer moves a variable,
- `plateaus`: rate, weights and slots while evaluations get no better,
- `network`: the weights with which a network of pictures begins,
- `kept`: the features of pictures that are kept in files,

or `refused`, with a part of the error. `accepted` is for what the schema says
has no effect.
"""

import functools
import json
import re
import types
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq import recipe
from keras_seq2seq.callbacks import TimeLimit
from keras_seq2seq.checkpoint.model_state import copy_slots
from keras_seq2seq.config import rnn_schema
from keras_seq2seq.config.files import load
from keras_seq2seq.config.model_schema import SCHEMAS, ModelParams
from keras_seq2seq.config.network_schema import PICTURE_ENCODERS
from keras_seq2seq.data.captioned_pictures import CaptionedPictures
from keras_seq2seq.data.captions import Captions
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.picture_store import ListedPictures
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError
from keras_seq2seq.layers import image_encoder
from keras_seq2seq.layers.backbones import backbone_names, make_backbone

pytestmark = pytest.mark.usefixtures("eagerly")

WORDS = 9
SOURCE = np.array([[4, 5, 6, 7, 8, 3], [5, 7, 3, 0, 0, 0]], "int32")
TARGET = np.array([[2, 4, 6], [2, 8, 0]], "int32")
LABELS = np.array([[4, 6, 3], [8, 3, 0]], "int32")
TEXT = "a b\nE d c\nc zz e a b\n"


IMAGES = np.random.default_rng(3).integers(0, 256, (2, 8, 8, 3), "uint8")
# What a model of pictures refuses.
SOURCE_KEYS = {"source.reverse"}


def small_network(name, height, width):
    """Stands for the networks of `keras.applications`, which are large."""
    if name not in backbone_names():
        return make_backbone(name, height, width)  # refuses
    inputs = keras.Input((height, width, 3))
    x = keras.layers.Conv2D(5, 3, 2, name="first")(inputs)
    x = keras.layers.Conv2D(len(name), 2, name="last")(x)
    return keras.Model(inputs, x)


class Row(NamedTuple):
    """A parameter, another value, what that changes, and what else is set."""

    key: str
    value: Any
    effect: str
    given: dict = {}


CELL = {"num_units": 4}
TINY = {"cell_class": "GRUCell", "cell_params": CELL}
TWO = {"num_layers": 2}
RESIDUAL = {**TWO, "residual_connections": True}
DENSE = {**RESIDUAL, "residual_dense": True}
# Models that are small, unless a row says otherwise.
SMALL = {
    "embedding.dim": 5,
    "encoder.class": "UnidirectionalRNNEncoder",
    "encoder.params": {"rnn_cell": TINY},
    "decoder.params": {"rnn_cell": TINY},
    "attention.params": {"num_units": 3},
    "source.reverse": False,
}
DECAY = {
    "optimizer.lr_decay_type": "exponential_decay",
    "optimizer.lr_decay_steps": 3,
    "optimizer.lr_decay_rate": 0.5,
}
# Polynomials end at the default learning rate.
FAST = {"optimizer.learning_rate": 0.1}
POLYNOMIAL = {**DECAY, **FAST, "optimizer.lr_decay_type": "polynomial_decay"}
HALF_OVER = {**POLYNOMIAL, "optimizer.lr_decay_steps": 12, "minutes": 1}
PIECES = {
    "optimizer.lr_decay_type": "piecewise_constant_decay",
    "optimizer.lr_boundaries": [2, 4],
    "optimizer.lr_values": [0.3, 0.2, 0.1],
}
HALF_LIFE = {"optimizer.lr_decay_type": "fixed_rate_inv_t"}
PLATEAU = {"optimizer.lr_decay_type": "plateau_reduce"}
# Adam would undo what clipping does to a first step.
DESCENT = {"optimizer.name": "SGD", "optimizer.learning_rate": 1.0}
BEAM = {"inference.beam_search.beam_width": 3}
PENALTY = {**BEAM, "inference.beam_search.length_penalty_weight": 0.5}

# How weights begin, with a stack of cells that have gates.
XAVIER = {"initializer.class": "xavier"}

NO_CELLS = {"encoder.params": {}}
POOLING = {**NO_CELLS, "encoder.class": "PoolingEncoder"}

CONV_S2S = {"encoder.class": "ConvS2SEncoder", **NO_CELLS}
TWO_SIZES = {"layers": [[4, 3], [3, 2]]}
SOCKEYE = {"variant": "sockeye", "layers": [[5, 3], [5, 1]]}
# The default model is AttentionSeq2Seq, which takes any encoder and decoder.
CONV_DECODER = {**CONV_S2S, "encoder.params": {"layers": [[4, 3]]}}

MODEL_ROWS = [
    Row(
        "architecture",
        "wmt_en_ro",
        "shapes",
        {
            **CONV_DECODER,
            "model": "ConvS2S",
            "architecture": "iwslt_de_en",
            "decoder.params": {"layers": [[4, 3]]},
        },
    ),
    Row("architecture", "wmt_fr_en", "refused: 'wmt_en_fr'"),
    Row("architecture", "base", "refused: AttentionSeq2Seq has none"),
    Row("vocab_source", "other.txt", "data"),
    Row("vocab_target", "other.txt", "data"),
    Row("source.max_seq_len", 2, "data"),
    Row("source.max_seq_len", None, "refused: enable: false", POOLING),
    Row("source.reverse", True, "function"),
    Row("source.append_end", False, "data"),
    Row("source.tokenizer", "characters", "data"),
    Row("source.lowercase", True, "data"),
    Row("target.max_seq_len", 2, "data"),
    Row("target.tokenizer", "characters", "data"),
    Row("target.lowercase", True, "data"),
    Row("initializer.class", "xavier", "initial"),
    Row("initializer.class", "uniform", "initial", XAVIER),
    Row("initializer.class", "normal", "refused: 'uniform'"),
    Row("initializer.scale", 1.0, "initial", XAVIER),
    Row("initializer.factor", "avg", "initial", XAVIER),
    Row("initializer.recurrent", "orthogonal_stacked", "initial", XAVIER),
    Row("initializer.recurrent", "default", "initial", XAVIER),
    Row("embedding.dim", 6, "shapes"),
    Row("embedding.source_dim", 6, "shapes"),
    Row("embedding.target_dim", 6, "shapes"),
    Row(
        "embedding.source_dim",
        6,
        "refused: A shared table has one width",
        {"embedding.share": "all"},
    ),
    Row("embedding.share", True, "shapes"),
    Row("embedding.share", "target_output", "shapes"),
    Row("embedding.share", "all", "shapes"),
    Row("embedding.init_scale", 0.5, "start"),
    Row("embedding.source_file", "vectors.txt", "vectors"),
    Row("embedding.target_file", "vectors.txt", "vectors"),
    Row("embedding.dropout_keep_prob", 0.5, "training"),
    Row("embedding.source_dropout_keep_prob", 0.5, "training"),
    Row("embedding.target_dropout_keep_prob", 0.5, "training"),
    Row("embedding.word_keep_prob", 0.5, "training"),
    Row("embedding.source_word_keep_prob", 0.5, "training"),
    Row("embedding.target_word_keep_prob", 0.5, "training"),
    Row("output.dropout_keep_prob", 0.5, "training"),
    Row("optimizer.name", "SGD", "updates"),
    Row("optimizer.learning_rate", 0.5, "updates"),
    Row("optimizer.params", {"beta1": 0.1}, "updates"),
    Row("optimizer.clip_gradients", 1e-3, "step", DESCENT),
    Row("optimizer.clip_embed_gradients", 1e-3, "step", DESCENT),
    Row("optimizer.clip_value", 0.05, "updates", DESCENT),
    Row("optimizer.weight_decay", 0.5, "updates", DESCENT),
    Row("optimizer.weight_decay", -1, "refused: must be a number >= 0"),
    Row("optimizer.lr_decay_type", "exponential_decay", "rates"),
    Row("optimizer.lr_decay_type", "natural_exp_decay", "rates"),
    Row("optimizer.lr_decay_type", "inverse_time_decay", "rates"),
    Row("optimizer.lr_decay_type", "polynomial_decay", "rates", FAST),
    Row("optimizer.lr_decay_type", "inverse_sqrt", "rates"),
    Row("optimizer.lr_decay_type", "fixed_rate_inv_t", "rates"),
    Row("optimizer.lr_decay_type", "fixed_rate_inv_sqrt_t", "rates"),
    Row("optimizer.lr_decay_type", "plateau_reduce", "plateaus"),
    Row("optimizer.lr_decay_type", "cosine", "refused: 'exponential_decay'"),
    Row("optimizer.lr_decay_steps", 2, "rates", DECAY),
    Row("optimizer.lr_decay_rate", 0.25, "rates", DECAY),
    Row("optimizer.lr_start_decay_at", 2, "rates", DECAY),
    Row("optimizer.lr_stop_decay_at", 4, "rates", DECAY),
    Row("optimizer.lr_min_learning_rate", 0.9e-4, "rates", DECAY),
    Row("optimizer.lr_staircase", True, "rates", DECAY),
    Row("optimizer.lr_warmup_steps", 4, "rates"),
    Row("optimizer.lr_decay_power", 2, "rates", POLYNOMIAL),
    Row("optimizer.lr_end_learning_rate", 1e-5, "rates", POLYNOMIAL),
    Row("optimizer.lr_boundaries", [1, 4], "rates", PIECES),
    Row("optimizer.lr_values", [0.3, 0.25, 0.1], "rates", PIECES),
    Row("optimizer.lr_values", [0.3], "refused: one value more", PIECES),
    Row("optimizer.lr_half_life", 5, "rates", HALF_LIFE),
    Row("optimizer.lr_decay_by_time", True, "rates", HALF_OVER),
    Row("optimizer.lr_decay_by_time", True, "refused: no time limit"),
    Row("optimizer.lr_plateau_factor", 0.25, "plateaus", PLATEAU),
    Row("optimizer.lr_plateau_factor", 1, "plateaus", PLATEAU),
    Row("optimizer.lr_plateau_factor", 1.5, "refused: <= 1", PLATEAU),
    Row("optimizer.lr_plateau_patience", 2, "plateaus", PLATEAU),
    Row("optimizer.lr_plateau_weights", "best", "plateaus", PLATEAU),
    Row("optimizer.lr_plateau_slots", "initial", "plateaus", PLATEAU),
    Row("optimizer.lr_plateau_slots", "best", "plateaus", PLATEAU),
    Row("optimizer.sync_replicas", 2, "accepted"),
    Row("optimizer.sync_replicas_to_aggregate", 2, "accepted"),
    Row("encoder.class", "BidirectionalRNNEncoder", "shapes"),
    Row("encoder.class", "seq2seq.encoders.PoolingEncoder", "shapes", NO_CELLS),
    Row("encoder.class", "mine.Encoder", "refused: --allow_import mine"),
    Row("encoder.params", {"rnn_cell": {**TINY, **TWO}}, "shapes"),
    Row("bridge.class", "InitialStateBridge", "shapes"),
    Row("bridge.class", "seq2seq.models.bridges.PassThroughBridge", "function"),
    Row(
        "bridge.params",
        {"activation_fn": "tanh"},
        "function",
        {"bridge.class": "InitialStateBridge"},
    ),
    Row("attention.class", "AttentionLayerDot", "shapes"),
    Row("attention.params", {"num_units": 4}, "shapes"),
    Row("decoder.class", "seq2seq.decoders.BasicDecoder", "refused: needs"),
    Row("decoder.params", {"rnn_cell": {**TINY, **TWO}}, "shapes"),
    Row("inference.max_decode_length", 7, "written"),
    Row("inference.max_length_ratio", 1.5, "written"),
    Row("inference.max_length_ratio", 0, "refused: a number > 0"),
    Row("inference.beam_search.beam_width", 2, "written"),
    Row("inference.beam_search.length_penalty_weight", 0.5, "written", BEAM),
    Row("inference.beam_search.length_penalty_offset", 1.0, "written", PENALTY),
    Row(
        "inference.beam_search.length_penalty_counts_end",
        True,
        "written",
        PENALTY,
    ),
    Row("inference.beam_search.coverage_penalty_weight", 0.5, "written", BEAM),
    Row(
        "inference.beam_search.choose_successors_fn",
        "choose_any",
        "refused: 'choose_top_k'",
    ),
]
RNN_CELL_ROWS = [
    Row("cell_class", "LSTMCell", "shapes"),
    Row("cell_class", "LTSMCell", "refused: Did you mean LSTMCell"),
    Row("cell_params", {"num_units": 6}, "shapes"),
    Row("num_layers", 2, "shapes"),
    Row("dropout_input_keep_prob", 0.5, "training"),
    Row("dropout_output_keep_prob", 0.5, "training"),
    Row("dropout_recurrent_keep_prob", 0.5, "training"),
    Row("variational", True, "training", {"dropout_input_keep_prob": 0.5}),
    Row("residual_connections", True, "shapes", TWO),
    Row("residual_combiner", "mean", "function", DENSE),
    Row("residual_combiner", "concat", "shapes", RESIDUAL),
    Row("residual_dense", True, "function", RESIDUAL),
    # All layers: the first one projects its input.
    Row("first_residual_layer", 2, "shapes", RESIDUAL),
    Row("first_residual_layer", 1, "refused: >= 2"),
]
CELL_ROWS = {
    "BasicRNNCell": [Row("num_units", 6, "shapes")],
    "GRUCell": [
        Row("num_units", 6, "shapes"),
        Row("reset_after", True, "shapes"),
        Row("gate_bias", 0.0, "start"),
        Row("layer_norm", True, "shapes"),
    ],
    "LayerNormGRUCell": [
        Row("num_units", 6, "shapes"),
        Row("reset_after", True, "shapes"),
        Row("gate_bias", 0.0, "start"),
        Row("layer_norm", False, "refused: must be one of True"),
    ],
    "LSTMCell": [
        Row("num_units", 6, "shapes"),
        Row("forget_bias", 0.0, "function"),
        Row("use_peepholes", True, "shapes"),
        Row("num_proj", 3, "shapes"),
        Row("cell_clip", 0.01, "function"),
        Row("proj_clip", 0.01, "function", {"num_proj": 3}),
        Row("layer_norm", True, "shapes"),
    ],
    "LayerNormLSTMCell": [
        Row("num_units", 6, "shapes"),
        Row("forget_bias", 0.0, "function"),
        Row("use_peepholes", True, "shapes"),
        Row("num_proj", 3, "shapes"),
        Row("cell_clip", 0.01, "function"),
        Row("proj_clip", 0.01, "function", {"num_proj": 3}),
        Row("layer_norm", False, "refused: must be one of True"),
    ],
}
RNN_ROWS = [
    Row("rnn_cell", {**TINY, **TWO}, "shapes"),
    Row("init_scale", 0.5, "start"),
]
POSITION_ROWS = [
    Row("position_embeddings.enable", False, "function"),
    Row("position_embeddings.combiner_fn", "tensorflow.add", "function"),
    Row("position_embeddings.combiner_fn", "concat", "refused: add, multiply"),
    Row("position_embeddings.num_positions", 60, "function"),
    Row("position_embeddings.num_positions", 49, "refused: num_positions: 50"),
]
CONV = {
    f"{role}_cnn.{name}": size
    for role in ("attention", "output")
    for name, size in (("units", 4), ("kernel_size", 2), ("layers", 2))
}
PICTURE_ROWS = [
    Row("resize_height", 9, "function"),
    Row("resize_width", 9, "function"),
    Row(
        "weights", "other.weights.h5", "network", {"weights": "one.weights.h5"}
    ),
    Row("weights", None, "refused: Type fine_tune_from: all"),
    Row("fine_tune_from", "last", "shapes"),
    Row("fine_tune_from", "lost", "refused: 'lost'"),
    Row("num_units", 4, "shapes"),
    Row("dropout_keep_prob", 0.5, "training"),
    Row("pool", True, "function"),
    Row("feature_cache", "float16", "kept"),
    Row(
        "feature_cache",
        "float16",
        "refused: features of a frozen network",
        {"fine_tune_from": "all"},
    ),
]
ENCODER_ROWS = {
    "UnidirectionalRNNEncoder": RNN_ROWS,
    "BidirectionalRNNEncoder": RNN_ROWS,
    "StackBidirectionalRNNEncoder": RNN_ROWS,
    "HybridRNNEncoder": [
        *RNN_ROWS,
        Row(
            "rnn_cell",
            {"cell_class": "GRUCell", "cell_params": {"num_units": 5}},
            "refused: must be a multiple of 2. Received: units=5",
        ),
    ],
    "PoolingEncoder": [
        *POSITION_ROWS,
        Row("dropout_keep_prob", 0.5, "training"),
        Row("pooling_fn", "tensorflow.layers.max_pooling1d", "function"),
        Row("pooling_fn", "median", "refused: average_pooling1d"),
        Row("pool_size", 2, "function"),
        Row("strides", 2, "function"),
    ],
    "ConvEncoder": [
        *POSITION_ROWS,
        *(Row(key, 3, "shapes") for key in CONV),
        Row("embedding_dropout_keep_prob", 0.5, "training"),
    ],
    "ConvS2SEncoder": [
        Row("layers", [[4, 3], [4, 3]], "shapes"),
        Row("layers", [[4, 3], [3, 2, 2]], "function"),
        Row("layers", [[4]], "refused: [units, kernel size]"),
        Row("variant", "sockeye", "shapes", {"layers": [[4, 3]]}),
        Row("variant", "sockeye", "refused: widths [3, 4]"),
        Row(
            "layers",
            [[5, 2]],
            "refused: must be odd. Received: 2",
            {**SOCKEYE},
        ),
        Row("activation", "tanh", "shapes"),
        *(
            Row("activation", name, "function", {"activation": "tanh"})
            for name in ("relu", "softrelu", "sigmoid")
        ),
        Row("activation", "gelu", "refused: 'softrelu'"),
        Row("dropout_keep_prob", 0.5, "start"),
        Row("dropout_keep_prob", 0.5, "training", SOCKEYE),
        Row("weight_norm", False, "shapes"),
        Row("position_embeddings.kind", "sinusoid", "shapes"),
        Row(
            "position_embeddings.kind",
            "none",
            "function",
            {"position_embeddings.kind": "sinusoid"},
        ),
        Row("position_embeddings.num_positions", 60, "shapes"),
        Row("position_embeddings.num_positions", 50, "refused: positions: 51"),
    ],
    "InceptionV3Encoder": PICTURE_ROWS,
    "ImageEncoder": [
        *PICTURE_ROWS,
        Row("backbone", "MobileNet", "shapes"),
        Row("backbone", "MobilNet", "refused: Did you mean MobileNet"),
        Row("backbone", "mine.network", "refused: --allow_import mine"),
    ],
}
DECODER_ROWS = {
    "BasicDecoder": [*RNN_ROWS, Row("max_decode_length", 7, "written")],
    "AttentionDecoder": [
        *RNN_ROWS,
        Row("max_decode_length", 7, "written"),
        Row("input_feeding", True, "function"),
        Row(
            "attention_in_upper_layers",
            True,
            "shapes",
            {"rnn_cell": {**TINY, **TWO}},
        ),
        Row("hidden_dropout_keep_prob", 0.5, "training"),
    ],
    "ConvS2SDecoder": [
        Row("layers", [[4, 3], [4, 3]], "shapes"),
        Row("variant", "sockeye", "shapes", {"layers": [[5, 3]]}),
        Row("variant", "sockeye", "refused: layers 6", {"layers": [[6, 3]]}),
        Row("activation", "tanh", "shapes"),
        Row("dropout_keep_prob", 0.5, "start"),
        Row("dropout_keep_prob", 0.5, "training", SOCKEYE),
        Row("weight_norm", False, "shapes"),
        Row("position_embeddings.kind", "sinusoid", "shapes"),
        Row("position_embeddings.num_positions", 120, "shapes"),
        Row("position_embeddings.num_positions", 99, "refused: positions: 100"),
        Row("attention", [True, False], "shapes"),
        Row("attention", [True], "refused: a list of 2 booleans"),
        Row("attention", False, "refused: At least one layer"),
        Row("out_units", 9, "shapes"),
        Row("project_qkv", True, "shapes", SOCKEYE),
        Row("project_qkv", True, "refused: 'sockeye'"),
        Row("project_memory", True, "shapes"),
        Row("max_decode_length", 7, "written"),
    ],
}
BRIDGE_ROWS = {
    "ZeroBridge": [],
    "PassThroughBridge": [],
    "InitialStateBridge": [
        Row("bridge_input", "outputs", "function"),
        Row("bridge_input", "attention_values", "function"),
        Row("bridge_input", "states", "refused: 'attention_values'"),
        Row("activation_fn", "tanh", "function"),
        Row("activation_fn", "tensorflow.nn.tanh", "function"),
        Row("activation_fn", "tangh", "refused: Did you mean tanh"),
    ],
    "ConcatInputBridge": [
        Row("num_units", 4, "shapes"),
        Row("bridge_input", "outputs", "function"),
        Row("activation_fn", "tanh", "function"),
    ],
    "EncoderOutputBridge": [
        Row("mode", "avg", "function"),
        Row("mode", "zero", "shapes"),
        Row("mode", "mean", "refused: 'avg'"),
    ],
}
ADDITIVE_ROWS = [
    Row("num_units", 4, "shapes"),
    Row("use_bias", False, "shapes"),
]
# Encoder and decoder here are 4 wide.
DOT_ROWS = [
    *ADDITIVE_ROWS,
    Row("project", "if_needed", "shapes", {"num_units": 4}),
    Row("project", "never", "refused: 'if_needed'"),
]
UNPROJECTED_ROWS = [Row("use_bias", True, "refused: must be one of False")]
ATTENTION_ROWS = {
    "AdditiveAttention": ADDITIVE_ROWS,
    "DotAttention": DOT_ROWS,
    "ScaledDotAttention": DOT_ROWS,
    "BilinearAttention": UNPROJECTED_ROWS,
    "FixedAttention": UNPROJECTED_ROWS,
}
OPTIMIZER_ROWS = {
    "Adam": [
        Row("beta_1", 0.1, "updates"),
        Row("beta_2", 0.1, "updates"),
        Row("epsilon", 0.1, "updates"),
    ],
    "SGD": [
        Row("momentum", 0.5, "updates"),
        Row("nesterov", True, "updates", {"momentum": 0.5}),
    ],
    "Momentum": [
        Row("momentum", 0.5, "updates"),
        Row("nesterov", True, "updates"),
    ],
    "Adagrad": [
        Row("initial_accumulator_value", 0.5, "updates"),
        Row("epsilon", 0.1, "updates"),
    ],
    "RMSprop": [
        Row("rho", 0.1, "updates"),
        Row("momentum", 0.5, "updates"),
        Row("epsilon", 0.1, "updates"),
        Row("centered", True, "updates"),
    ],
    "Ftrl": [
        Row("learning_rate_power", -0.1, "updates"),
        Row("initial_accumulator_value", 0.5, "updates"),
        Row("l1", 0.5, "updates"),
        Row("l2", 0.5, "updates"),
    ],
}
ROLES = {
    "encoder": ENCODER_ROWS,
    "decoder": DECODER_ROWS,
    "bridge": BRIDGE_ROWS,
    "attention": ATTENTION_ROWS,
    "optimizer": OPTIMIZER_ROWS,
}
# What rows of a class stand upon.
GROUND = {
    **dict.fromkeys(
        PICTURE_ENCODERS,
        {"resize_height": 8, "resize_width": 8, "weights": "imagenet"},
    ),
    "ConvEncoder": CONV,
    "ConvS2SEncoder": TWO_SIZES,
    "ConvS2SDecoder": {**TWO_SIZES, "out_units": 6},
    "ConcatInputBridge": {"num_units": 3},
    **{
        name: {"num_units": 3}
        for name, rows in ATTENTION_ROWS.items()
        if "num_units" in {row.key for row in rows}
    },
    **dict.fromkeys(
        [name for name in ENCODER_ROWS if "RNN" in name], {"rnn_cell": TINY}
    ),
    **dict.fromkeys(("BasicDecoder", "AttentionDecoder"), {"rnn_cell": TINY}),
}
# What else is in the model beside them.
BESIDE = {
    "ConvS2SDecoder": CONV_DECODER,
    "EncoderOutputBridge": {"source.reverse": False},
}


def in_model(settings):
    return settings


def in_role(role, name, settings):
    settings = {**GROUND.get(name, {}), **settings}
    chosen = "optimizer.name" if role == "optimizer" else f"{role}.class"
    beside = BESIDE.get(name, {})
    return {**beside, chosen: name, f"{role}.params": settings}


def in_rnn_cell(role, settings):
    return {f"{role}.params": {"rnn_cell": {**TINY, **settings}}}


def in_cell(name, settings):
    cell = {"cell_class": name, "cell_params": {**CELL, **settings}}
    return {"encoder.params": {"rnn_cell": cell}}


def every_row():
    """Triples of a name, the row, and where its settings belong."""
    places = [("model_params", MODEL_ROWS, in_model)]
    for role in ("encoder", "decoder"):
        place = functools.partial(in_rnn_cell, role)
        places.append((f"{role} rnn_cell", RNN_CELL_ROWS, place))
    for name, rows in CELL_ROWS.items():
        places.append((name, rows, functools.partial(in_cell, name)))
    for role, classes in ROLES.items():
        for name, rows in classes.items():
            place = functools.partial(in_role, role, name)
            places.append((name, rows, place))
    for place, rows, settle in places:
        for row in rows:
            yield pytest.param(
                row, settle, id=f"{place} {row.key} {row.effect.split(':')[0]}"
            )


@functools.cache
def loaded(text):
    """The configuration of settings, JSON of one object."""
    settings = json.loads(text)
    basic = settings.get("decoder.class") == "BasicDecoder"
    model = "BasicSeq2Seq" if basic else "AttentionSeq2Seq"
    model = settings.pop("model", model)
    if settings["encoder.class"] in PICTURE_ENCODERS:
        model = "Image2Seq"
        settings = {k: settings[k] for k in settings.keys() - SOURCE_KEYS}
    minutes = settings.pop("minutes", None)
    given = {"model": model, "model_params": json.dumps(settings)}
    return load("", {**given, "minutes": minutes}, complete=False)


def config_of(settings):
    return loaded(json.dumps({**SMALL, **settings}))


def model_of(config):
    keras.utils.set_random_seed(1)
    side = types.SimpleNamespace(vocabulary_size=WORDS)
    source = None if config.model == "Image2Seq" else side
    return recipe.model(config, (source, side), seed=3)


def filled(model):
    """The model with weights that depend on their shapes only."""
    random = np.random.default_rng(2)
    for weight in model.trainable_variables:
        weight.assign(random.normal(0, 0.5, weight.shape))
    return model


@functools.cache
def started(text):
    """A model, and the values with which its weights began."""
    model = model_of(loaded(text))
    values = [np.asarray(w).copy() for w in model.trainable_variables]
    return filled(model), values


@functools.cache
def outputs(text, training):
    model = started(text)[0]
    given = {"source": SOURCE}
    if loaded(text).model == "Image2Seq":
        given = {"image": IMAGES}
    inputs = {**given, "target": TARGET}
    return [np.asarray(model(inputs, training=training))]


# The first four effects, in the order in which they are looked for.
IN_MODEL = {
    "shapes": lambda text: [np.array(v.shape) for v in started(text)[1]],
    "start": lambda text: started(text)[1],
    "function": lambda text: outputs(text, False),
    "training": lambda text: outputs(text, True),
}


def model_effect(one, two):
    """The first thing in which two models differ."""
    one, two = (json.dumps({**SMALL, **each}) for each in (one, two))
    seen = (
        name for name, see in IN_MODEL.items() if differ(see(one), see(two))
    )
    return next(seen, "none")


def differ(one, two):
    if [each.shape for each in one] != [each.shape for each in two]:
        return True
    return not all(map(np.array_equal, one, two))


def stepped(settings):
    """Weights after one step."""
    config = config_of(settings)
    model = filled(model_of(config))
    model.compile(recipe.optimizer(config))
    ones = np.ones(LABELS.shape, "float32")
    inputs = {"source": SOURCE, "target": TARGET}
    data = tf.nest.map_structure(tf.constant, (inputs, LABELS, ones))
    model.train_step(data)
    return [np.asarray(weight).copy() for weight in model.trainable_variables]


def written(settings):
    """The search that a model uses, and its limit."""
    config = config_of(settings)
    model = model_of(config)
    limits = [model.max_target_length, model.max_length_ratio]
    return [model.generator.default_search, *limits]


def rates(settings):
    """Learning rates at the beginning, half of the time being over."""
    config = config_of(settings)
    clock = TimeLimit(config.minutes)
    clock.set_state({"seconds": 30})
    decay = recipe.learning_rate_decay(config.model_params, clock)
    decay.initial = config.model_params.optimizer_learning_rate
    share = decay.time() if decay.time else 0.0
    return [decay.decayed(step, share) for step in range(9)]


def updates(settings):
    """Values of a variable under gradients that change."""
    optimizer = recipe.optimizer(config_of(settings))
    variable = keras.Variable([1.0, -2.0])
    optimizer.build([variable])
    values = []
    for gradient in ([0.3, -0.1], [0.2, 0.4], [-0.5, 0.1]):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        values += np.asarray(variable).tolist()
    return values


def plateaus(settings):
    """Rate, weight and slots after evaluations of which the first is best."""
    config = config_of(settings)
    params = config.model_params
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.set_weights([np.ones((1, 1)), np.ones(1)])
    model.compile(recipe.optimizer(config), "mse")
    model.optimizer.build(model.trainable_variables)
    decay = recipe.learning_rate_decay(params, TimeLimit())
    plateau = recipe.plateau_reduction(params, decay, "val_loss")
    if plateau is not None:
        plateau.set_model(model)
    seen = []
    for loss in (1, 2, 2, 2):
        gradients = [np.full((1, 1), loss, "float32"), np.ones(1, "float32")]
        model.optimizer.apply(list(map(tf.constant, gradients)))
        if plateau is not None:
            plateau.on_epoch_end(0, {"val_loss": loss})
        arrays = [*model.get_weights(), *copy_slots(model).values()]
        seen.append([decay.reduction, *(each.tolist() for each in arrays)])
    return seen


def data(settings):
    """Ids of both sides of a text that lies here."""
    files = {"vocab_source": "vocab.txt", "vocab_target": "vocab.txt"}
    config = config_of({**files, **settings})
    pipeline = types.SimpleNamespace(
        class_name="ParallelTextInputPipeline",
        params=types.SimpleNamespace(
            source_files=["text.txt"],
            target_files=["text.txt"],
            source_column=None,
            target_column=None,
        ),
    )
    pair = recipe.tokenizers(config)
    pairs = recipe.corpus(pipeline, config.model_params, pair)
    return [
        list(side(index))
        for index in range(len(pairs))
        for side in (pairs.source, pairs.target)
    ]


def vectors(settings):
    """Both tables of token vectors."""
    files = {"vocab_source": "vocab.txt", "vocab_target": "vocab.txt"}
    config = config_of({**files, **settings})
    model = model_of(config)
    recipe.pretrained(model, config.model_params, recipe.tokenizers(config))
    tables = (model.embed_source.table, model.embed_target.table)
    return [np.asarray(table).tolist() for table in tables]


def initial(settings):
    """The weights that training begins with, after `initializer.*`."""
    config = config_of(settings)
    model = model_of(config)
    recipe.initialise(model, config)
    return [np.asarray(w).tolist() for w in model.trainable_variables]


def network(settings):
    """The weights of a network behind the start of a training."""
    for seed, name in enumerate(("one", "other")):
        keras.utils.set_random_seed(seed)
        small_network("InceptionV3", 8, 8).save_weights(f"{name}.weights.h5")
    config = config_of(settings)
    model = model_of(config)
    recipe.pretrained(model, config.model_params, (None, None))
    return [x.tolist() for x in model.encoder.backbone.get_weights()]


def kept(settings):
    """What there is of features in files."""
    config = config_of(settings)
    model = model_of(config)
    words = DelimiterTokenizer(Vocabulary("ab"))
    captions = Captions(ListedPictures([IMAGES[0]]), ["a"], [0])
    pairs = CaptionedPictures(captions, words, 8, 8)
    recipe.keep_features(config, model, pairs)
    return pairs.features and str(pairs.features.dtype)


OBSERVED = {
    "initial": initial,
    "network": network,
    "kept": kept,
    "written": written,
    "rates": rates,
    "updates": updates,
    "plateaus": plateaus,
    "data": data,
    "vectors": vectors,
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Text, vocabularies and vectors, in the current directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", "cache")
    monkeypatch.setattr(image_encoder, "make_backbone", small_network)
    for name, text in (
        ("text.txt", TEXT),
        ("vocab.txt", "a\nb\nc\nd\ne\n"),
        ("other.txt", "e\na\nb\nc\nd\n"),
        ("vectors.txt", "a 1 2 3 4 5\nc 6 7 8 9 0\n"),
    ):
        (tmp_path / name).write_text(text)


@pytest.mark.parametrize(("row", "settle"), list(every_row()))
def test_parameter_has_its_effect(row, settle, files):
    effect, _, message = row.effect.partition(": ")
    before, after = settle(row.given), settle({**row.given, row.key: row.value})
    if effect == "refused":
        with pytest.raises(UserError, match=re.escape(message)):
            model_of(config_of(after))
    elif effect == "accepted":
        assert model_effect(before, after) == "none"
        described = {
            field.alias or name: field.description
            for name, field in ModelParams.model_fields.items()
        }
        assert described[row.key].startswith("Accepted; ")
    elif effect == "step":
        assert model_effect(before, after) == "none"
        assert differ(stepped(before), stepped(after))
    elif effect in OBSERVED:
        observe = OBSERVED[effect]
        assert observe(before) != observe(after)
    else:
        assert model_effect(before, after) == effect


def test_two_models_of_one_configuration_are_equal():
    one, two = json.dumps(SMALL), json.dumps({**SMALL, "embedding.dim": 5.0})
    assert one != two
    for see in IN_MODEL.values():
        assert not differ(see(one), see(two))


def keys(rows):
    return {row.key for row in rows}


def test_every_parameter_of_a_model_has_a_row():
    assert keys(MODEL_ROWS) == set(ModelParams.keys())


def test_every_parameter_of_a_class_has_a_row():
    assert set(ROLES) == set(SCHEMAS)
    for role, classes in ROLES.items():
        assert set(classes) == set(SCHEMAS[role])
        for name, rows in classes.items():
            assert keys(rows) == set(SCHEMAS[role][name].keys()), name


def test_every_parameter_of_a_cell_has_a_row():
    assert keys(RNN_CELL_ROWS) == set(rnn_schema.RNNCell.keys())
    assert set(CELL_ROWS) == set(rnn_schema.CELLS)
    for name, rows in CELL_ROWS.items():
        assert keys(rows) == set(rnn_schema.CELLS[name].keys()), name
