"""What arrays are like whose first axes may have any size.

A graph that is traced for them serves all batches, see `TensorflowStep.trace`.
"""

import keras

SENTENCES = {"source", "target"}  # (B, length); all other inputs have one size


def of_any_size(array, axes=1):
    """A `keras.KerasTensor` like an array, its first `axes` of any size."""
    shape = (None,) * axes + tuple(array.shape[axes:])
    dtype = keras.backend.standardize_dtype(array.dtype)
    return keras.KerasTensor(shape, dtype)


def inputs_of_any_size(inputs):
    """The like of a model's inputs, a mapping, for any number of rows."""
    return {
        name: of_any_size(array, 2 if name in SENTENCES else 1)
        for name, array in inputs.items()
    }
