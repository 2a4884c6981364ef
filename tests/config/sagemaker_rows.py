"""Document 004 row by row: default, a value that is refused, and its place."""

from typing import Any, NamedTuple

from keras_seq2seq.config.merge import at

CNN = {"encoder_type": "cnn", "decoder_type": "cnn"}
CNN_DECODER = {**CNN, "encoder_type": "rnn", "rnn_num_hidden": "512"}
BLEU = {"optimized_metric": "bleu"}
INVERSE_TIME = {"lr_scheduler_type": "fixed_rate_inv_t"}
SHARE = "must be a number >= 0 and < 1"
POSITIVE = "must be an integer >= 1"
ENCODER_CELL = "model_params/encoder.params/rnn_cell"
DECODER_CELL = "model_params/decoder.params/rnn_cell"
UNSET = object()  # no setting of ours


class Row(NamedTuple):
    """What one row of document 004 does.

    Attributes:
        default: str, as document 004 has it; None where it has none.
        wrong: str. A value that is refused.
        says: str. How.
        given: dict. Hyperparameters that show its effect.
        places: dict. Path of a setting of ours, by slashes -> its value.
    """

    default: str
    wrong: str
    says: str
    given: dict
    places: dict[str, Any]


ROWS = {
    "max_seq_len_source": Row(
        "100",
        "0",
        POSITIVE,
        {"max_seq_len_source": "60", "encoder_type": "cnn"},
        {
            "model_params/source.max_seq_len": 60,
            "model_params/encoder.params/position_embeddings.num_positions": 60,
        },
    ),
    "max_seq_len_target": Row(
        "100",
        "60.0",
        POSITIVE,
        {"max_seq_len_target": "60", **CNN},
        {
            "model_params/target.max_seq_len": 60,
            "model_params/decoder.params/position_embeddings.num_positions": 61,
            "model_params/decoder.params/max_decode_length": 61,
        },
    ),
    "encoder_type": Row(
        "rnn",
        "RNN",
        "must be one of 'rnn', 'cnn'",
        {"encoder_type": "cnn"},
        {
            "model_params/encoder.class": "ConvS2SEncoder",
            "model_params/encoder.params/variant": "sockeye",
        },
    ),
    "decoder_type": Row(
        "rnn",
        "transformer",
        "must be one of 'rnn', 'cnn'",
        CNN_DECODER,
        {
            "model": "ConvS2S",
            "model_params/decoder.class": "ConvS2SDecoder",
            "model_params/decoder.params/variant": "sockeye",
        },
    ),
    "num_layers_encoder": Row(
        "1",
        "-1",
        POSITIVE,
        {"num_layers_encoder": "3"},
        {f"{ENCODER_CELL}/num_layers": 3},
    ),
    "num_layers_decoder": Row(
        "1",
        "two",
        POSITIVE,
        {**CNN, "num_layers_decoder": "2"},
        {"model_params/decoder.params/layers": [[512, 5], [512, 5]]},
    ),
    "rnn_num_hidden": Row(
        "1024",
        "7",
        "must be a multiple of 2",
        {"rnn_num_hidden": "8"},
        {
            f"{ENCODER_CELL}/cell_params/num_units": 8,
            f"{DECODER_CELL}/cell_params/num_units": 8,
        },
    ),
    "rnn_cell_type": Row(
        "lstm",
        "elman",
        "must be one of 'lstm', 'gru'",
        {"rnn_cell_type": "gru"},
        {
            f"{ENCODER_CELL}/cell_class": "GRUCell",
            f"{DECODER_CELL}/cell_class": "GRUCell",
            f"{DECODER_CELL}/cell_params/reset_after": True,
            f"{DECODER_CELL}/cell_params/gate_bias": 0.0,
        },
    ),
    "rnn_decoder_state_init": Row(
        "last",
        "mean",
        "must be one of 'last', 'avg', 'zero'",
        {"rnn_decoder_state_init": "avg"},
        {
            "model_params/bridge.class": "EncoderOutputBridge",
            "model_params/bridge.params/mode": "avg",
        },
    ),
    "rnn_residual_connections": Row(
        "false",
        "yes",
        "must be true or false",
        {"rnn_residual_connections": "True", "num_layers_encoder": "2"},
        {
            f"{ENCODER_CELL}/residual_connections": True,
            f"{DECODER_CELL}/residual_connections": True,
        },
    ),
    "rnn_first_residual_layer": Row(
        "2",
        "0",
        POSITIVE,
        {
            "rnn_residual_connections": "true",
            "rnn_first_residual_layer": "3",
            "num_layers_encoder": "4",
        },
        {
            f"{ENCODER_CELL}/first_residual_layer": 3,
            f"{DECODER_CELL}/first_residual_layer": 3,
        },
    ),
    "cnn_kernel_width_encoder": Row(
        "3",
        "0",
        POSITIVE,
        {"encoder_type": "cnn", "cnn_kernel_width_encoder": "5"},
        {"model_params/encoder.params/layers": [[512, 5]]},
    ),
    "cnn_kernel_width_decoder": Row(
        "5",
        "2.5",
        POSITIVE,
        {**CNN, "cnn_kernel_width_decoder": "4"},
        {"model_params/decoder.params/layers": [[512, 4]]},
    ),
    "cnn_num_hidden": Row(
        "512",
        "0",
        POSITIVE,
        {**CNN, "cnn_num_hidden": "64"},
        {
            "model_params/encoder.params/layers": [[64, 3]],
            "model_params/decoder.params/layers": [[64, 5]],
        },
    ),
    "cnn_activation_type": Row(
        "glu",
        "gelu",
        "must be one of 'glu', 'relu', 'softrelu', 'sigmoid', 'tanh'",
        {**CNN, "cnn_activation_type": "softrelu"},
        {
            "model_params/encoder.params/activation": "softrelu",
            "model_params/decoder.params/activation": "softrelu",
        },
    ),
    "cnn_hidden_dropout": Row(
        "0",
        "1",
        f"{SHARE}: with 1 everything is dropped",
        {**CNN, "cnn_hidden_dropout": "0.3"},
        {
            "model_params/decoder.params/dropout_keep_prob": 0.7,
            "model_params/encoder.params/dropout_keep_prob": 1.0,
        },
    ),
    "num_embed_source": Row(
        "512",
        "0",
        POSITIVE,
        {"num_embed_source": "16"},
        {"model_params/embedding.source_dim": 16},
    ),
    "num_embed_target": Row(
        "512",
        "",
        POSITIVE,
        {"num_embed_target": "16"},
        {
            "model_params/embedding.target_dim": 16,
            "model_params/embedding.source_dim": 512,
        },
    ),
    "embed_dropout_source": Row(
        "0",
        "-0.1",
        SHARE,
        {"embed_dropout_source": "0.1"},
        {
            "model_params/embedding.source_dropout_keep_prob": 0.9,
            "model_params/embedding.target_dropout_keep_prob": 1.0,
        },
    ),
    "embed_dropout_target": Row(
        "0",
        "1.0",
        f"{SHARE}: with 1 everything is dropped",
        {"embed_dropout_target": "0.3"},
        {"model_params/embedding.target_dropout_keep_prob": 0.7},
    ),
    "rnn_attention_type": Row(
        "mlp",
        "general",
        "must be one of 'dot', 'fixed', 'mlp', 'bilinear'",
        {"rnn_attention_type": "dot"},
        {
            "model_params/attention.class": "DotAttention",
            "model_params/attention.params/project": "if_needed",
            "model_params/attention.params/use_bias": False,
        },
    ),
    "rnn_attention_num_hidden": Row(
        None,
        "0",
        "must be an integer >= 1, or none",
        {"rnn_attention_num_hidden": "32"},
        {"model_params/attention.params/num_units": 32},
    ),
    "rnn_attention_in_upper_layers": Row(
        "true",
        "1",
        "must be true or false",
        {"rnn_attention_in_upper_layers": "false"},
        {"model_params/decoder.params/attention_in_upper_layers": False},
    ),
    "rnn_decoder_hidden_dropout": Row(
        "0",
        "2",
        SHARE,
        {"rnn_decoder_hidden_dropout": "0.2"},
        {"model_params/decoder.params/hidden_dropout_keep_prob": 0.8},
    ),
    "batch_size": Row(
        "64",
        "0",
        POSITIVE,
        {"batch_size": "32"},
        {"batch_size": 32, "batch_type": "sentences"},
    ),
    "bucketing_enabled": Row(
        "true",
        "no",
        "must be true or false",
        {"bucketing_enabled": "FALSE"},
        {"buckets/width": None},
    ),
    "bucket_width": Row(
        "10",
        "0",
        POSITIVE,
        {"bucket_width": "8"},
        {"buckets/width": 8},
    ),
    "loss_type": Row(
        "cross-entropy",
        "hinge",
        "must be one of 'cross-entropy'",
        {"loss_type": "cross_entropy"},
        {},
    ),
    "training_metric": Row(
        "perplexity",
        "bleu",
        "Write optimized_metric: bleu",
        {"training_metric": "accuracy,perplexity"},
        {},
    ),
    "optimized_metric": Row(
        "perplexity",
        "rouge",
        "must be one of 'perplexity', 'accuracy', 'bleu'",
        BLEU,
        {
            "early_stopping/metric": "sockeye_bleu",
            "dev_decoding/metric": ["sockeye_bleu", "bleu"],
            "dev_decoding/length_penalty_counts_end": True,
        },
    ),
    "bleu_sample_size": Row(
        "0",
        "-2",
        "must be an integer >= -1",
        {"bleu_sample_size": "100"},
        {"dev_decoding/sample": 100},
    ),
    "max_num_batches": Row(
        "-1",
        "0",
        "must be -1 or an integer >= 1",
        {"max_num_batches": "2100"},
        {"train_steps": 2100},
    ),
    "checkpoint_frequency_num_batches": Row(
        "1000",
        "0",
        POSITIVE,
        {"checkpoint_frequency_num_batches": "500"},
        {"eval_every_n_steps": 500, "save_checkpoints_steps": 500},
    ),
    "checkpoint_threshold": Row(
        "3",
        "0",
        "must be -1 or an integer >= 1",
        {"checkpoint_threshold": "8"},
        {"early_stopping/patience": 8},
    ),
    "max_num_epochs": Row(
        None,
        "0",
        "must be an integer >= 1, or none",
        {"max_num_epochs": "4"},
        {"train_passes": 4, "early_stopping/patience": None},
    ),
    "optimizer_type": Row(
        "adam",
        "nadam",
        "must be one of 'adam', 'sgd', 'rmsprop'",
        {"optimizer_type": "rmsprop"},
        {
            "model_params/optimizer.name": "RMSprop",
            "model_params/optimizer.params/epsilon": 1e-8,
        },
    ),
    "weight_init_type": Row(
        "xavier",
        "normal",
        "must be one of 'uniform', 'xavier'",
        {"weight_init_type": "uniform", "weight_init_scale": "0.1"},
        {
            "model_params/initializer.class": "uniform",
            "model_params/initializer.factor": UNSET,
        },
    ),
    "weight_init_scale": Row(
        "2.34",
        "0",
        "must be a number > 0",
        {"weight_init_scale": "3"},
        {"model_params/initializer.scale": 3.0},
    ),
    "xavier_factor_type": Row(
        "in",
        "both",
        "must be one of 'in', 'out', 'avg'",
        {"xavier_factor_type": "avg"},
        {"model_params/initializer.factor": "avg"},
    ),
    "learning_rate": Row(
        "0.0003",
        "nan",
        "must be a number > 0",
        {"learning_rate": "1e-3"},
        {"model_params/optimizer.learning_rate": 1e-3},
    ),
    "weight_decay": Row(
        "0",
        "-0.1",
        "must be a number >= 0",
        {"weight_decay": "0.01"},
        {"model_params/optimizer.weight_decay": 0.01},
    ),
    "momentum": Row(
        None,
        "1",
        "must be a number >= 0 and < 1, or none",
        {"optimizer_type": "sgd", "momentum": "0.9"},
        {"model_params/optimizer.params/momentum": 0.9},
    ),
    "clip_gradient": Row(
        "1",
        "inf",
        "must be a number",
        {"clip_gradient": "-1"},
        {
            "model_params/optimizer.clip_value": None,
            "model_params/optimizer.clip_gradients": None,
        },
    ),
    "lr_scheduler_type": Row(
        "plateau_reduce",
        "cosine",
        "must be one of 'plateau_reduce', 'fixed_rate_inv_t', "
        "'fixed_rate_inv_sqrt_t'",
        {"lr_scheduler_type": "fixed-rate-inv-sqrt-t"},
        {"model_params/optimizer.lr_decay_type": "fixed_rate_inv_sqrt_t"},
    ),
    "plateau_reduce_lr_factor": Row(
        "0.5",
        "1.5",
        "must be a number > 0 and <= 1",
        {"plateau_reduce_lr_factor": "0.7"},
        {"model_params/optimizer.lr_plateau_factor": 0.7},
    ),
    "plateau_reduce_lr_threshold": Row(
        "3",
        "0",
        POSITIVE,
        {"plateau_reduce_lr_threshold": "2"},
        {"model_params/optimizer.lr_plateau_patience": 2},
    ),
    "fixed_rate_lr_half_life": Row(
        "10",
        "0",
        POSITIVE,
        {**INVERSE_TIME, "fixed_rate_lr_half_life": "20"},
        {"model_params/optimizer.lr_half_life": 20 * 1000},
    ),
    "beam_size": Row(
        "5",
        "0",
        POSITIVE,
        {**BLEU, "beam_size": "3"},
        {
            "model_params/inference.beam_search.beam_width": 3,
            "dev_decoding/beam_width": 3,
        },
    ),
}


def placed(values, place):
    """The setting at a path by slashes, or UNSET."""
    *groups, key = place.split("/")
    group = at(values, tuple(groups)) if groups else values
    return group.get(key, UNSET) if isinstance(group, dict) else UNSET
