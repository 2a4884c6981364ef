"""What was generated at each evaluation, as files that scripts can read."""

from pathlib import Path

import keras

from keras_seq2seq.checkpoint.storage import make_directory, replace_text
from keras_seq2seq.metrics.corpus import as_sets


class DecodedFiles(keras.callbacks.Callback):
    """Writes `decode.source`, `decode.target` and `decode.output.NNNNN`.

    The first two once, the last at every evaluation at which texts were
    generated, with its number from 1 on. Line by line they belong together.
    List it after the scorers.

    Where sources have several references there are `decode.target.0`,
    `decode.target.1`, ...; in a line that has fewer, its first stands in.

    Args:
        directory: path of the run.
        translate: callable `translate(model)` that gives one str per source.
        sources: sequence of str.
        references: list of str, or of a tuple of str for each source.
        scored: str. A key of the logs that is there when texts were generated.

    Source:
        Sockeye 1, `checkpoint_decoder.py`.
    """

    def __init__(self, directory, translate, sources, references, scored):
        super().__init__()
        self.directory = Path(directory)
        self.translate = translate
        self.sources = sources
        self.references = references
        self.scored = scored

    def on_train_begin(self, logs=None):
        make_directory(self.directory)
        self._write("source", self.sources)
        sets = as_sets(self.references)
        if not sets or isinstance(sets[0], str):
            sets = [sets]
        for number, lines in enumerate(sets):
            ending = f"target.{number}" if len(sets) > 1 else "target"
            self._write(ending, lines)

    def on_epoch_end(self, epoch, logs=None):
        if self.scored in (logs or {}):
            self._write(f"output.{epoch + 1:05d}", self.translate(self.model))

    def get_state(self):
        """Has none beside its files, which are written anew."""
        return {}

    def set_state(self, state):
        """Takes a saved state."""

    def _write(self, ending, lines):
        # A line end inside of a record's text would be one more line.
        text = "".join(" ".join(str(each).split("\n")) + "\n" for each in lines)
        replace_text(self.directory / f"decode.{ending}", text)
