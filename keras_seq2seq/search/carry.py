"""Moving what a step changes from hypothesis to hypothesis."""

import keras
from keras import ops


def select(carry, parents):
    """Gives each hypothesis the carry of its parent.

    Args:
        carry: nest of tensors `(B, K, ...)`.
        parents: int32 tensor `(B, N)`, in `[0, K)`.

    Returns:
        the same nest of tensors `(B, N, ...)`.
    """

    def pick(leaf):
        batch, beams, *rest = ops.shape(leaf)
        starts = ops.arange(batch, dtype="int32")[:, None] * beams
        rows = ops.reshape(leaf, (-1, *rest))
        return ops.take(rows, starts + parents, axis=0)

    return keras.tree.map_structure(pick, carry)


def keep_shape(new, old):
    """Gives `new` the shapes known of `old`, which a graph's loop must see."""
    return keras.tree.map_structure(
        lambda after, before: ops.reshape(after, ops.shape(before)), new, old
    )


def batch_size(memory, carry):
    """The number of sources: an int, or a scalar tensor in a graph."""
    leaves = keras.tree.flatten((carry, memory))
    return ops.shape(leaves[0])[0]
