"""Pictures of what the model looks at, after each evaluation."""

from pathlib import Path

import keras

from keras_seq2seq.checkpoint.storage import make_directory, storage_errors
from keras_seq2seq.checkpoint.variable_value import steps_made


class AttentionPictures(keras.callbacks.Callback):
    """Draws the attention of one source at the end of each epoch.

    Args:
        attend: callable `attend(model)` that returns source tokens, target
            tokens and weights `(T, S)`.
        draw: callable `draw(source_tokens, target_tokens, weights, path)`
            that writes a picture and returns it as an array `(H, W, 3)`.
        directory: path of the run; `samples/` is made in it.
        image: callable or None. `image(name, array, step)` gets the picture,
            such as `TensorBoardLog(...).image`.
    """

    def __init__(self, attend, draw, directory, image=None):
        super().__init__()
        self.attend = attend
        self.draw = draw
        self.directory = Path(directory) / "samples"
        self.image = image

    def on_train_begin(self, logs=None):
        make_directory(self.directory)

    def on_epoch_end(self, epoch, logs=None):
        step = steps_made(self.model.optimizer)
        path = self.directory / f"attention_{step:06d}.png"
        seen = self.attend(self.model)
        with storage_errors(path):
            picture = self.draw(*seen, path)
        if self.image is not None:
            self.image("attention", picture, step)
