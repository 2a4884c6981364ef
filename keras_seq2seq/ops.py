"""Pure functions on tensors that several layers share.

Everything is written in `keras.ops`, except the loop itself: Keras's `scan`
stacks on TensorFlow only outputs shaped like the carry, so that backend gets a
while loop over tensor arrays of its own.
"""

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


def scan(step, inputs, carry):
    """Runs `step` along the first axis of `inputs`.

    Args:
        step: callable `(carry, slices) -> (carry, outputs)`; `outputs` is a
            tuple of tensors, `slices` has the structure of `inputs`. What it
            closes over is differentiated too; read weights outside of it.
        inputs: nest of tensors `(T, B, ...)`, at least one.
        carry: nest of tensors, of the same shapes after every step.

    Returns:
        the last carry and a tuple of the outputs stacked to `(T, B, ...)`.
    """
    if keras.backend.backend() == "tensorflow":
        return _scan_with_tensor_arrays(step, inputs, carry)
    if keras.backend.backend() == "jax":
        return ops.scan(step, carry, inputs)
    stacked = []
    for time in range(keras.tree.flatten(inputs)[0].shape[0]):
        slices = keras.tree.map_structure(lambda x, t=time: x[t], inputs)
        carry, outputs = step(carry, slices)
        stacked.append(outputs)
    return carry, tuple(ops.stack(each) for each in zip(*stacked, strict=True))


def _scan_with_tensor_arrays(step, inputs, carry):
    flat = keras.tree.flatten(inputs)
    length = tf.shape(flat[0])[0]
    arrays = [
        tf.TensorArray(x.dtype, length, element_shape=x.shape[1:]).unstack(x)
        for x in flat
    ]

    def slices(time):
        return keras.tree.pack_sequence_as(
            inputs, [array.read(time) for array in arrays]
        )

    # The first step runs outside of the loop: it tells how many outputs
    # there are and of which types.
    carry, first = step(carry, keras.tree.map_structure(lambda x: x[0], inputs))
    outputs = tuple(
        tf.TensorArray(x.dtype, length, element_shape=x.shape).write(0, x)
        for x in first
    )

    def body(time, carry, outputs):
        carry, values = step(carry, slices(time))
        written = zip(outputs, values, strict=True)
        return time + 1, carry, tuple(a.write(time, x) for a, x in written)

    _, carry, outputs = tf.while_loop(
        lambda time, *_: time < length,
        body,
        (1, carry, outputs),
        maximum_iterations=length - 1,
    )
    return carry, tuple(array.stack() for array in outputs)


def lengths(valid):
    """Number of real positions `(B,)` of a right-padded `valid (B, L)`."""
    return ops.sum(ops.cast(valid, "int32"), axis=1)


def reverse_within(sequence, lengths):
    """Reverses the real part of each row and leaves the padding in place.

    Args:
        sequence: tensor `(B, L, ...)`, right-padded.
        lengths: int32 tensor `(B,)`.
    """
    length = ops.shape(sequence)[1]
    position = ops.arange(length, dtype="int32")[None]
    lengths = lengths[:, None]
    source = ops.where(position < lengths, lengths - 1 - position, position)
    return _take_positions(sequence, source)


def last_real(sequence, lengths):
    """The last real position of each row: `(B, L, D) -> (B, D)`."""
    last = ops.maximum(lengths - 1, 0)[:, None]
    return _take_positions(sequence, last)[:, 0]


def _take_positions(sequence, positions):
    """`sequence[b, positions[b, l]]` as one gather over flattened rows."""
    shape = ops.shape(sequence)
    rows = ops.arange(shape[0], dtype="int32")[:, None] * shape[1]
    flat = ops.reshape(sequence, (-1, *shape[2:]))
    taken = ops.take(flat, ops.reshape(rows + positions, (-1,)), axis=0)
    return ops.reshape(taken, (shape[0], -1, *shape[2:]))


def masked_softmax(scores, valid):
    """Softmax over the last axis in float32, exactly 0 where not `valid`.

    A row without a valid entry is all zeros, never NaN.
    """
    scores = ops.where(valid, ops.cast(scores, "float32"), -1e30)
    scores = scores - ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True))
    weights = ops.where(valid, ops.exp(scores), 0.0)
    total = ops.sum(weights, axis=-1, keepdims=True)
    return weights / ops.maximum(total, 1e-30)


def time_major(sequence):
    """`(B, L, ...) -> (L, B, ...)` and back."""
    rest = range(2, len(sequence.shape))
    return ops.transpose(sequence, (1, 0, *rest))


def dropout_mask(shape, keep_prob, seed, dtype):
    """`1 / keep_prob` with that probability, else 0 (inverted dropout)."""
    kept = keras.random.uniform(shape, seed=seed) < keep_prob
    return ops.cast(kept, dtype) / keep_prob


def split_widths(flat, widths):
    """Splits `(..., sum(widths))` into a list of `(..., widths[i])`."""
    edges = []
    for each in widths[:-1]:
        edges.append((edges[-1] if edges else 0) + each)
    return ops.split(flat, edges, axis=-1)
