"""Trains on one and on two replicas of the processor; prints differences.

A script, because logical devices must be set before TensorFlow starts.
"""

import json

import keras
import numpy as np
import tensorflow as tf

from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    ConvEncoder,
    GRUCell,
    InitialStateBridge,
    PoolingEncoder,
    RecurrentStack,
    UnidirectionalRNNEncoder,
)
from keras_seq2seq.optimizers import SGD, Adam
from keras_seq2seq.zoo import AttentionSeq2Seq

PASSES, BATCHES, ROWS, LAST_ROWS, SIZE = 10, 5, 4, 3, 13


def batches():
    """Batches of unequal lengths; the last does not divide by two."""
    random = np.random.default_rng(0)
    for index in range(BATCHES):
        rows = LAST_ROWS if index == BATCHES - 1 else ROWS
        source, labels = sequences(random, rows, 7), sequences(random, rows, 6)
        target = np.pad(labels[:, :-1], ((0, 0), (1, 0)), constant_values=2)
        weights = (labels > 0).astype("float32")
        weights[0] *= 0.5
        yield {"source": source, "target": target}, labels, weights


def sequences(random, rows, width):
    lengths = random.integers(1, width + 1, rows)
    ids = random.integers(4, SIZE, (rows, lengths.max()))
    ids[np.arange(lengths.max()) >= lengths[:, None]] = 0
    return ids.astype("int32")


def dataset():
    ids = tf.TensorSpec((None, None), "int32")
    spec = ({"source": ids, "target": ids}, ids, tf.TensorSpec((None, None)))
    data = tf.data.Dataset.from_generator(batches, output_signature=spec)
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return data.apply(
        tf.data.experimental.assert_cardinality(BATCHES)
    ).with_options(options)


def recurrent():
    return UnidirectionalRNNEncoder(RecurrentStack(GRUCell(4)))


def pooling():
    return PoolingEncoder(3, strides=2, dropout=0.0)


def convolutions():
    return ConvEncoder(5, 3, 2, 6, 3, 2, dropout=0.0)


def adam():
    return Adam(1e-3)


def decayed():
    """Clipping acts on what the replicas bring together."""
    return SGD(0.1, coupled_decay=0.1, clip_value=1e-3)


def trained(
    strategy, encoder=recurrent, passes=PASSES, optimizer=adam, shards=1
):
    """Weights, history and evaluation after some passes of 5 steps."""
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = AttentionSeq2Seq(
            SIZE,
            SIZE,
            5,
            encoder=encoder(),
            bridge=InitialStateBridge(),
            attention=AdditiveAttention(7),
            decoder=AttentionDecoder(RecurrentStack(GRUCell(8))),
            clip_norm=0.3,  # acts in some steps
            label_smoothing=0.1,
        )
        model.compile(optimizer())
    model.batch_shards = shards
    fitted = model.fit(dataset(), epochs=passes, shuffle=False, verbose=0)
    evaluated = model.evaluate(dataset(), verbose=0, return_dict=True)
    steps = int(model.optimizer.iterations.numpy())
    return model.get_weights(), fitted.history, evaluated, steps


def furthest(one, two):
    """Greatest difference of a weight."""
    pairs = zip(one[0], two[0], strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def main():
    """Prints one JSON object."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    one = tf.distribute.get_strategy()
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    first, second = trained(one), trained(two)
    others = {
        encoder.__name__: furthest(
            trained(one, encoder, passes=2), trained(two, encoder, passes=2)
        )
        for encoder in (pooling, convolutions)
    }
    others["decayed"] = furthest(
        trained(one, passes=2, optimizer=decayed),
        trained(two, passes=2, optimizer=decayed),
    )
    others["shards"] = furthest(
        trained(one, passes=2), trained(two, passes=2, shards=2)
    )
    print(
        json.dumps(
            {
                "weights": furthest(first, second),
                "weights_of_others": others,
                "history": [first[1], second[1]],
                "evaluation": [first[2], second[2]],
                "steps": [first[3], second[3]],
                "clip_norm": 0.3,
            }
        )
    )


if __name__ == "__main__":
    main()
