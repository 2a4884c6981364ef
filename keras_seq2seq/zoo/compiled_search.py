"""A search over a model, compiled in pieces that can be joined."""

import threading

import keras
import numpy as np
from keras import ops

from keras_seq2seq.search import Limits
from keras_seq2seq.search.compaction import (
    Collected,
    end_of_segment,
    pick,
    pick_trail,
)
from keras_seq2seq.zoo.any_size import inputs_of_any_size, of_any_size


class CompiledSearch:
    """A model and a search, compiled together.

    Args:
        model: `Seq2Seq`.
        search: search; without `start`, `extend` and `finish`, or with a
            call of its own that replaces them, a batch is decoded as a whole.
    """

    def __init__(self, model, search):
        self.model = model
        self.search = search
        self._lock = threading.Lock()
        self._traced = False
        graph = model.as_graph
        self.whole = None
        if not _has_segments(search):
            self.whole = graph(self._whole)
            return
        self.start = graph(self._start)
        self.extend = graph(self._extend)
        self.finish = graph(self._finish)
        self.pick = graph(_pick)

    def __call__(self, inputs, bounds, weights, shortlist=None):
        """Hypotheses of inputs.

        Args:
            inputs: mapping of arrays `(B, ...)`.
            bounds: int32 array `(2, B)`. Maxima and minima.
            weights: what `search_weights` of the model returned.
            shortlist: int32 array `(B, N)` or None, as `search_memory` takes
                it. With it tokens are called by their places there.
        """
        count = bounds.shape[1]
        collected, rows = Collected(count), np.arange(count)
        self._trace_once(inputs, weights, shortlist)
        if self.whole is not None:
            found = self.whole(inputs, weights, shortlist, *bounds)
            collected.add(rows, found)
            return collected.found
        memory, trail = self.start(inputs, weights, shortlist, *bounds)
        while len(rows):
            until = np.int32(end_of_segment(len(rows)))
            trail = self.extend(memory, weights, trail, *bounds, until)
            live = ops.convert_to_numpy(trail.state.live)
            done = np.flatnonzero(~live).astype(np.int32)
            collected.add(rows[done], self.finish(trail, done))
            left = np.flatnonzero(live).astype(np.int32)
            rows, bounds = rows[left], bounds[:, left]
            if len(left):
                memory, trail = self.pick(memory, trail, left)
        return collected.found

    def _trace_once(self, inputs, weights, shortlist):
        with self._lock:
            if self._traced:
                return
            trace, rows = self.model.trace, keras.KerasTensor((None,), "int32")
            inputs, weights = inputs_of_any_size(inputs), _symbolic(weights)
            if shortlist is not None:
                shortlist = of_any_size(shortlist)
            first = self.whole or self.start
            begun = trace(first, inputs, weights, shortlist, rows, rows)
            if begun is not None and self.whole is None:
                memory, trail = begun
                until = keras.KerasTensor((), "int32")
                trace(self.extend, memory, weights, trail, rows, rows, until)
                trace(self.pick, memory, trail, rows)
                trace(self.finish, trail, rows)
            self._traced = True

    def _whole(self, inputs, weights, shortlist, *bounds):
        memory, carry = self._encode(inputs, weights, shortlist)
        step = self._step(memory, weights)
        return self.search(step, memory, carry, Limits(*bounds))

    def _start(self, inputs, weights, shortlist, *bounds):
        memory, carry = self._encode(inputs, weights, shortlist)
        step = self._step(memory, weights)
        trail = self.search.start(step, memory, carry, Limits(*bounds))
        return memory, trail

    def _extend(self, memory, weights, trail, maxima, minima, until):
        limits = Limits(maxima, minima)
        step = self._step(memory, weights)
        return self.search.extend(step, memory, trail, limits, until)

    def _finish(self, trail, rows):
        return self.search.finish(pick_trail(trail, rows))

    def _encode(self, inputs, weights, shortlist):
        memory, carry = self.model.encode(inputs)
        return self.model.search_memory(memory, shortlist, weights), carry

    def _step(self, memory, weights):
        advance = self.model.stepper(memory, weights)
        return lambda tokens, memory, carry: advance(tokens, carry)


def _symbolic(nest):
    return keras.tree.map_structure(
        lambda x: keras.KerasTensor(
            x.shape, keras.backend.standardize_dtype(x.dtype)
        ),
        nest,
    )


def _has_segments(search):
    """Whether a search's call does no more than `extend` in a loop."""
    owners = [vars(kind) for kind in type(search).__mro__]
    if not any("extend" in own for own in owners):
        return False
    first = next(own for own in owners if "extend" in own or "__call__" in own)
    return "extend" in first


def _pick(memory, trail, rows):
    return pick(memory, rows), pick_trail(trail, rows)
