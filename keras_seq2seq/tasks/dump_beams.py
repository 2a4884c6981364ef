"""What beam search kept at each step, as a file of arrays."""

import tempfile

import numpy as np

from keras_seq2seq.checkpoint.storage import storage_errors
from keras_seq2seq.errors import UserError
from keras_seq2seq.tasks.array_archive import ArrayArchive
from keras_seq2seq.tasks.task import Task
from keras_seq2seq.tokens import PAD

NOWHERE = (-1, -1)  # where the best hypothesis of a blank line ends
# Name in the file, name in `BeamHistory`, type, and what fills up a history.
TABLES = (
    ("predicted_ids", "words", "int32", PAD),
    ("beam_parent_ids", "parents", "int32", 0),
    ("scores", "scores", "float32", -np.inf),
    ("log_probs", "log_probs", "float32", -np.inf),
)


class DumpBeams(Task):
    """Writes the search's steps for all N lines into one `.npz` file.

    The documented arrays are `(N, T, K)`, with K the width of the beam and T
    the most steps that any line took; line i has `lengths[i]` of them, and
    what fills up the rest is PAD, 0, -inf and -inf.

    - `predicted_ids`: int32. What each slot wrote; not traced back.
    - `beam_parent_ids`: int32. The slot that it extended, one step earlier.
    - `scores`: float32. Log-probabilities over the length penalty.
    - `log_probs`: float32. Nats, summed from the start; -inf in a slot without
      a hypothesis.
    - `lengths`: int32 `(N,)`. Steps; 0 for blank lines.
    - `best`: int32 `(N, 2)`. Step and slot of the last token of the hypothesis
      that was chosen, -1 for blank lines. It may end before the last step.

    `numpy.load` reads the file without pickle, and `keras-seq2seq beam-viz`
    draws it. Memory grows by some bytes a line.

    Args:
        file: path of the file, as it is: no suffix is added.

    Raises:
        StorageError: if the file cannot be written.
    """

    needs_history = True

    def __init__(self, file):
        self.file = file
        self._archive = None

    def begin(self, model, search):
        self._width = search.width
        self._lengths, self._best = [], []
        self._archive = ArrayArchive(self.file)
        # Until all lines are known nobody knows how far each must be filled.
        self._waiting = [tempfile.TemporaryFile() for _ in TABLES]

    def __call__(self, generation):
        history = generation.history
        if generation.parts:
            raise UserError(
                f"{self.file}: DumpBeams writes one search for each source. "
                "Received: one that was read in pieces. Leave --max_input_len "
                "out, or type --output_type beam_store"
            )
        if history is None:
            self._lengths.append(0)
            self._best.append(NOWHERE)
            return
        self._lengths.append(history.steps)
        self._best.append((history.last_step, history.last_slot))
        with storage_errors(self.file):
            for file, (_, name, dtype, _) in self._tables():
                table = getattr(history, name)
                file.write(np.ascontiguousarray(table, dtype).tobytes())

    def end(self, error=None):
        if self._archive is None:
            return
        try:
            if error is None:
                self._complete()
        except BaseException:
            self._archive.discard()
            raise
        finally:
            for file in self._waiting:
                file.close()
        if error is None:
            self._archive.close()
        else:
            self._archive.discard()

    def _complete(self):
        shape = (len(self._lengths), max(self._lengths, default=0), self._width)
        for file, (name, _, dtype, blank) in self._tables():
            file.seek(0)
            rows = self._filled(file, shape[1:], np.dtype(dtype), blank)
            self._archive.add_rows(name, dtype, shape, rows)
        self._archive.add("lengths", np.array(self._lengths, "int32"))
        best = np.array(self._best, "int32").reshape(-1, 2)
        self._archive.add("best", best)

    def _tables(self):
        return zip(self._waiting, TABLES, strict=True)

    def _filled(self, file, shape, dtype, blank):
        """The histories in a file one by one, filled up to one shape."""
        width = shape[1]
        for length in self._lengths:
            content = file.read(length * width * dtype.itemsize)
            table = np.full(shape, blank, dtype)
            table[:length] = np.frombuffer(content, dtype).reshape(-1, width)
            yield table
