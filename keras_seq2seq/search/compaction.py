"""Going on with those sources of a batch that are not done.

A batch takes as many steps as its longest target. Where most sources have
ended, the others are decoded alone, in a smaller batch: what a source becomes
does not depend on its neighbours.
"""

import keras
import numpy as np
from keras import ops

from keras_seq2seq.search.history import History
from keras_seq2seq.search.loop import Trail

WORTHWHILE = 16  # sources; smaller batches are not divided
SHARE = 0.7  # of a batch that may still be live when it is divided


def end_of_segment(sources):
    """How many of `sources` may be live when a segment ends."""
    return int(SHARE * sources) if sources >= WORTHWHILE else 0


def pick(nest, rows):
    """These rows `(n,)` of all tensors `(B, ...)`; scalars as they are."""

    def picked(leaf):
        return ops.take(leaf, rows, axis=0) if len(leaf.shape) else leaf

    return keras.tree.map_structure(picked, nest)


def pick_trail(trail, rows):
    """The part of a Trail that belongs to these sources `(n,)`."""
    history = keras.tree.map_structure(
        lambda leaf: ops.take(leaf, rows, axis=1), trail.history
    )
    return Trail(pick(trail.state, rows), History(*history))


class Collected:
    """Hypotheses of N sources, filled in bit by bit, as numpy arrays.

    Args:
        sources: int.
    """

    def __init__(self, sources):
        self.sources = sources
        self.found = None

    def add(self, rows, hypotheses):
        """Takes the Hypotheses of these sources `(n,)`."""
        parts = _each(ops.convert_to_numpy, hypotheses)
        if self.found is None:
            self.found = _each(self._room, parts)

        def put(whole, part):
            whole[rows] = part

        _each(put, self.found, parts)

    def _room(self, part):
        return np.zeros((self.sources, *part.shape[1:]), part.dtype)


def _each(function, *nests):
    """Maps over the arrays of nests; None stays None."""
    return keras.tree.map_structure(
        lambda first, *rest: None if first is None else function(first, *rest),
        *nests,
    )
