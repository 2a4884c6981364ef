"""Pure functions on tensors that several layers share.

Everything is written in `keras.ops`, except the loop itself: Keras's `scan`
stacks on TensorFlow only outputs shaped like the carry, and its gradient is
slow, so that backend gets a loop of its own.
"""

import contextlib
import threading

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    from keras_seq2seq import tensorflow_scan


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
        return tensorflow_scan.scan(step, inputs, carry, _products_by)
    if keras.backend.backend() == "jax":
        return ops.scan(step, carry, inputs)
    stacked = []
    for time in range(keras.tree.flatten(inputs)[0].shape[0]):
        slices = keras.tree.map_structure(lambda x, t=time: x[t], inputs)
        carry, outputs = step(carry, slices)
        stacked.append(outputs)
    return carry, tuple(ops.stack(each) for each in zip(*stacked, strict=True))


def product(x, kernel):
    """`x @ kernel` in a step of `scan`, with the same kernel in every step.

    Inside of TensorFlow's loop the kernel's gradient is not summed up step by
    step: it becomes one product over all steps, behind the loop.

    Args:
        x: tensor `(..., n)`.
        kernel: tensor `(n, m)`, or `(B, n, m)` with `x (B, k, n)`; made
            outside of the step.
    """
    scanning = getattr(_active, "products", None)
    return ops.matmul(x, kernel) if scanning is None else scanning(x, kernel)


_active = threading.local()  # the loop that is being traced, if any


@contextlib.contextmanager
def _products_by(function):
    _active.products = function
    try:
        yield
    finally:
        _active.products = None


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
    return take_positions(sequence, source)


def last_real(sequence, lengths):
    """The last real position of each row: `(B, L, D) -> (B, D)`."""
    last = ops.maximum(lengths - 1, 0)[:, None]
    return take_positions(sequence, last)[:, 0]


def masked_mean(sequence, valid):
    """Mean over the positions that are `valid (B, L)`: `(B, L, D) -> (B, D)`.

    Zero where there is none.
    """
    chosen = ops.cast(valid, "float32")[..., None]
    total = ops.sum(ops.cast(sequence, "float32") * chosen, axis=1)
    mean = total / ops.maximum(ops.sum(chosen, axis=1), 1.0)
    return ops.cast(mean, sequence.dtype)


def windows(sequence, size, before, fill=0.0):
    """What the window around each position holds first, second, ...

    Args:
        sequence: tensor `(B, L, D)`.
        size: int. Positions of a window.
        before: int. How many of them stand before its own.
        fill: float. What stands around the sequence.

    Returns:
        list of `size` tensors `(B, L, D)`.
    """
    shape = ops.shape(sequence)
    edges = [(0, 0), (before, size - 1 - before), (0, 0)]
    padded = ops.pad(sequence, edges, constant_values=fill)
    # Not by indices, whose gradient takes TensorFlow far longer.
    return [ops.slice(padded, (0, first, 0), shape) for first in range(size)]


def take_positions(sequence, positions):
    """`sequence[b, positions[b, l]]` as one gather over flattened rows.

    Args:
        sequence: tensor `(B, S, ...)`.
        positions: int32 tensor `(B, L)`, in `[0, S)`.

    Returns:
        tensor `(B, L, ...)`.
    """
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
    # TensorFlow takes an empty list for one of floats.
    return ops.split(flat, edges, axis=-1) if edges else [flat]


def scale_gradient(x, scale):
    """`x` as it is, whose gradient is multiplied by `scale`, a float."""
    return scale * x + ops.stop_gradient((1.0 - scale) * x)


def require_at_most(length, limit, told):
    """Refuses lengths above a limit, known now or when a graph runs.

    Args:
        length: int or int32 scalar tensor.
        limit: int.
        told: str. What the error says, in front of `Received: length=...`.

    Returns:
        `length`. In a graph only what is computed from this value is sure to
        run after the check.

    Raises:
        ValueError: in a graph of TensorFlow `tf.errors.InvalidArgumentError`.
    """
    if isinstance(length, int):
        if length > limit:
            raise ValueError(f"{told} Received: length={length}")
        return length
    check = tf.debugging.Assert(
        length <= limit, [f"{told} Received: length=", length]
    )
    with tf.control_dependencies([check]):
        return tf.identity(length)
