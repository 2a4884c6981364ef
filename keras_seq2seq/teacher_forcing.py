"""What a model writes when it is told the true words before each word."""

from typing import NamedTuple

import numpy as np
from keras import ops

from keras_seq2seq.callbacks.teacher_forced_samples import likeliest
from keras_seq2seq.data.batches import assemble
from keras_seq2seq.tokens import END


class Written(NamedTuple):
    """A text and its tokens, as in `Generation`."""

    text: str
    tokens: tuple


class TeacherForcing:
    """The likeliest token at each place of given targets.

    google/seq2seq scored these texts while training. They are better than
    what the model writes by itself, since every mistake is put right at once.

    Args:
        sources: list of str.
        references: list of str, as many; cut to the model's positions.
        batch_size: int. Pairs at once.
    """

    def __init__(self, sources, references, batch_size=64):
        self.sources = sources
        self.references = references
        self.batch_size = batch_size
        self._pairs = None
        self._likeliest = None

    def write(self, model):
        """Writes every target once.

        Args:
            model: `Seq2Seq` with tokenizers, the same at every call.

        Returns:
            list of `Written`, each up to its first END.
        """
        if self._pairs is None:
            self._prepare(model)
        tokenizer = model.tokenizers[1]
        pairs, texts = self._pairs, [None] * len(self._pairs)
        order = np.lexsort((pairs.target_lengths, pairs.source_lengths))
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            inputs, _, weights = assemble(pairs, chosen)
            found = ops.convert_to_numpy(self._likeliest(inputs))
            for index, ids, real in zip(chosen, found, weights, strict=True):
                ids = _up_to_end(ids[real > 0].tolist())
                tokens = tuple(tokenizer.pieces(ids))
                texts[index] = Written(tokenizer.decode(ids), tokens)
        return texts

    def _prepare(self, model):
        longest = model.longest_target  # START counts
        self._pairs = model.generator.pairs(
            self.sources,
            self.references,
            model.generator.max_source_length,
            None if longest is None else longest - 1,
        )
        self._likeliest = model.as_graph(
            lambda inputs: likeliest(model, inputs)
        )


def _up_to_end(ids):
    return ids[: ids.index(END)] if END in ids else ids
