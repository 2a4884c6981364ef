"""Batches of like lengths, planned anew at each pass, resumable anywhere."""

import dataclasses
import functools
import itertools
import logging

import keras
import numpy as np

from keras_seq2seq.data import batches
from keras_seq2seq.data.buckets import assign, choose_boundaries
from keras_seq2seq.data.epoch_plan import count_batches, epoch_plan
from keras_seq2seq.data.parallel_buckets import PairBuckets
from keras_seq2seq.errors import UserError

AUTOMATIC_BUCKETS = 10  # at most
logger = logging.getLogger(__name__)


@dataclasses.dataclass
class _Position:
    """Where training is.

    Attributes:
        epoch: int. Passes that are complete.
        step: int. Batches of the pass that were trained on.
    """

    epoch: int = 0
    step: int = 0


class Bucketing(keras.callbacks.Callback):
    """Owns the plan of batches: `fit(b.dataset, callbacks=[b, ...])`.

    Each pass uses every pair exactly once, in batches of like lengths and a
    new order. The position counts batches that were trained on, not batches
    that tf.data made in advance, so a state saved after any batch continues
    with the next one. Without this callback in `callbacks` the position stays
    and every iteration gives the same batches.

    Args:
        pairs: `ParallelText`.
        batch_size: int. Sentences, or tokens of the longer side with padding,
            over all replicas.
        boundaries: None for one bucket; `PairBuckets`, or a mapping of its
            arguments, for buckets of both sides, whose batches all have the
            bucket's shape; ints for the buckets of the source length with END
            before truncation, `b[i-1] <= length < b[i]`; or `"auto"` for those
            that pad the longer side least, at most ten, or `"auto:8"` for at
            most eight.
        batch_type: `"sentences"` or `"tokens"`.
        shuffle: bool. If False, every pass has the order of the files.
        seed: int. Not negative.
        replicas: int. Every batch has a multiple of it of rows.
        share: `distribution.Share` or None. Give only the parts of each batch
            that these replicas need.
        fill_up: `"dummies"` fills incomplete batches with rows of weight 0,
            `"resample"` with pairs drawn from the bucket.
        fill_up_seed: int or None. Draws the same pairs for every pass; None
            draws others for each.

    Attributes:
        batch_sizes: list of int. Rows of a batch of each bucket.
        shapes: list of pairs, or None. The lengths of sources and targets as
            fed in each of `PairBuckets`.

    Raises:
        ValueError: boundaries that do not increase, a batch size that does not
            divide, an unknown name.
    """

    def __init__(
        self,
        pairs,
        batch_size,
        boundaries=None,
        batch_type="sentences",
        shuffle=True,
        seed=0,
        replicas=1,
        share=None,
        fill_up="dummies",
        fill_up_seed=None,
    ):
        super().__init__()
        if fill_up not in ("dummies", "resample"):
            raise ValueError(
                '`fill_up` must be "dummies" or "resample". '
                f"Received: {fill_up!r}"
            )
        self.pairs = pairs
        self.share = share
        if isinstance(boundaries, dict):
            boundaries = PairBuckets(**boundaries)
        self.shapes = None
        if isinstance(boundaries, PairBuckets):
            self.boundaries, self._buckets = boundaries.of(
                *pairs.token_counts, pairs.length_ratio.mean
            )
            ends = int(pairs.append_end)
            self.shapes = [(s + ends, t + 1) for s, t in self.boundaries]
        else:
            self.boundaries, self._buckets = _bucket(
                pairs, boundaries, batch_size, batch_type
            )
        self.batch_sizes = batches.batch_sizes(
            self._widths(), batch_size, batch_type, replicas
        )
        # Computed once: it takes seconds for millions of pairs.
        self._plan = functools.lru_cache(maxsize=2)(
            functools.partial(
                _plan,
                seed,
                self._buckets,
                self.batch_sizes,
                shuffle,
                fill_up == "resample",
                fill_up_seed,
            )
        )
        self._position = _Position()
        self._execution_begin = 0

    @property
    def passes(self):
        """Complete passes over the data so far."""
        return self._position.epoch

    @property
    def steps_per_epoch(self):
        """Batches of one pass; the same in every pass."""
        return count_batches(self._buckets, self.batch_sizes)

    @property
    def dataset(self):
        """As many batches as a pass has, from the current position on.

        An iteration that begins between two passes gives one pass; one that
        begins inside a pass, after `set_state`, runs on into the next.
        """
        return self._batches(self.steps_per_epoch)

    @property
    def stream(self):
        """Batches without end from the current position on.

        For `fit(b.stream, steps_per_epoch=n, ...)`: one iterator serves the
        whole run, so that no time is lost between epochs.
        """
        return self._batches(None)

    def _batches(self, limit):
        # TensorFlow keeps these functions until the process ends, so that
        # they must not reach the callback, which has the model.
        position, buckets = self._position, self._buckets
        sizes, shapes = self.batch_sizes, self.shapes
        return batches.dataset(
            self.pairs,
            self._plan,
            lambda indices: sizes[buckets[indices[0]]],
            first=lambda: (position.epoch, position.step),
            limit=limit,
            share=self.share,
            shape=shapes and (lambda indices: shapes[buckets[indices[0]]]),
        )

    def waste(self):
        """Padding of the pass at the current position, per bucket.

        Returns:
            list of dicts: `lengths` (the first and the last plus one; None at
            the open end; of `PairBuckets` the most tokens of either side),
            `rows` (dummies included), `real` and `cells` (tokens of both sides
            without and with padding), and `share` (of padding in the cells).
        """
        return self._waste(self._position.epoch)

    def batch_at_position(self):
        """Indices of the pairs of the next batch to be trained on."""
        return self._plan(self._position.epoch)[self._position.step]

    def get_state(self):
        """Position as JSON: the pass and the batches of it trained on, with
        what proves that the data are the same."""
        return {
            "epoch": self._position.epoch,
            "step": self._position.step,
            "data": self.pairs.fingerprint,
        }

    def set_state(self, state):
        """Continues at a position of `get_state`.

        Iterations that have begun are not changed: set it before `fit`, or in
        `on_train_begin`, before which Keras has only looked at one batch.

        Raises:
            UserError: a step beyond the end of the pass, or other data.
        """
        if state.get("data", self.pairs.fingerprint) != self.pairs.fingerprint:
            raise UserError(
                "The training data are not those with which the run began: "
                "the text, its order, or its encoding has changed. Put the "
                "files back, or train them in another --output_dir."
            )
        steps = self.steps_per_epoch
        if not (0 <= state["step"] <= steps and state["epoch"] >= 0):
            raise UserError(
                f"A pass has {steps} batches: the data or the batch size are "
                f"not those of the state. Received: {state}"
            )
        # The end of a pass is the beginning of the next.
        self._position.epoch = state["epoch"] + state["step"] // steps
        self._position.step = state["step"] % steps

    def on_train_batch_begin(self, batch, logs=None):
        """Notes where an execution of one or several steps begins."""
        self._execution_begin = batch

    def on_train_batch_end(self, batch, logs=None):
        """Counts the batches trained on; reports at the end of a pass."""
        position = self._position.step + batch - self._execution_begin + 1
        finished, self._position.step = divmod(position, self.steps_per_epoch)
        if finished:
            self._log_waste(self._position.epoch)
            self._position.epoch += finished

    def _log_waste(self, epoch):
        if not logger.isEnabledFor(logging.INFO):
            return
        for bucket in self._waste(epoch):
            logger.info(
                "Pass %d, lengths %s: %d rows, %.1f %% padding",
                epoch + 1,
                bucket["lengths"],
                bucket["rows"],
                100 * bucket["share"],
            )

    def _widths(self):
        """Longest row as fed of either side, for each bucket."""
        if self.shapes is not None:
            return [max(shape) for shape in self.shapes]
        longest = np.zeros(len(self.boundaries) + 1, np.int64)
        np.maximum.at(longest, self._buckets, _longer_side(self.pairs))
        return longest

    def _waste(self, epoch):
        plan = self._plan(epoch)
        buckets = self._buckets[[batch[0] for batch in plan]]
        rows = np.asarray(self.batch_sizes)[buckets]
        members = np.concatenate(plan)
        begins = np.cumsum([0] + [len(batch) for batch in plan[:-1]])
        real, cells = 0, 0
        sides = (self.pairs.source_lengths, self.pairs.target_lengths)
        for side, lengths in enumerate(sides):
            lengths = lengths[members].astype(np.int64)
            widths = np.maximum.reduceat(lengths, begins)
            if self.shapes is not None:
                widths = np.asarray(self.shapes)[buckets, side]
            real = real + np.add.reduceat(lengths, begins)
            cells = cells + rows * widths
        names = self.boundaries
        if self.shapes is None:
            names = list(itertools.pairwise((0, *self.boundaries, None)))
        return [
            _describe(names[b], rows[own], real[own], cells[own])
            for b, own in enumerate(
                buckets == b for b in range(len(self.batch_sizes))
            )
        ]


def _bucket(pairs, boundaries, batch_size, batch_type):
    """Boundaries as a tuple, and the bucket of each pair `(N,)`."""
    lengths = pairs.unsliced_source_lengths
    if isinstance(boundaries, str):
        kind, _, count = boundaries.partition(":")
        if kind != "auto" or not (count or "1").isdecimal():
            raise ValueError(
                '`boundaries` must be None, ints, "auto" or "auto:8". '
                f"Received: {boundaries!r}"
            )
        # Sides of unequal length: the longer one decides what is computed.
        lengths = _longer_side(pairs)
        rows = batch_size
        if batch_type == "tokens":
            rows = max(int(batch_size / lengths.mean()), 1)
        count = int(count or AUTOMATIC_BUCKETS)
        boundaries = choose_boundaries(lengths, count, rows)
    boundaries = tuple(boundaries or ())
    return boundaries, assign(lengths, boundaries)


def _longer_side(pairs):
    return np.maximum(pairs.source_lengths, pairs.target_lengths)


def _plan(seed, buckets, sizes, shuffle, resample, resample_seed, epoch):
    return epoch_plan(
        seed, epoch, buckets, sizes, shuffle, resample, resample_seed
    )


def _describe(lengths, rows, real, cells):
    total = int(cells.sum())
    return {
        "lengths": tuple(lengths),
        "rows": int(rows.sum()),
        "real": int(real.sum()),
        "cells": total,
        "share": 1 - int(real.sum()) / max(total, 1),
    }
