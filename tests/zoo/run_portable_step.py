"""Trains tiny models on the backend of KERAS_BACKEND and tells what happened.

Usage: run_portable_step.py

A script, because a process has one backend only; `portable_step_test.py`
starts it. It prints a JSON object.
"""

import json

import keras
import numpy as np

from keras_seq2seq import layers, zoo

SOURCE = np.array([[5, 6, 7, 3], [8, 3, 0, 0]], "int32")
TARGET = np.array([[2, 4, 5], [2, 6, 0]], "int32")
LABELS = np.array([[4, 5, 3], [6, 3, 0]], "int32")
CLIP_NORM = 0.1


def basic_model(**options):
    """BasicSeq2Seq of GRU cells."""
    options = {"bridge": layers.PassThroughBridge(), **options}
    return zoo.BasicSeq2Seq(
        11,
        13,
        7,
        encoder=layers.UnidirectionalRNNEncoder(
            layers.RecurrentStack(layers.GRUCell(8))
        ),
        decoder=layers.BasicDecoder(layers.RecurrentStack(layers.GRUCell(8))),
        **options,
    )


def moved(model, optimizer, **options):
    """Norm of what one step changes in each weight."""
    model.compile(optimizer, run_eagerly=True, **options)
    weights = model.get_weights()
    model.train_on_batch({"source": SOURCE, "target": TARGET}, LABELS)
    pairs = zip(model.get_weights(), weights, strict=True)
    return [float(np.linalg.norm(after - before)) for after, before in pairs]


def refusal(model, optimizer="sgd"):
    """The message with which `compile` refuses."""
    try:
        model.compile(optimizer)
    except ValueError as error:
        return str(error)


def main():
    sgd = keras.optimizers.SGD
    own = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = {
        "clipped": moved(basic_model(clip_norm=CLIP_NORM), sgd(1.0)),
        "twice": moved(
            basic_model(clip_norm=1.0), sgd(1.0, global_clipnorm=CLIP_NORM)
        ),
        "unclipped": moved(basic_model(clip_norm=None), sgd(1.0)),
        "own_loss": moved(basic_model(clip_norm=CLIP_NORM), sgd(1.0), loss=own),
        "unused": moved(basic_model(bridge=layers.ZeroBridge()), sgd(1.0)),
        "embeddings": refusal(basic_model(clip_embedding_norm=0.1)),
        "another": refusal(basic_model(), sgd(1.0, clipnorm=1.0)),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
