"""The attention of each target as an array and a picture."""

from pathlib import Path

import numpy as np

from keras_seq2seq.checkpoint.storage import make_directory
from keras_seq2seq.data.pictures import write_picture
from keras_seq2seq.tasks.array_archive import ArrayArchive
from keras_seq2seq.tasks.task import Task
from keras_seq2seq.views.picture_attention import attention_of

ARRAYS_FILE = "attention_scores.npz"
PICTURES = "[0-9]" * 5 + ".png"


class DumpAttention(Task):
    """Writes `attention_scores.npz`, and a picture of each line.

    The file holds `arr_0`, `arr_1`, ... in the order of the input, float32
    `(T, S)`: a row for each token that was written and a column for each that
    was read, END among both, in the order of the text. A blank line, of which
    nothing is read or written, has an array `(0, 0)` and a picture that says
    so. Of a photograph a column is a cell of its grid, in rows from the top
    left, and the picture shows it once for each word. Pictures of an earlier,
    longer input are removed. Memory does not grow
    with the number of lines.

    Args:
        output_dir: path. Made if it is missing.
        dump_plots: bool. If True, `00000.png`, `00001.png`, ... are drawn.

    Raises:
        StorageError: if something cannot be written.
    """

    needs_attention = True

    def __init__(self, output_dir, dump_plots=True):
        self.output_dir = Path(output_dir)
        self.dump_plots = dump_plots
        self._archive = None
        self._count = 0

    def begin(self, model, search):
        make_directory(self.output_dir)
        self._count = 0
        self._archive = ArrayArchive(self.output_dir / ARRAYS_FILE)

    def __call__(self, generation):
        source, target = generation.source_tokens, generation.tokens
        weights = np.zeros((len(target), len(source)), "float32")
        if generation.attention is not None:
            weights[:] = generation.attention
        self._archive.add(f"arr_{self._count}", weights)
        if self.dump_plots:
            path = self.output_dir / f"{self._count:05d}.png"
            write_picture(path, attention_of(generation, weights))
        self._count += 1

    def end(self, error=None):
        if self._archive is None:
            return
        if error is None:
            self._archive.close()
            self._remove_older_pictures()
        else:
            self._archive.discard()

    def _remove_older_pictures(self):
        """Those of lines that this input does not have."""
        for path in self.output_dir.glob(PICTURES):
            if not self.dump_plots or int(path.stem) >= self._count:
                path.unlink()
