"""Fits a plain Keras model as one of several workers; prints what fails."""

import json

import keras
import numpy as np
import tensorflow as tf


class Built(keras.Sequential):
    """Keras's own steps, without the build from a first batch."""

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        self.optimizer.build(self.trainable_variables)


def attempt(strategy, kind):
    """The error of one epoch, as text, or None."""
    with strategy.scope():
        model = kind([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
    data = tf.data.Dataset.from_tensors((np.ones((2, 3)), np.ones((2, 1))))
    given = strategy.distribute_datasets_from_function(lambda context: data)
    try:
        model.fit(given, steps_per_epoch=1, verbose=0)
    except Exception as error:
        return str(error)
    return None


def main():
    kinds = (keras.Sequential, Built)
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    print(json.dumps([attempt(strategy, kind) for kind in kinds]))


if __name__ == "__main__":
    main()
