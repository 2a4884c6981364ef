"""Two old dialects of google/seq2seq, translated to the present one.

Until March 2017 the training script had `--train_source`, `--hparams` and
other flags. Document 001, a page of the project's wiki, describes the first
form of `--hparams` (December 2016; one `rnn_cell` for encoder and decoder),
document 002 the second (January and February 2017). Pure functions: plain
values in, plain values of the schema out.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from keras_seq2seq.config.google import class_name
from keras_seq2seq.config.merge import at
from keras_seq2seq.errors import UserError

PIPELINE = "ParallelTextInputPipeline"
HOOKS = ("PrintModelAnalysisHook", "MetadataCaptureHook")
SAMPLING = {"class": "TrainSampleHook"}
METRICS = ("LogPerplexityMetricSpec", "BleuMetricSpec")
SAMPLE_EVERY = 500

# Old keys below an `rnn_cell` -> places below the new one.
CELL = {
    "type": ("cell_class",),
    "num_units": ("cell_params", "num_units"),
    "num_layers": ("num_layers",),
    "dropout_input_keep_prob": ("dropout_input_keep_prob",),
    "dropout_output_keep_prob": ("dropout_output_keep_prob",),
}
RESIDUAL = ("residual_connections", "residual_combiner", "residual_dense")
SCORE_FN = "inference.beam_search.score_fn"
WEIGHT = "inference.beam_search.length_penalty_weight"
WIDTH = "inference.beam_search.beam_width"
NORMALIZED = "length_normalized_score"
SCORES = {"bahdanau": "AdditiveAttention", "dot": "DotAttention"}


class Document(NamedTuple):
    """One of the old dialects.

    Attributes:
        name: str. The document that describes it.
        hparams: dict. Key of `--hparams` -> function from its value to a list
            of pairs (path below `model_params`, value).
        marks: tuple of str. What keys begin with that this document alone has.
        defaults: callable. Merged settings -> settings that nobody had to
            write down then and whose default is another now, and a list of
            what there is to say about them.
    """

    name: str
    hparams: dict
    marks: tuple
    defaults: Callable


def _cells(*roles):
    """A function from a value to it below the `rnn_cell` of these roles."""

    def below(place):
        paths = [(f"{role}.params", "rnn_cell", *place) for role in roles]
        return lambda value: [(path, value) for path in paths]

    return below


def at_path(*path):
    """A function from a value to it at this place alone."""
    return lambda value: [(path, value)]


def _cell_spec(role):
    def split(value):
        kind, arguments = _spec(value, {"class": "GRUCell", "num_units": 128})
        below = (f"{role}.params", "rnn_cell")
        return [
            ((*below, "cell_class"), kind),
            *(((*below, "cell_params", k), v) for k, v in arguments.items()),
        ]

    return split


def _bridge_spec(value):
    kind, arguments = _spec(value, {"class": "ZeroBridge"})
    return [
        (("bridge.class",), kind),
        *((("bridge.params", k), v) for k, v in arguments.items()),
    ]


def _spec(value, example):
    """Class and arguments of a mapping as document 002 has them."""
    if not isinstance(value, dict) or not isinstance(value.get("class"), str):
        raise UserError(
            f"must be a mapping with a class, such as {json.dumps(example)}"
        )
    arguments = dict(value)
    return arguments.pop("class"), arguments


def _score_type(value):
    if value not in list(SCORES):  # it may be a list itself
        raise UserError(
            "must be bahdanau or dot; for another attention write attention."
            "class: BilinearAttention or ScaledDotAttention"
        )
    return [(("attention.class",), SCORES[value])]


def _score_fn(value):
    """The score of hypotheses; how strongly length counts was not in it."""
    if value == "logprob_score":
        return [((WEIGHT,), 0.0)]
    raise UserError(
        f"does not say how strongly length counts. Write {WEIGHT}: 0.6, or "
        "another weight above 0, in its place"
        if value == NORMALIZED
        else f"must be logprob_score or {NORMALIZED}"
    )


def _defaults_001(merged):
    """Document 001's, where they are not the present ones."""
    model = _model(merged, "BasicSeq2Seq")
    length = at(merged, ("model_params", "target.max_seq_len"))
    params = {
        "source.max_seq_len": 40,
        "source.reverse": False,
        "target.max_seq_len": 40,
        # Inference wrote as many tokens as training read.
        "decoder.params": {
            "max_decode_length": length if type(length) is int else 40
        },
    }
    if model != "BasicSeq2Seq":
        return _defaults(model, params), []
    if _same_states(merged):
        params["bridge.class"] = "PassThroughBridge"
        return _defaults(model, params), []
    params["bridge.class"] = "InitialStateBridge"
    return _defaults(model, params), [
        "The states of encoder and decoder differ, so document 001's decoder "
        "can not begin with the encoder's: bridge.class is InitialStateBridge"
    ]


def _model(merged, default):
    """Bare name of the model; what is no name is complained of later."""
    name = merged.get("model") or default
    try:
        return class_name(name, "model") if isinstance(name, str) else name
    except UserError:
        return name


def _same_states(merged):
    """Whether encoder and decoder have states of one shape."""
    kind = at(merged, ("model_params", "encoder.class")) or ""
    if str(kind).rpartition(".")[2] not in ("", "UnidirectionalRNNEncoder"):
        return False
    states = []
    for role in ("encoder", "decoder"):
        cell = at(merged, ("model_params", f"{role}.params", "rnn_cell"))
        cell = cell if isinstance(cell, dict) else {}
        shaping = ("cell_class", "cell_params", "num_layers")
        states.append([cell.get(key) for key in shaping])
    return states[0] == states[1]


def _defaults_002(merged):
    """Document 002's, where they are not the present ones."""
    model = _model(merged, "AttentionSeq2Seq")
    params = {
        "source.max_seq_len": 40,
        "target.max_seq_len": 40,
        "encoder.class": "UnidirectionalRNNEncoder",
    }
    if model != "BasicSeq2Seq":
        params["attention.class"] = "DotAttention"
    return _defaults(model, params), []


def _hooks(steps):
    """The hooks that nobody could switch off, samples every so many steps."""
    hooks = [{"class": name} for name in HOOKS]
    return [*hooks, {**SAMPLING, "params": {"every_n_steps": steps}}]


def _defaults(model, params):
    return {
        "model": model,
        "model_params": params,
        "hooks": _hooks(SAMPLE_EVERY),
        "metrics": [{"class": name} for name in METRICS],
    }


_BOTH = _cells("encoder", "decoder")
DOCUMENT_001 = Document(
    "001",
    {
        **{f"rnn_cell.{key}": _BOTH(place) for key, place in CELL.items()},
        SCORE_FN: _score_fn,
    },
    ("rnn_cell.",),
    _defaults_001,
)
DOCUMENT_002 = Document(
    "002",
    {
        **{
            f"{role}.rnn_cell.{key}": _cells(role)(place)
            for role in ("encoder", "decoder")
            for key, place in (
                *CELL.items(),
                *((key, (key,)) for key in RESIDUAL),
            )
        },
        "encoder.rnn_cell.cell_spec": _cell_spec("encoder"),
        "decoder.rnn_cell.cell_spec": _cell_spec("decoder"),
        "encoder.type": at_path("encoder.class"),
        "attention.dim": at_path("attention.params", "num_units"),
        "attention.score_type": _score_type,
        "bridge_spec": _bridge_spec,
        SCORE_FN: _score_fn,
    },
    (
        "encoder.rnn_cell.",
        "decoder.rnn_cell.",
        "encoder.type",
        "bridge_spec",
        "attention.",
    ),
    _defaults_002,
)
# Flags and beginnings of keys that came after document 001.
LATER_KEYS = ("encoder.", "decoder.", "bridge.", "inference.")
DELIMITERS = ("delimiter", "source_delimiter", "target_delimiter")
LATER_FLAGS = ("config_path", *DELIMITERS)


def _files(part, side):
    return at_path(f"input_pipeline_{part}", "params", f"{side}_files")


def _delimiters(*sides):
    def everywhere(value):
        return [
            ((f"input_pipeline_{part}", "params", f"{side}_delimiter"), value)
            for part in ("train", "dev")
            for side in sides
        ]

    return everywhere


# Old flags of `train` -> function from their value to a list of pairs (path,
# value). `hparams` is read apart.
FLAGS = {
    "train_source": _files("train", "source"),
    "train_target": _files("train", "target"),
    "dev_source": _files("dev", "source"),
    "dev_target": _files("dev", "target"),
    "vocab_source": at_path("model_params", "vocab_source"),
    "vocab_target": at_path("model_params", "vocab_target"),
    "delimiter": _delimiters("source", "target"),
    "source_delimiter": _delimiters("source"),
    "target_delimiter": _delimiters("target"),
    "train_epochs": at_path("input_pipeline_train", "params", "num_epochs"),
    "sample_every_n_steps": lambda steps: [(("hooks",), _hooks(steps))],
    "config_path": at_path("config_paths"),
}
OLD_FLAGS = (*FLAGS, "hparams")
NUMBER_FLAGS = ("train_epochs", "sample_every_n_steps")
OLD_TEXT_FLAGS = tuple(set(OLD_FLAGS) - set(NUMBER_FLAGS))
