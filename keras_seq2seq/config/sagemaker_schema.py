"""SageMaker seq2seq's hyperparameters, document 004, and some of Sockeye's."""

from typing import Literal

from pydantic import Field

from keras_seq2seq.config.sagemaker_values import (
    Dropout,
    Integer,
    Loss,
    MomentumOrUnset,
    Positive,
    PositiveOrUnset,
    Schedule,
    TrackedMetrics,
    Unlimited,
)
from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import Flag, Real


class DocumentedHyperparameters(Section):
    """The 48 rows of document 004, in its order and with its defaults."""

    max_seq_len_source: Positive = Field(
        100,
        description="Source tokens; longer sentences are cut. Also the size "
        "of a cnn encoder's table of positions.",
    )
    max_seq_len_target: Positive = Field(
        100,
        description="Target tokens, START and END not counted; longer "
        "sentences are cut in front of END. Also the size of a cnn decoder's "
        "table of positions.",
    )
    encoder_type: Literal["rnn", "cnn"] = Field(
        "rnn",
        description="rnn: a bidirectional layer and unidirectional ones on "
        "top; cnn: gated convolutions.",
    )
    decoder_type: Literal["rnn", "cnn"] = Field(
        "rnn",
        description="rnn: attention with input feeding; cnn: causal "
        "convolutions with attention in every layer.",
    )
    num_layers_encoder: Positive = Field(
        1, description="Layers; the bidirectional one is the first."
    )
    num_layers_decoder: Positive = Field(1, description="Layers.")
    rnn_num_hidden: Positive = Field(
        1024,
        description="Width of every rnn layer; even where the encoder is one, "
        "half for each direction.",
    )
    rnn_cell_type: Literal["lstm", "gru"] = Field(
        "lstm", description="Cell of encoder and decoder."
    )
    rnn_decoder_state_init: Literal["last", "avg", "zero"] = Field(
        "last",
        description="The decoder's first state, from the encoder's last "
        "output, from the mean of its outputs, or zeros.",
    )
    rnn_residual_connections: Flag = Field(
        False, description="Add a layer's input to its output."
    )
    rnn_first_residual_layer: Positive = Field(
        2,
        description="First layer, from 1, that does so; at least 2 where "
        "residual connections are on.",
    )
    cnn_kernel_width_encoder: Positive = Field(
        3, description="Positions that a convolution sees; odd."
    )
    cnn_kernel_width_decoder: Positive = Field(
        5, description="Positions that a convolution sees, all in the past."
    )
    cnn_num_hidden: Positive = Field(
        512, description="Width of all cnn layers."
    )
    cnn_activation_type: Literal[
        "glu", "relu", "softrelu", "sigmoid", "tanh"
    ] = Field(
        "glu",
        description="Behind each convolution; softrelu is log(1 + exp(x)).",
    )
    cnn_hidden_dropout: Dropout = Field(
        0.0, description="Dropped share of the decoder's convolutions' inputs."
    )
    num_embed_source: Positive = Field(
        512, description="Width of source token vectors."
    )
    num_embed_target: Positive = Field(
        512, description="Width of target token vectors."
    )
    embed_dropout_source: Dropout = Field(
        0.0, description="Dropped share of source token vectors."
    )
    embed_dropout_target: Dropout = Field(
        0.0, description="Dropped share of target token vectors."
    )
    rnn_attention_type: Literal["dot", "fixed", "mlp", "bilinear"] = Field(
        "mlp",
        description="How an rnn decoder attends; mlp is Bahdanau's, bilinear "
        "Luong's general, fixed sees the last source position alone.",
    )
    rnn_attention_num_hidden: PositiveOrUnset = Field(
        None,
        description="Width of mlp's hidden layer or of dot's common space; "
        "none: rnn_num_hidden.",
    )
    rnn_attention_in_upper_layers: Flag = Field(
        True,
        description="Give the context vector to all decoder layers but the "
        "first, as GNMT did.",
    )
    rnn_decoder_hidden_dropout: Dropout = Field(
        0.0,
        description="Dropped share of the decoder's state and context in "
        "front of the layer that joins them; new at each step.",
    )
    batch_size: Positive = Field(
        64, description="Sentences of an update, over all devices."
    )
    bucketing_enabled: Flag = Field(
        True, description="Batches of like lengths; false: one length for all."
    )
    bucket_width: Positive = Field(
        10,
        description="Step of the buckets' longer side; the shorter one's "
        "follows from the mean ratio of lengths.",
    )
    loss_type: Loss = Field(
        "cross-entropy", description="Mean over the target's tokens and END."
    )
    training_metric: TrackedMetrics = Field(
        ("perplexity",),
        description="What is tracked on training and validation data.",
    )
    optimized_metric: Literal["perplexity", "accuracy", "bleu"] = Field(
        "perplexity",
        description="What tells the best checkpoint, ends training and cuts "
        "the learning rate, on validation data.",
    )
    bleu_sample_size: Integer = Field(
        0,
        ge=-1,
        description="Validation sentences that are decoded at a checkpoint; "
        "-1: all; 0: none, or all where optimized_metric is bleu.",
    )
    max_num_batches: Unlimited = Field(
        -1, description="Updates after which training ends; -1: no limit."
    )
    checkpoint_frequency_num_batches: Positive = Field(
        1000, description="Updates between checkpoints."
    )
    checkpoint_threshold: Unlimited = Field(
        3,
        description="Checkpoints without improvement after which training "
        "ends; -1, which SageMaker refused: never.",
    )
    max_num_epochs: PositiveOrUnset = Field(
        None,
        description="Passes over the data. If given, training goes on that "
        "long without improvement.",
    )
    optimizer_type: Literal["adam", "sgd", "rmsprop"] = Field(
        "adam", description="Kind of optimizer, with MXNet's constants."
    )
    weight_init_type: Literal["uniform", "xavier"] = Field(
        "xavier",
        description="How weights begin; recurrent ones begin orthogonal, "
        "biases at 0.",
    )
    weight_init_scale: Real = Field(
        2.34,
        gt=0,
        description="xavier: magnitude m of the bound sqrt(m / fan); uniform: "
        "the bound itself.",
    )
    xavier_factor_type: Literal["in", "out", "avg"] = Field(
        "in", description="Which fan counts in xavier."
    )
    learning_rate: Real = Field(
        0.0003, gt=0, description="Learning rate at the start."
    )
    weight_decay: Real = Field(
        0.0,
        ge=0,
        description="Times the weight, added to its gradient (coupled); "
        "biases have none.",
    )
    momentum: MomentumOrUnset = Field(
        None, description="Of sgd; not to be given with the others."
    )
    clip_gradient: Real = Field(
        1.0,
        description="Bound of each element of a gradient; 0 and less: none.",
    )
    lr_scheduler_type: Schedule = Field(
        "plateau_reduce",
        description="How the learning rate falls: at checkpoints without "
        "improvement, or with time t as 1 / (1 + t) or 1 / sqrt(1 + 3t).",
    )
    plateau_reduce_lr_factor: Real = Field(
        0.5,
        gt=0,
        le=1,
        description="What the learning rate is multiplied by (for "
        "plateau_reduce); 1: it stays.",
    )
    plateau_reduce_lr_threshold: Positive = Field(
        3,
        description="Checkpoints without improvement before that; counted "
        "apart from checkpoint_threshold.",
    )
    fixed_rate_lr_half_life: Positive = Field(
        10,
        description="Checkpoints until half the learning rate (for "
        "fixed_rate_*).",
    )
    beam_size: Positive = Field(
        5,
        description="Hypotheses of the beam search, for BLEU and inference; "
        "fewer than target words.",
    )

    @property
    def attention_width(self):
        """`rnn_attention_num_hidden`, or what it follows."""
        return self.rnn_attention_num_hidden or self.rnn_num_hidden

    @property
    def cuts_on_plateaus(self):
        """Whether the learning rate is ever cut for lack of improvement."""
        return (
            self.lr_scheduler_type == "plateau_reduce"
            and self.plateau_reduce_lr_factor < 1
        )

    @property
    def stops_early(self):
        """Whether lack of improvement ends the training."""
        return self.max_num_epochs is None and self.checkpoint_threshold != -1

    @property
    def decodes(self):
        """Whether validation sentences are decoded at checkpoints."""
        return self.optimized_metric == "bleu" or self.bleu_sample_size != 0


class Hyperparameters(DocumentedHyperparameters):
    """Hyperparameters of SageMaker, and what only Sockeye and we have."""

    seed: Integer = Field(
        13, ge=0, lt=2**32, description="Of everything random."
    )
    label_smoothing: Dropout = Field(
        0.0, description="Share of probability for other words."
    )
    weight_tying: Flag = Field(
        False, description="Share tables between embeddings and output."
    )
    weight_tying_type: Literal["src_trg", "trg_softmax", "src_trg_softmax"] = (
        Field("trg_softmax", description="Which of them are one.")
    )
    rnn_dropout_inputs: Dropout = Field(
        0.0,
        description="Dropped share of rnn layers' inputs, one mask a sentence.",
    )
    rnn_dropout_states: Dropout = Field(
        0.0,
        description="Dropped share of rnn layers' states, one mask a sentence.",
    )
    rnn_forget_bias: Real = Field(
        0.0, description="Added to the forget gate of lstm."
    )
    batch_type: Literal["sentence", "word"] = Field(
        "sentence", description="What batch_size counts."
    )
    min_num_epochs: PositiveOrUnset = Field(
        None, description="Passes before which training does not end early."
    )
    keep_last_params: Unlimited = Field(
        5, description="Newest checkpoints kept beside the best; -1: all."
    )
    learning_rate_warmup: Integer = Field(
        0, ge=0, description="Updates in which the learning rate rises."
    )
    learning_rate_decay_param_reset: Flag = Field(
        False,
        description="plateau_reduce goes back to the best weights so far.",
    )
    learning_rate_decay_optimizer_states_reset: Literal[
        "off", "initial", "best"
    ] = Field(
        "off",
        description="What it does to the optimizer's means and momenta.",
    )
    gradient_clipping_type: Literal["abs", "norm", "none"] = Field(
        "abs",
        description="What clip_gradient bounds: elements, or the global norm.",
    )
    length_penalty_alpha: Real = Field(
        1.0, ge=0, description="Exponent of the length penalty."
    )
    length_penalty_beta: Real = Field(
        0.0, ge=0, description="Added to the length in it."
    )
    overlength: Literal["truncate", "drop", "error"] = Field(
        "truncate",
        description="What becomes of sentences that are too long; Sockeye "
        "dropped them.",
    )
    loss_normalization_type: Literal["valid", "batch"] = Field(
        "valid",
        description="What a batch's loss is divided by: its target tokens, or "
        "its sentences.",
    )
    cnn_positional_embedding_type: Literal["learned", "fixed", "none"] = Field(
        "learned",
        description="Positions of cnn layers; fixed ones are sinusoids, "
        "without a longest sentence.",
    )
    cnn_project_qkv: Flag = Field(
        False,
        description="Project queries, keys and values of a cnn decoder's "
        "attention.",
    )
    cnn_project_encoder: Flag = Field(
        False,
        description="Bring an rnn encoder's output to a cnn decoder's width.",
    )
    cnn_encoder_hidden_dropout: Dropout = Field(
        0.0, description="As cnn_hidden_dropout, in the encoder."
    )
    weight_normalization: Flag = Field(
        False, description="Train norms and directions of cnn kernels apart."
    )


ROWS = DocumentedHyperparameters.keys()
EXTRAS = tuple(key for key in Hyperparameters.keys() if key not in ROWS)
