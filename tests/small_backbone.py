"""A network that takes no time, as a user's own backbone."""

import keras

from keras_seq2seq.layers import ImageEncoder


def network(height, width):
    """A map of four cells: the mean colours of quarters of a picture."""
    inputs = keras.Input((height, width, 3))
    x = keras.layers.Rescaling(1 / 64)(inputs)
    x = keras.layers.AveragePooling2D((height // 2, width // 2))(x)
    return keras.Model(inputs, x)


class Encoder(ImageEncoder):
    """A user's own encoder of pictures."""

    def __init__(self, resize_height, resize_width):
        super().__init__(
            network(resize_height, resize_width),
            None,
            resize_height,
            resize_width,
        )
