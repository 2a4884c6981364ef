"""A network that takes no time, as a user's own backbone."""

import keras


def network(height, width):
    """A map of four cells: the mean colours of quarters of a picture."""
    inputs = keras.Input((height, width, 3))
    x = keras.layers.Rescaling(1 / 64)(inputs)
    x = keras.layers.AveragePooling2D((height // 2, width // 2))(x)
    return keras.Model(inputs, x)
