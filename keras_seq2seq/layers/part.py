"""What all layers of a model have in common."""

import keras
from keras import ops


class Part(keras.layers.Layer):
    """A layer that whoever contains it builds.

    Its configuration holds no shapes: a model builds its parts at
    construction, from sizes that it knows.
    """

    # Most positions that it can read, or None where there is no limit.
    longest_input = None

    def get_build_config(self):
        return None

    def read(self, weight):
        """The weight's value in the compute type, read outside of loops."""
        return ops.cast(weight, self.compute_dtype)
