"""Reads variables, mirrored over replicas or not."""

import keras
import numpy as np


def steps_made(optimizer):
    """Updates that a Keras optimizer has made: int. Waits for the device."""
    return int(variable_value(optimizer.iterations))


def variable_value(variable):
    """Copies the value of a variable from the device.

    Args:
        variable: `keras.Variable` or tensor.

    Returns:
        array of the same shape and type, owned by the caller.
    """
    # A mirrored variable is no array and no number; its tensor is.
    return np.asarray(keras.ops.convert_to_tensor(variable)).copy()
