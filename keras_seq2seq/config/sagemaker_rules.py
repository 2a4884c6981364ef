"""What hyperparameters demand of each other, and of the data."""

from collections.abc import Callable
from typing import NamedTuple

from keras_seq2seq.errors import UserError

ERROR, WARNING, NOTE = "error", "warning", "note"
LARGEST_UNIFORM = 1.0
LARGEST_LEARNING_RATE = 1.0
PLATEAU = ("plateau_reduce_lr_factor", "plateau_reduce_lr_threshold")
RULES = []


class Rule(NamedTuple):
    """A relation between hyperparameters.

    Attributes:
        kind: `"error"`, `"warning"` or `"note"`.
        keys: tuple of str. What it reads, first what is complained of.
        text: callable. Hyperparameters -> what is wrong, or None.
    """

    kind: str
    keys: tuple
    text: Callable


def findings(given, kinds, unknown=()):
    """What the rules say.

    Args:
        given: `sagemaker_schema.Hyperparameters`.
        kinds: container of kinds of rules to ask.
        unknown: container of keys whose value is not what was meant; rules
            that read them are not asked.

    Returns:
        list of pairs (key, line that begins with it).
    """
    said = []
    for rule in RULES:
        if rule.kind in kinds and set(rule.keys).isdisjoint(unknown):
            text, key = rule.text(given), rule.keys[0]
            said += [(key, f"{key} {text}")] if text else []
    return said


def check_data(
    batch_size, beam_size, target_vocabulary_size=None, pairs=None, devices=1
):
    """Holds hyperparameters against the data and the machine.

    Args:
        batch_size: int. Sentences of a batch.
        beam_size: int.
        target_vocabulary_size: int, special tokens included, or None.
        pairs: int. Number of training pairs, or None.
        devices: int. Devices that share a batch.

    Returns:
        list of str: warnings.

    Raises:
        UserError: with all errors at once.
    """
    errors, warnings = [], []
    words, below = target_vocabulary_size, batch_size // devices * devices
    if words is not None and beam_size >= words:
        errors.append(
            f"beam_size must be less than the {words} tokens of the target "
            f"vocabulary. Received: {beam_size}"
        )
    if batch_size != below:
        near = [str(size) for size in (below, below + devices) if size]
        errors.append(
            f"batch_size must be a multiple of the {devices} devices that "
            f"share a batch. Received: {batch_size}. Type {' or '.join(near)}"
        )
    if pairs is not None and batch_size > pairs:
        warnings.append(
            f"batch_size is {batch_size}, but there are {pairs} training "
            "pairs: most of a batch would be repetitions"
        )
    if errors:
        raise UserError("\n".join(errors))
    return warnings


def _rule(kind, *keys):
    def added(text):
        RULES.append(Rule(kind, keys, text))
        return text

    return added


def _explicit(given, *keys):
    return [key for key in keys if key in given.model_fields_set]


def _decoder_attends_in_upper_layers(given):
    return given.decoder_type == "rnn" and given.num_layers_decoder > 1


@_rule(ERROR, "rnn_num_hidden", "encoder_type")
def _half_for_each_direction(given):
    if given.encoder_type == "rnn" and given.rnn_num_hidden % 2:
        return (
            "must be a multiple of 2, half for each direction of the encoder. "
            f"Received: {given.rnn_num_hidden}"
        )


@_rule(ERROR, "cnn_kernel_width_encoder", "encoder_type")
def _centred_kernel(given):
    width = given.cnn_kernel_width_encoder
    if given.encoder_type == "cnn" and width % 2 == 0:
        return (
            "must be odd: the encoder's convolutions are centred. Received: "
            f"{width}. Type {width - 1} or {width + 1}"
        )


@_rule(
    ERROR,
    "cnn_num_hidden",
    "rnn_num_hidden",
    "encoder_type",
    "decoder_type",
    "cnn_project_encoder",
)
def _one_width(given):
    kinds = (given.encoder_type, given.decoder_type)
    width, wanted = given.cnn_num_hidden, given.rnn_num_hidden
    if given.cnn_project_encoder or kinds != ("rnn", "cnn"):
        return None
    if width != wanted:
        return (
            f"is {width}, but a cnn decoder on an rnn encoder needs the "
            f"encoder's width, rnn_num_hidden {wanted}. Type cnn_num_hidden: "
            f"{wanted}, or rnn_num_hidden: {width}, or let it be projected: "
            "cnn_project_encoder: true"
        )


@_rule(
    ERROR,
    "rnn_first_residual_layer",
    "rnn_residual_connections",
    "encoder_type",
    "decoder_type",
)
def _first_layer_changes_the_width(given):
    first = given.rnn_first_residual_layer
    if "rnn" not in (given.encoder_type, given.decoder_type):
        return None
    if given.rnn_residual_connections and first < 2:
        return (
            "must be at least 2: the first layer's input has another width "
            f"than its output. Received: {first}"
        )


@_rule(ERROR, "momentum", "optimizer_type")
def _momentum_is_of_sgd(given):
    if given.momentum is not None and given.optimizer_type != "sgd":
        return (
            f"goes with optimizer_type sgd alone, not with "
            f"{given.optimizer_type}. Remove it, or type optimizer_type: sgd"
        )


@_rule(ERROR, "min_num_epochs", "max_num_epochs")
def _passes_in_order(given):
    least, most = given.min_num_epochs, given.max_num_epochs
    if least is not None and most is not None and least > most:
        return f"must be at most max_num_epochs {most}. Received: {least}"


@_rule(
    ERROR,
    "weight_tying",
    "weight_tying_type",
    "num_embed_source",
    "num_embed_target",
)
def _tied_tables_are_alike(given):
    widths = (given.num_embed_source, given.num_embed_target)
    if not given.weight_tying:
        return None
    if given.weight_tying_type != "trg_softmax" and len(set(widths)) > 1:
        return (
            f"of {given.weight_tying_type} needs num_embed_source and "
            f"num_embed_target to be equal. Received: {widths[0]} and "
            f"{widths[1]}"
        )


@_rule(
    WARNING,
    "rnn_residual_connections",
    "rnn_first_residual_layer",
    "num_layers_encoder",
    "num_layers_decoder",
    "encoder_type",
    "decoder_type",
)
def _residuals_somewhere(given):
    depths = [
        layers
        for kind, layers in (
            (given.encoder_type, given.num_layers_encoder),
            (given.decoder_type, given.num_layers_decoder),
        )
        if kind == "rnn"
    ]
    first = given.rnn_first_residual_layer
    if given.rnn_residual_connections and depths and max(depths) < first:
        return (
            f"changes nothing: they begin at layer {first}, and there are "
            f"{max(depths)}"
        )


@_rule(
    WARNING,
    "rnn_attention_in_upper_layers",
    "num_layers_decoder",
    "decoder_type",
)
def _there_are_upper_layers(given):
    asked = _explicit(given, "rnn_attention_in_upper_layers")
    if not asked or not given.rnn_attention_in_upper_layers:
        return None
    if not _decoder_attends_in_upper_layers(given):
        return (
            "changes nothing: it needs decoder_type rnn and "
            "num_layers_decoder of 2 or more"
        )


@_rule(WARNING, "rnn_attention_num_hidden", "rnn_attention_type")
def _attention_has_a_width(given):
    kind = given.rnn_attention_type
    width = given.rnn_attention_num_hidden
    if width is not None and kind in ("bilinear", "fixed"):
        return f"is not used by rnn_attention_type {kind}"


@_rule(WARNING, "weight_init_scale", "weight_init_type")
def _uniform_is_small(given):
    scale = given.weight_init_scale
    if given.weight_init_type == "uniform" and scale > LARGEST_UNIFORM:
        return (
            f"is {scale:g}: weights uniform in plus or minus that saturate "
            "every gate. With weight_init_type uniform try 0.07 to 0.1"
        )


@_rule(WARNING, "xavier_factor_type", "weight_init_type")
def _factor_is_of_xavier(given):
    if given.weight_init_type == "uniform" and _explicit(
        given, "xavier_factor_type"
    ):
        return "is not used by weight_init_type uniform"


@_rule(WARNING, "learning_rate")
def _learning_rate_is_small(given):
    if given.learning_rate > LARGEST_LEARNING_RATE:
        return f"is {given.learning_rate:g}; hardly any model learns with that"


@_rule(WARNING, "plateau_reduce_lr_factor", "lr_scheduler_type")
def _factor_cuts(given):
    plateau = given.lr_scheduler_type == "plateau_reduce"
    if plateau and given.plateau_reduce_lr_factor == 1:
        return "is 1: the learning rate stays as it is"


@_rule(
    WARNING,
    "checkpoint_threshold",
    "max_num_epochs",
    "lr_scheduler_type",
    *PLATEAU,
)
def _training_outlives_a_cut(given):
    patience = given.checkpoint_threshold
    plateau = given.plateau_reduce_lr_threshold
    if not (given.stops_early and given.cuts_on_plateaus):
        return None
    if patience <= plateau:
        return (
            f"is {patience} and plateau_reduce_lr_threshold {plateau}: "
            "training ends where the learning rate would be cut first. Type "
            f"checkpoint_threshold: {2 * plateau + 2}"
        )


@_rule(WARNING, "max_num_batches", "checkpoint_frequency_num_batches")
def _training_meets_a_checkpoint(given):
    period = given.checkpoint_frequency_num_batches
    if 0 < given.max_num_batches < period:
        return (
            f"is {given.max_num_batches}, less than "
            f"checkpoint_frequency_num_batches {period}: the only checkpoint "
            "is the one at the end"
        )


@_rule(WARNING, "lr_scheduler_type", "fixed_rate_lr_half_life", *PLATEAU)
def _settings_of_another_schedule(given):
    plateau = given.lr_scheduler_type == "plateau_reduce"
    others = ("fixed_rate_lr_half_life",) if plateau else PLATEAU
    idle = _explicit(given, *others)
    if idle:
        return f"{given.lr_scheduler_type} does not use {', '.join(idle)}"


@_rule(WARNING, "encoder_type", "decoder_type")
def _settings_of_another_network(given):
    kinds = {given.encoder_type, given.decoder_type}
    if len(kinds) == 2:
        return None
    (kind,) = kinds
    other = {"rnn": "cnn_", "cnn": "rnn_"}[kind]
    idle = [
        key
        for key in type(given).keys()
        if key.startswith(other) and _explicit(given, key)
    ]
    if idle:
        return (
            f"and decoder_type are {kind}, which does not use {', '.join(idle)}"
        )


@_rule(NOTE, "rnn_attention_num_hidden", "rnn_attention_type", "rnn_num_hidden")
def _dot_projects(given):
    width = given.attention_width
    if given.rnn_attention_type == "dot" and width != given.rnn_num_hidden:
        return (
            f"is {width} and rnn_num_hidden {given.rnn_num_hidden}: dot "
            "attention projects the decoder's state and what differs in "
            "width on the source side"
        )


@_rule(NOTE, "bleu_sample_size", "optimized_metric")
def _bleu_is_shown(given):
    size, metric = given.bleu_sample_size, given.optimized_metric
    if metric == "bleu" and size == 0:
        return "is 0: BLEU is computed on the whole validation set"
    if metric != "bleu" and size != 0:
        return f"is {size}: BLEU is shown, and {metric} optimised"
