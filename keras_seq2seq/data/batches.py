"""From a plan of pairs to the tensors that `fit` is given."""

import operator

import numpy as np
import tensorflow as tf

from keras_seq2seq.data.padding import padded_rows, real_places
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END, START


def batch_sizes(widths, batch_size, batch_type="sentences", replicas=1):
    """Rows of a batch, for each bucket.

    Args:
        widths: int sequence. Longest row of each bucket, in tokens as fed.
        batch_size: int. Sentences, or tokens of the longer side with padding,
            over all replicas.
        batch_type: `"sentences"` or `"tokens"`.
        replicas: int. Every size is a multiple of it.

    Returns:
        list of int.

    Raises:
        UserError: sentences that do not divide by the replicas, another type.
    """
    if batch_size < 1:
        raise UserError(
            f"`batch_size` must be positive. Received: {batch_size}"
        )
    if batch_type == "tokens":
        rows = [batch_size // max(int(w), 1) // replicas for w in widths]
        return [max(n, 1) * replicas for n in rows]
    if batch_type != "sentences":
        raise UserError(
            '`batch_type` must be "sentences" or "tokens". '
            f"Received: {batch_type!r}"
        )
    if batch_size % replicas:
        raise UserError(
            f"`batch_size` counts the sentences of all {replicas} replicas "
            f"together and must divide by {replicas}. Received: {batch_size}. "
            f"Type {-(-batch_size // replicas) * replicas}."
        )
    return [batch_size] * len(widths)


def assemble(pairs, indices, rows=None, epoch=0, shape=None):
    """Right-padded arrays of one batch, for teacher forcing.

    Rows beyond the pairs are dummies of one token with weight 0, so that every
    row has a real token and every batch divides by the replicas.

    Args:
        pairs: `ParallelText` or `CaptionedPictures`.
        indices: int array `(n,)`. Pairs of the batch.
        rows: int or None. B, at least n; None means n.
        epoch: int. Draws what a pass varies at random.
        shape: pair of int or None. S and T; None: those of the longest row.

    Returns:
        inputs `{"source": int32 (B, S), "target": int32 (B, T)}`, or what else
        `pairs.inputs` has in place of a source, labels int32 `(B, T)`, weights
        float32 `(B, T)`. The target starts with START, the labels end with
        END.
    """
    rows = len(indices) if rows is None else rows
    source_width, width = (None, None) if shape is None else shape
    inputs, readable = pairs.inputs(indices, rows, epoch, source_width)
    ids, lengths = pairs.targets.gather(indices)
    if width is None:
        width = lengths.max(initial=0) + 1
    labels = padded_rows(ids, lengths, rows, width)
    target = np.roll(labels, 1, axis=1)
    target[:, 0] = START
    labels[np.arange(len(indices)), lengths] = END
    labels[len(indices) :, 0] = END
    weights = np.zeros(labels.shape, np.float32)
    weights[: len(indices)] = real_places(lengths + 1, labels.shape[1])
    if readable is not None:
        weights[: len(indices)] *= readable[:, None]
    return {**inputs, "target": target}, labels, weights


def dataset(
    pairs, plans, rows, first=(0, 0), limit=None, share=None, shape=None
):
    """Batches of successive epochs as a `tf.data.Dataset`.

    No part of it is tuned by tf.data: its tuning thread delays the end of
    every iteration by seconds.

    Args:
        pairs: `ParallelText` or `CaptionedPictures`.
        plans: function from an epoch to its `epoch_plan`.
        rows: int, or function from a batch's indices to its rows.
        first: `(epoch, step)` of the first batch, or a function that gives it
            when an iteration begins.
        limit: int or None. Batches of one iteration, which run on into the
            next epochs; None never ends.
        share: `distribution.Share` or None. Only these replicas' parts of
            each batch, one after the other; None gives whole batches.
        shape: function from a batch's indices to what `assemble` takes; of
            pairs of text alone.

    Returns:
        Dataset of what `assemble` returns, dynamic in every dimension; its
        cardinality is known if there is a limit.
    """

    def generate():
        begin = first() if callable(first) else first
        walk = _walk(plans, begin)
        for epoch, indices in walk if limit is None else _take(walk, limit):
            yield epoch, indices, rows(indices) if callable(rows) else rows

    if pairs.calls > 1:
        batches = _made_in_threads(pairs, generate, share)
    else:
        batches = _made_in_turn(pairs, generate, share, shape)
    size = tf.data.INFINITE_CARDINALITY
    if limit is not None:
        size = limit * (1 if share is None else share.count)
    batches = batches.apply(tf.data.experimental.assert_cardinality(size))
    return batches.prefetch(2).with_options(_options())


def specs(pairs):
    """What `assemble` returns, as specifications of tensors."""
    tokens = tf.TensorSpec((None, None), tf.int32)
    inputs = {
        name: tf.TensorSpec(shape, dtype)
        for name, (shape, dtype) in pairs.input_specs.items()
    }
    weights = tf.TensorSpec((None, None), tf.float32)
    return {**inputs, "target": tokens}, tokens, weights


def _made_in_turn(pairs, generate, share, shape):
    """Batches that a generator makes one after the other."""

    def make():
        for epoch, indices, count in generate():
            lengths = None if shape is None else shape(indices)
            whole = assemble(pairs, indices, count, epoch, lengths)
            if share is None:
                yield whole
            else:
                yield from _parts(whole, count, share)

    return tf.data.Dataset.from_generator(make, output_signature=specs(pairs))


def _made_in_threads(pairs, generate, share):
    """Batches that are dear to make: several at once, in their order."""
    number = tf.TensorSpec((), tf.int64)
    places = tf.TensorSpec((None,), tf.int64)
    planned = tf.data.Dataset.from_generator(
        generate, output_signature=(number, places, number)
    )
    like = specs(pairs)
    types = [spec.dtype for spec in tf.nest.flatten(like)]

    def make(epoch, indices, count):
        whole = assemble(pairs, indices, int(count), int(epoch))
        return tf.nest.flatten(whole)

    def finish(*plan):
        whole = tf.numpy_function(make, plan, types)
        for tensor, spec in zip(whole, tf.nest.flatten(like), strict=True):
            tensor.set_shape(spec.shape)
        return tf.nest.pack_sequence_as(like, whole)

    made = planned.map(finish, pairs.calls, deterministic=True)
    if share is None:
        return made
    return made.flat_map(
        lambda *whole: tf.data.Dataset.from_tensor_slices(
            tf.nest.map_structure(lambda x: _stacked_parts(x, share), whole)
        )
    )


def _stacked_parts(tensor, share):
    """One worker's parts of a batch, `(count, B / total, ...)`."""
    rest = tf.shape(tensor)[1:]
    parts = tf.reshape(tensor, tf.concat([[share.total, -1], rest], 0))
    parts.set_shape([share.total, None, *tensor.shape[1:]])
    return parts[share.first : share.first + share.count]


def _parts(whole, rows, share):
    """The parts of a batch of so many rows that are one worker's."""
    each = rows // share.total
    for replica in range(share.first, share.first + share.count):
        own = slice(replica * each, (replica + 1) * each)
        yield tf.nest.map_structure(operator.itemgetter(own), whole)


def _walk(plans, first):
    epoch, step = first
    while True:
        for indices in plans(epoch)[step:]:
            yield epoch, indices
        epoch, step = epoch + 1, 0


def _take(walk, limit):
    for _ in range(limit):
        yield next(walk)


def _options():
    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return options


def evaluation_dataset(pairs, batch_size, replicas=1, share=None):
    """Every pair once, in order of length, so that padding is least.

    Args:
        pairs: `ParallelText` or `CaptionedPictures`.
        batch_size: int. Pairs in a batch over all replicas; rounded up to a
            multiple of `replicas`.
        replicas: int.
        share: as for `dataset`.

    Returns:
        Dataset like that of `dataset`, of known cardinality.
    """
    rows = -(-batch_size // replicas) * replicas
    order = np.lexsort((pairs.target_lengths, pairs.source_lengths))
    steps = range(0, len(order), rows)
    plan = [order[step : step + rows] for step in steps]
    return dataset(
        pairs, lambda epoch: plan, rows, limit=len(plan), share=share
    )
