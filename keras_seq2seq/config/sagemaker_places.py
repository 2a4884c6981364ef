"""Where each hyperparameter of SageMaker stands in our configuration.

A row is a function from all hyperparameters and the value of this one to a
list of pairs (path of a setting of ours, its value). What a network does not
have gets no setting.
"""

from keras_seq2seq.config.values import SOCKEYE_SHARES

PARAMS = "model_params"
ENCODERS = {"rnn": "HybridRNNEncoder", "cnn": "ConvS2SEncoder"}
DECODERS = {"rnn": "AttentionDecoder", "cnn": "ConvS2SDecoder"}
MODELS = {"rnn": "AttentionSeq2Seq", "cnn": "ConvS2S"}  # by the decoder
# Class of the cell, and its arguments besides widths.
CELLS = {
    "lstm": ("LSTMCell", {}),
    "gru": ("GRUCell", {"reset_after": True, "gate_bias": 0.0}),
}
# Class of the attention, and its arguments besides a width.
ATTENTIONS = {
    "mlp": ("AdditiveAttention", {"use_bias": False}),
    "dot": ("DotAttention", {"use_bias": False, "project": "if_needed"}),
    "bilinear": ("BilinearAttention", {"use_bias": False}),
    "fixed": ("FixedAttention", {}),
}
WITH_WIDTH = ("mlp", "dot")
# Class of the optimizer, and MXNet's constants where Keras's differ.
OPTIMIZERS = {
    "adam": ("Adam", {"epsilon": 1e-8}),
    "sgd": ("SGD", {}),
    "rmsprop": ("RMSprop", {"epsilon": 1e-8}),
}
POSITIONS = "position_embeddings.num_positions"
POSITION_KINDS = {"learned": "learned", "fixed": "sinusoid", "none": "none"}
SCORE = "sockeye_bleu"
BATCHES = {"sentence": "sentences", "word": "tokens"}
LOSSES = {"valid": "tokens", "batch": "batch"}
# What is no row: the manner of the original, whatever the hyperparameters.
ALWAYS = {
    (PARAMS, "source.append_end"): False,
    (PARAMS, "source.reverse"): False,
    (PARAMS, "inference.max_length_ratio"): "auto",
    (PARAMS, "inference.beam_search.length_penalty_counts_end"): True,
    ("fill_up",): "resample",
    ("empty_pairs",): "drop",
}


def _kept(share):
    """What a dropped share leaves, without the dust of the subtraction."""
    return round(1.0 - share, 12)


def _same(value):
    return value


def _to(*path, spelt=_same):
    """A row that is this setting."""
    return lambda given, value: [(path, spelt(value))]


def _param(*path, spelt=_same):
    """A row that is this setting of the model."""
    return _to(PARAMS, *path, spelt=spelt)


def _network(role, kind, *path, spelt=_same):
    """A row that is an argument of the encoder or decoder of this kind."""

    def row(given, value):
        if getattr(given, f"{role}_type") != kind:
            return []
        return [((PARAMS, f"{role}.params", *path), spelt(value))]

    return row


def _both(kind, *path, spelt=_same):
    """A row that is an argument of both sides, where they are of this kind."""
    return _all(
        _network("encoder", kind, *path, spelt=spelt),
        _network("decoder", kind, *path, spelt=spelt),
    )


def _all(*rows):
    """A row that is several settings."""
    return lambda given, value: [
        place for row in rows for place in row(given, value)
    ]


def _where(condition, row):
    """A row that is no setting without the condition."""
    return lambda given, value: row(given, value) if condition(given) else []


def _arguments(role, params):
    """Settings of `<role>.params`."""
    path = (PARAMS, f"{role}.params")
    return [((*path, key), value) for key, value in params.items()]


def _rnn_decoder(given):
    return given.decoder_type == "rnn"


def _decodes(given):
    return given.decodes


def _attends_with_width(given):
    return _rnn_decoder(given) and given.rnn_attention_type in WITH_WIDTH


def _reduces_on_plateaus(given):
    return given.lr_scheduler_type == "plateau_reduce"


def _drops_in_cells(given):
    return given.rnn_dropout_inputs > 0 or given.rnn_dropout_states > 0


def _lstm(given):
    return given.rnn_cell_type == "lstm"


def _conv_layers(role):
    """A row on which the convolutions of one side depend."""

    def layers(given, _):
        width = getattr(given, f"cnn_kernel_width_{role}")
        count = getattr(given, f"num_layers_{role}")
        shapes = [[given.cnn_num_hidden, width]] * count
        return _network(role, "cnn", "layers")(given, shapes)

    return layers


def _encoder_type(given, kind):
    places = _param("encoder.class")(given, ENCODERS[kind])
    return places + _network("encoder", "cnn", "variant")(given, "sockeye")


def _decoder_type(given, kind):
    feeds = _network("decoder", "rnn", "input_feeding")
    variant = _network("decoder", "cnn", "variant")
    return [
        *_to("model")(given, MODELS[kind]),
        *_param("decoder.class")(given, DECODERS[kind]),
        *feeds(given, True),
        *variant(given, "sockeye"),
    ]


def _rnn_cell_type(given, kind):
    name, params = CELLS[kind]
    places = _both("rnn", "rnn_cell", "cell_class")(given, name)
    for key, value in params.items():
        row = _both("rnn", "rnn_cell", "cell_params", key)
        places += row(given, value)
    return places


def _rnn_decoder_state_init(given, mode):
    if not _rnn_decoder(given):
        return []
    places = _param("bridge.class")(given, "EncoderOutputBridge")
    return places + _arguments("bridge", {"mode": mode})


def _rnn_attention_type(given, kind):
    if not _rnn_decoder(given):
        return []
    name, params = ATTENTIONS[kind]
    places = _param("attention.class")(given, name)
    return places + _arguments("attention", params)


def _rnn_attention_num_hidden(given, _):
    return _arguments("attention", {"num_units": given.attention_width})


def _bucket_width(given, _):
    """Without buckets, one for all."""
    width = given.bucket_width if given.bucketing_enabled else None
    return _to("buckets", "width")(given, width)


def _optimized_metric(given, metric):
    name = SCORE if metric == "bleu" else metric
    places = _to("early_stopping", "metric")(given, name)
    if given.decodes:
        # The first is what tells the best; the second is 0 to 100.
        places += _to("dev_decoding", "metric")(given, [SCORE, "bleu"])
        counts_end = _to("dev_decoding", "length_penalty_counts_end")
        places += counts_end(given, True)
    return places


def _patience(given, _):
    """Without any, the metric still tells which checkpoint is the best."""
    patience = given.checkpoint_threshold if given.stops_early else None
    return _to("early_stopping", "patience")(given, patience)


def _optimizer_type(given, kind):
    name, params = OPTIMIZERS[kind]
    places = _param("optimizer.name")(given, name)
    return places + _arguments("optimizer", params)


def _momentum(given, momentum):
    if momentum is None:
        return []
    return _arguments("optimizer", {"momentum": momentum})


def _clipping(given, _):
    bound = given.clip_gradient
    bounds = {given.gradient_clipping_type: bound} if bound > 0 else {}
    return [
        *_param("optimizer.clip_value")(given, bounds.get("abs")),
        *_param("optimizer.clip_gradients")(given, bounds.get("norm")),
    ]


def _fixed_rate_lr_half_life(given, checkpoints):
    updates = checkpoints * given.checkpoint_frequency_num_batches
    return _param("optimizer.lr_half_life")(given, updates)


def _tying(given, _):
    kind = given.weight_tying_type
    share = SOCKEYE_SHARES[kind] if given.weight_tying else "none"
    return _param("embedding.share")(given, share)


def _limit(number):
    return None if number == -1 else number


def _sample(size):
    return size or -1


PLACES = {
    "max_seq_len_source": _all(
        _param("source.max_seq_len"),
        _network("encoder", "cnn", POSITIONS),
    ),
    "max_seq_len_target": _all(
        _param("target.max_seq_len"),
        # START stands in front of the tokens.
        _network("decoder", "cnn", POSITIONS, spelt=lambda n: n + 1),
        _network("decoder", "cnn", "max_decode_length", spelt=lambda n: n + 1),
    ),
    "encoder_type": _encoder_type,
    "decoder_type": _decoder_type,
    **{
        f"num_layers_{role}": _all(
            _network(role, "rnn", "rnn_cell", "num_layers"),
            _conv_layers(role),
        )
        for role in ("encoder", "decoder")
    },
    "rnn_num_hidden": _both("rnn", "rnn_cell", "cell_params", "num_units"),
    "rnn_cell_type": _rnn_cell_type,
    "rnn_decoder_state_init": _rnn_decoder_state_init,
    "rnn_residual_connections": _both(
        "rnn", "rnn_cell", "residual_connections"
    ),
    "rnn_first_residual_layer": _where(
        lambda given: given.rnn_residual_connections,
        _both("rnn", "rnn_cell", "first_residual_layer"),
    ),
    "cnn_kernel_width_encoder": _conv_layers("encoder"),
    "cnn_kernel_width_decoder": _conv_layers("decoder"),
    "cnn_num_hidden": _all(_conv_layers("encoder"), _conv_layers("decoder")),
    "cnn_activation_type": _both("cnn", "activation"),
    "cnn_hidden_dropout": _network(
        "decoder", "cnn", "dropout_keep_prob", spelt=_kept
    ),
    "num_embed_source": _param("embedding.source_dim"),
    "num_embed_target": _param("embedding.target_dim"),
    "embed_dropout_source": _param(
        "embedding.source_dropout_keep_prob", spelt=_kept
    ),
    "embed_dropout_target": _param(
        "embedding.target_dropout_keep_prob", spelt=_kept
    ),
    "rnn_attention_type": _rnn_attention_type,
    "rnn_attention_num_hidden": _where(
        _attends_with_width, _rnn_attention_num_hidden
    ),
    "rnn_attention_in_upper_layers": _network(
        "decoder", "rnn", "attention_in_upper_layers"
    ),
    "rnn_decoder_hidden_dropout": _network(
        "decoder", "rnn", "hidden_dropout_keep_prob", spelt=_kept
    ),
    "batch_size": _to("batch_size"),
    "bucketing_enabled": _bucket_width,
    "bucket_width": _bucket_width,
    "loss_type": lambda given, value: [],
    "training_metric": lambda given, value: [],
    "optimized_metric": _optimized_metric,
    "bleu_sample_size": _where(
        _decodes, _to("dev_decoding", "sample", spelt=_sample)
    ),
    "max_num_batches": _to("train_steps", spelt=_limit),
    "checkpoint_frequency_num_batches": _all(
        _to("eval_every_n_steps"), _to("save_checkpoints_steps")
    ),
    "checkpoint_threshold": _patience,
    "max_num_epochs": _all(_to("train_passes"), _patience),
    "optimizer_type": _optimizer_type,
    "weight_init_type": _param("initializer.class"),
    "weight_init_scale": _param("initializer.scale"),
    "xavier_factor_type": _where(
        lambda given: given.weight_init_type == "xavier",
        _param("initializer.factor"),
    ),
    "learning_rate": _param("optimizer.learning_rate"),
    "weight_decay": _param("optimizer.weight_decay"),
    "momentum": _momentum,
    "clip_gradient": _clipping,
    "lr_scheduler_type": _param("optimizer.lr_decay_type"),
    "plateau_reduce_lr_factor": _where(
        _reduces_on_plateaus, _param("optimizer.lr_plateau_factor")
    ),
    "plateau_reduce_lr_threshold": _where(
        _reduces_on_plateaus, _param("optimizer.lr_plateau_patience")
    ),
    "fixed_rate_lr_half_life": _where(
        lambda given: not _reduces_on_plateaus(given), _fixed_rate_lr_half_life
    ),
    "beam_size": _all(
        _param("inference.beam_search.beam_width"),
        _where(_decodes, _to("dev_decoding", "beam_width")),
    ),
}
# Rows without a setting of their own, and why.
BUILT_IN = {
    "loss_type": "every model's own loss",
    "training_metric": "perplexity and accuracy are always tracked",
}
EXTRA_PLACES = {
    "seed": _to("tf_random_seed"),
    "label_smoothing": _to("label_smoothing"),
    "weight_tying": _tying,
    "weight_tying_type": _tying,
    "rnn_dropout_inputs": _where(
        _drops_in_cells,
        _all(
            _both("rnn", "rnn_cell", "dropout_input_keep_prob", spelt=_kept),
            # Sockeye's masks hold for a whole sentence.
            _both("rnn", "rnn_cell", "variational", spelt=lambda share: True),
        ),
    ),
    "rnn_dropout_states": _where(
        _drops_in_cells,
        _both("rnn", "rnn_cell", "dropout_recurrent_keep_prob", spelt=_kept),
    ),
    "rnn_forget_bias": _where(
        _lstm, _both("rnn", "rnn_cell", "cell_params", "forget_bias")
    ),
    "batch_type": _to("batch_type", spelt=BATCHES.get),
    "min_num_epochs": _to("min_passes", spelt=lambda passes: passes or 0),
    "keep_last_params": _to("keep_checkpoint_max", spelt=_limit),
    "learning_rate_warmup": _param("optimizer.lr_warmup_steps"),
    "learning_rate_decay_param_reset": _where(
        _reduces_on_plateaus,
        _param(
            "optimizer.lr_plateau_weights",
            spelt=lambda reset: "best" if reset else "keep",
        ),
    ),
    "learning_rate_decay_optimizer_states_reset": _where(
        _reduces_on_plateaus,
        _param(
            "optimizer.lr_plateau_slots",
            spelt=lambda reset: "keep" if reset == "off" else reset,
        ),
    ),
    "gradient_clipping_type": _clipping,
    "length_penalty_alpha": _all(
        _param("inference.beam_search.length_penalty_weight"),
        _where(_decodes, _to("dev_decoding", "length_penalty")),
    ),
    "length_penalty_beta": _all(
        _param("inference.beam_search.length_penalty_offset"),
        _where(_decodes, _to("dev_decoding", "length_penalty_offset")),
    ),
    "overlength": _to("overlength"),
    "loss_normalization_type": _to("loss_normalization", spelt=LOSSES.get),
    "cnn_positional_embedding_type": _both(
        "cnn", "position_embeddings.kind", spelt=POSITION_KINDS.get
    ),
    "cnn_project_qkv": _network("decoder", "cnn", "project_qkv"),
    "cnn_project_encoder": _network("decoder", "cnn", "project_memory"),
    "cnn_encoder_hidden_dropout": _network(
        "encoder", "cnn", "dropout_keep_prob", spelt=_kept
    ),
    "weight_normalization": _both("cnn", "weight_norm"),
}
