"""Pictures of what the model looks at, after each evaluation."""

from pathlib import Path

import keras

from keras_seq2seq.checkpoint.storage import make_directory
from keras_seq2seq.checkpoint.variable_value import steps_made
from keras_seq2seq.data.pictures import write_picture


class AttentionPictures(keras.callbacks.Callback):
    """Draws what the model looks at, at the end of each epoch.

    Args:
        draw: callable `draw(model)` that returns a picture, uint8 array
            `(H, W, 3)`, or None where there is nothing to see.
        directory: path of the run; the pictures are written into `samples/`.
        image: callable or None. `image(name, array, step)` gets the picture,
            such as `TensorBoardLog(...).image`.
    """

    def __init__(self, draw, directory, image=None):
        super().__init__()
        self.draw = draw
        self.directory = Path(directory) / "samples"
        self.image = image

    def on_train_begin(self, logs=None):
        make_directory(self.directory)

    def on_epoch_end(self, epoch, logs=None):
        picture = self.draw(self.model)
        if picture is None:
            return
        step = steps_made(self.model.optimizer)
        path = self.directory / f"attention_{step:06d}.png"
        write_picture(path, picture)
        if self.image is not None:
            self.image("attention", picture, step)
