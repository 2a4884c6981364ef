"""Tiny models and batches, all sizes different."""

import numpy as np
import tensorflow as tf

from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    BasicDecoder,
    BidirectionalRNNEncoder,
    ConvEncoder,
    ConvS2SDecoder,
    ConvS2SEncoder,
    DotAttention,
    EncoderOutputBridge,
    GRUCell,
    HybridRNNEncoder,
    InitialStateBridge,
    LSTMCell,
    PoolingEncoder,
    RecurrentStack,
)
from keras_seq2seq.zoo import AttentionSeq2Seq, BasicSeq2Seq, ConvS2S
from tests.contracts import randomise

B, S, T = 3, 6, 5
SOURCE_SIZE, TARGET_SIZE, E = 11, 13, 7
SOURCE_LENGTHS, TARGET_LENGTHS = np.array([6, 2, 4]), np.array([3, 5, 1])


def batch(seed=0, source_size=SOURCE_SIZE, target_size=TARGET_SIZE):
    """`(inputs, labels, weights)` of rows of unequal lengths."""
    random = np.random.default_rng(seed)
    source = random.integers(4, source_size, (B, S)).astype("int32")
    source[np.arange(S) >= SOURCE_LENGTHS[:, None]] = 0
    real = np.arange(T) < TARGET_LENGTHS[:, None]
    labels = random.integers(4, target_size, (B, T)).astype("int32") * real
    labels[np.arange(B), TARGET_LENGTHS - 1] = 3
    target = np.concatenate([np.full((B, 1), 2), labels[:, :-1]], axis=1)
    target = (target * real).astype("int32")
    return {"source": source, "target": target}, labels, real.astype("float32")


def tensors(data):
    return tf.nest.map_structure(tf.constant, data)


def step(model, data):
    """One training step, run as it comes; the logs as floats."""
    logs = model.train_step(tensors(data))
    model.reset_metrics()
    return {name: float(value) for name, value in logs.items()}


def attention_model(randomised=True, **options):
    """AttentionSeq2Seq of GRU cells."""
    defaults = {
        "encoder": BidirectionalRNNEncoder(RecurrentStack(GRUCell(4))),
        "attention": AdditiveAttention(9),
        "decoder": AttentionDecoder(RecurrentStack(GRUCell(8))),
    }
    sizes = (SOURCE_SIZE, TARGET_SIZE, E)
    model = AttentionSeq2Seq(*sizes, **{**defaults, **options})
    return randomise(model) if randomised else model


def basic_model(**options):
    """BasicSeq2Seq of GRU cells."""
    defaults = {
        "encoder": BidirectionalRNNEncoder(RecurrentStack(GRUCell(4))),
        "bridge": InitialStateBridge(activation="tanh"),
        "decoder": BasicDecoder(RecurrentStack(GRUCell(8))),
    }
    sizes = (SOURCE_SIZE, TARGET_SIZE, E)
    return randomise(BasicSeq2Seq(*sizes, **{**defaults, **options}))


def sockeye_rnn_model(sizes=(SOURCE_SIZE, TARGET_SIZE), **options):
    """AttentionSeq2Seq of Sockeye's parts, all 8 wide."""

    def stack():
        return RecurrentStack(
            LSTMCell(8, forget_bias=0.0),
            num_layers=2,
            residual=True,
            first_residual_layer=2,
        )

    model = AttentionSeq2Seq(
        *sizes,
        8,
        encoder=HybridRNNEncoder(stack()),
        bridge=EncoderOutputBridge(),
        attention=DotAttention(8, use_bias=False, project="if_needed"),
        decoder=AttentionDecoder(
            stack(), input_feeding=True, attention_in_upper_layers=True
        ),
        reverse_source=False,
        **options,
    )
    return randomise(model)


def pooling_model(**options):
    """AttentionSeq2Seq whose keys are pooled, one for two tokens."""
    options = {"bridge": InitialStateBridge(), **options}
    encoder = PoolingEncoder(3, 2, dropout=0.0)
    return attention_model(encoder=encoder, **options)


def conv_model(**options):
    """AttentionSeq2Seq with convolutions."""
    options = {"bridge": InitialStateBridge(), **options}
    return attention_model(
        encoder=ConvEncoder(5, 3, 3, 6, 2, 2, dropout=0.0), **options
    )


def conv_s2s_model(randomised=True, encoder=None, decoder=None, **options):
    """ConvS2S of convolutions whose widths, kernels and offsets differ.

    `encoder` and `decoder` change arguments of these layers.
    """
    model = ConvS2S(
        SOURCE_SIZE,
        TARGET_SIZE,
        E,
        encoder=ConvS2SEncoder(
            **{
                "layers": [(5, 3), (6, 4), (4, 1, 2)],
                "dropout": 0.0,
                "num_positions": 9,
                **(encoder or {}),
            }
        ),
        decoder=ConvS2SDecoder(
            **{
                "layers": [(5, 3), (6, 2, 0), (4, 1, 2)],
                "attention": [True, False, True],
                "out_units": 8,
                "dropout": 0.0,
                "num_positions": 9,
                **(decoder or {}),
            }
        ),
        **{"max_target_length": 9, **options},
    )
    return randomise(model) if randomised else model


def sockeye_conv_model(project_qkv=False, **options):
    """ConvS2S in Sockeye's form."""
    given = {"variant": "sockeye", "layers": [(5, 3), (5, 1)]}
    decoder = {"layers": [(5, 4), (5, 1)], "attention": True}
    return conv_s2s_model(
        encoder=given,
        decoder={**given, **decoder, "project_qkv": project_qkv},
        **options,
    )
