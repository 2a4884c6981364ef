"""Runs models on the backend of KERAS_BACKEND with stored weights.

Usage: run_on_backend.py INPUTS.npz OUTPUTS.npz

A script, because a process has one backend only. `tests/zoo/backends_test.py`
imports it for TensorFlow and starts it for the others.
"""

import functools
import sys

import keras
import numpy as np

from keras_seq2seq import layers, zoo
from keras_seq2seq.data.lexicon import Lexicon
from keras_seq2seq.initializers import WeightInitializer
from keras_seq2seq.search import GreedySearch

if keras.backend.backend() == "jax":
    import jax

SOURCE_SIZE, TARGET_SIZE, E = 11, 13, 7
SIDE = 6  # of pictures, in pixels


def stack(cell, **options):
    return layers.RecurrentStack(cell, **options)


def models():
    """Models that together hold every kind of layer."""
    gru, lstm = layers.GRUCell, layers.LSTMCell
    return {
        "gru": zoo.AttentionSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.BidirectionalRNNEncoder(stack(gru(4))),
            attention=layers.AdditiveAttention(9),
            decoder=layers.AttentionDecoder(stack(gru(8, reset_after=True))),
            label_smoothing=0.2,
        ),
        "lstm": zoo.AttentionSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.StackBidirectionalRNNEncoder(
                stack(
                    lstm(4, peephole=True, projection=3, cell_clip=1.0),
                    num_layers=2,
                    residual=True,
                )
            ),
            bridge=layers.InitialStateBridge("outputs", "tanh"),
            attention=layers.ScaledDotAttention(9),
            decoder=layers.AttentionDecoder(
                stack(lstm(8, layer_norm=True)), input_feeding=True
            ),
            share_embeddings="target_output",
        ),
        "sockeye_rnn": zoo.AttentionSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            (E, 5),
            encoder=layers.HybridRNNEncoder(
                stack(
                    lstm(8, forget_bias=0.0),
                    num_layers=3,
                    residual=True,
                    first_residual_layer=2,
                )
            ),
            bridge=layers.EncoderOutputBridge("avg"),
            attention=layers.DotAttention(
                9, use_bias=False, project="if_needed"
            ),
            decoder=layers.AttentionDecoder(
                stack(
                    lstm(9, forget_bias=0.0),
                    num_layers=3,
                    residual=True,
                    first_residual_layer=2,
                ),
                input_feeding=True,
                attention_in_upper_layers=True,
                hidden_keep_prob=0.5,
            ),
        ),
        "wide": zoo.AttentionSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            attention=layers.BilinearAttention(),
            encoder=layers.UnidirectionalRNNEncoder(
                stack(layers.BasicRNNCell(4))
            ),
            decoder=layers.AttentionDecoder(
                stack(
                    gru(8, layer_norm=True),
                    num_layers=2,
                    residual=True,
                    combiner="concat",
                    dense=True,
                )
            ),
        ),
        "basic": zoo.BasicSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.UnidirectionalRNNEncoder(stack(gru(8))),
            bridge=layers.PassThroughBridge(),
            decoder=layers.BasicDecoder(stack(gru(8))),
        ),
        "average": zoo.AttentionSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.PoolingEncoder(4, strides=3, num_positions=9),
            bridge=layers.InitialStateBridge(),
            decoder=layers.AttentionDecoder(stack(gru(8))),
        ),
        "maximum": zoo.BasicSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.PoolingEncoder(3, pooling="max", combiner="add"),
            bridge=layers.PassThroughBridge(),
            decoder=layers.BasicDecoder(stack(gru(E))),
        ),
        "convolutions": zoo.AttentionSeq2Seq(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.ConvEncoder(5, 3, 3, 6, 4, 2),
            bridge=layers.InitialStateBridge("attention_values"),
            decoder=layers.AttentionDecoder(stack(gru(8))),
        ),
        "convs2s": zoo.ConvS2S(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.ConvS2SEncoder([(5, 3), (6, 4)], dropout=0.0),
            decoder=layers.ConvS2SDecoder([(5, 3), (6, 2)], dropout=0.0),
            label_smoothing=0.2,
        ),
        "sockeye_conv": zoo.ConvS2S(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=layers.ConvS2SEncoder(
                [(5, 3), (5, 1)], "sockeye", positions="sinusoid"
            ),
            decoder=layers.ConvS2SDecoder(
                [(5, 3), (5, 2)], "sockeye", "softrelu", project_qkv=True
            ),
        ),
        "pictures": zoo.Image2Seq(
            TARGET_SIZE,
            E,
            encoder=image_encoder(),
            bridge=layers.InitialStateBridge(activation="tanh"),
            decoder=layers.AttentionDecoder(stack(gru(8))),
        ),
    }


def image_encoder():
    """Cells of a small network over small pictures."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(5, 3, 2, padding="same")(x)
    return layers.ImageEncoder(
        keras.Model(inputs, x), None, SIDE, SIDE, units=6
    )


def forward(model, given, target):
    """Logits under teacher forcing, and of two beams that step."""
    teacher_forced = model({**given, "target": target})
    memory, carry = model.encode(given)
    carry = keras.tree.map_structure(
        lambda x: keras.ops.repeat(x, 2, axis=1), carry
    )
    targets = keras.ops.stack([target, keras.ops.flip(target, 0)], axis=1)
    collected = []
    for time in range(3):
        logits, carry, _ = model.step(targets[:, :, time], memory, carry)
        collected.append(logits)
    return teacher_forced, keras.ops.stack(collected, axis=2)


def lexicon():
    """Two target tokens for each token of a source."""
    table = np.arange(2 * SOURCE_SIZE, dtype="int32") % TARGET_SIZE
    always = np.array([TARGET_SIZE - 1], "int32")
    return Lexicon(table.reshape(SOURCE_SIZE, 2), always, (None, None))


def trained(model, source, target, labels):
    """Loss and a table after one step of gradient descent."""
    model.compile(keras.optimizers.SGD(0.5))
    history = model.fit(
        {"source": source, "target": target}, labels, verbose=0
    ).history
    return np.array(history["loss"]), model.get_weights()[0]


def run(inputs):
    """Everything that backends must agree on, by name."""
    keras.utils.set_random_seed(1)
    source, target = inputs["source"], inputs["target"]
    outputs, made = {}, models()
    sockeye_rnn = made["sockeye_rnn"]
    WeightInitializer(seed=4)(sockeye_rnn)
    for index, weight in enumerate(sockeye_rnn.get_weights()):
        outputs[f"initial/{index}"] = weight
    for name, model in made.items():
        count = len(model.get_weights())
        model.set_weights([inputs[f"{name}/{i}"] for i in range(count)])
        run_forward = functools.partial(forward, model)
        if keras.backend.backend() == "jax":
            run_forward = jax.jit(run_forward)
        elif keras.backend.backend() == "torch":
            run_forward = model.as_graph(run_forward)  # without gradients
        given = {"source": source}
        if name == "pictures":
            given = {"image": inputs["image"]}
        logits, steps = run_forward(given, target)
        outputs[f"{name}/logits"] = keras.ops.convert_to_numpy(logits)
        outputs[f"{name}/steps"] = keras.ops.convert_to_numpy(steps)
    for name in ("gru", "convs2s"):
        model = made[name]
        search = functools.partial(
            model.generator.search, source, GreedySearch(), max_length=4
        )
        found, among = search(), search(lexicon=lexicon())
        loss, weight = trained(model, source, target, inputs["labels"])
        outputs |= {
            f"{name}/ids": found.ids,
            f"{name}/log_probs": found.log_probs,
            f"{name}/shortlist_ids": among.ids,
            f"{name}/shortlist_log_probs": among.log_probs,
            f"{name}/loss": loss,
            f"{name}/weight": weight,
        }
    return outputs


if __name__ == "__main__":
    np.savez(sys.argv[2], **run(np.load(sys.argv[1])))
