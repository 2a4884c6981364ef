"""The loop of TensorFlow that `ops.scan` is."""

import keras
import tensorflow as tf


def scan(step, inputs, carry, multiplying_by):
    """Runs `step` along the first axis of `inputs`.

    Args:
        step: callable `(carry, slices) -> (carry, outputs)`.
        inputs: nest of tensors `(T, B, ...)`, at least one.
        carry: nest of tensors.
        multiplying_by: function that gives a context in which the step's
            products of `x` and a kernel are those of a function.

    Returns:
        the last carry and a tuple of the outputs stacked to `(T, B, ...)`.
    """
    flat = keras.tree.flatten(inputs)
    loop = _Loop(tf.shape(flat[0])[0])
    columns = [loop.column(x) for x in flat]

    def run(carry, multiply):
        slices = [read() for read in columns]
        with multiplying_by(multiply):
            return step(carry, keras.tree.pack_sequence_as(inputs, slices))

    # The first step runs outside of the loop: it tells which outputs and
    # products there are.
    carry, first = run(carry, loop.first_product)
    outputs = tuple(loop.written(loop.reserved(x), x) for x in first)

    def body(time, carry, outputs, ledgers):
        loop.begin_step(time, ledgers)
        carry, values = run(carry, loop.next_product)
        pairs = zip(outputs, values, strict=True)
        outputs = tuple(loop.written(*pair) for pair in pairs)
        return time + 1, carry, outputs, loop.ledgers

    _, carry, outputs, _ = tf.while_loop(
        lambda time, *_: time < loop.length,
        body,
        (1, carry, outputs, loop.ledgers),
        maximum_iterations=loop.length - 1,
    )
    pairs = zip(outputs, first, strict=True)
    return carry, tuple(loop.stacked(*pair) for pair in pairs)


class _Loop:
    """A loop with the gradients of its inputs and kernels made behind it.

    They are kept in ledgers, tuples of tensor lists that the loop hands on
    and never fills. The gradient of a list is a list as well: into that each
    step of the backward loop puts what it has found. Gradients of
    TensorFlow's own begin with zeros for all steps and add to them in each.

    Attributes:
        length: int32 scalar tensor, the number of steps.
        time: int or int32 scalar tensor, the current step.
        ledgers: list of ledgers, as the current step hands them on.
    """

    def __init__(self, length):
        self.length = length
        self.time = 0
        self.ledgers = []
        self._products = []
        self._left = iter(())

    def begin_step(self, time, ledgers):
        """Begins a step behind the first, with the ledgers it is given."""
        self.time, self.ledgers = time, list(ledgers)
        self._left = iter(self._products)

    def column(self, x):
        """Returns what reads the current step's slice of `x (T, ...)`."""
        still = tf.stop_gradient(x)
        if not x.dtype.is_floating:
            return lambda: still[self.time]
        entry = tf.TensorSpec(x.shape[1:], x.dtype)
        place = self._open(lambda stacked: stacked, x, [entry])

        def read():
            time = self.time
            return self._noted(
                place, lambda: still[time], lambda slope: ([], [slope])
            )

        return read

    def first_product(self, x, kernel):
        """A product of the first step: `x @ kernel`."""
        still = tf.stop_gradient(kernel)
        # Once, because products with a transposed factor are slower.
        transposed = tf.linalg.matrix_transpose(still)
        result = tf.TensorSpec((*x.shape[:-1], kernel.shape[-1]), x.dtype)
        one = len(kernel.shape) == 2
        settle = _matrix_gradient if one else _matrices_gradient
        place = self._open(settle, kernel, [x, result])

        def multiply(x):
            return self._noted(
                place,
                lambda x: tf.matmul(x, still),
                lambda slope: ([tf.matmul(slope, transposed)], [x, slope]),
                x,
            )

        self._products.append(multiply)
        return multiply(x)

    def next_product(self, x, kernel):
        """A product of a later step, whose kernel is known by its place."""
        return next(self._left)(x)

    def reserved(self, entry):
        """A list with room for one such tensor of each step."""
        return tf.raw_ops.TensorListReserve(
            element_shape=_shape(entry),
            num_elements=self.length,
            element_dtype=entry.dtype,
        )

    def written(self, entries, x):
        """The list with `x` in the current step's place."""
        return _put(entries, self.time, x)

    def stacked(self, entries, entry):
        """What a list of such tensors holds, as one tensor `(T, ...)`."""
        stacked = tf.raw_ops.TensorListStack(
            input_handle=entries,
            element_shape=_shape(entry),
            element_dtype=entry.dtype,
        )
        return tf.ensure_shape(stacked, (None, *entry.shape))

    def _open(self, settle, source, entries):
        """Opens a ledger and returns its place.

        Args:
            settle: function that makes the gradient of `source` of what was
                put into each list, stacked to `(T, ...)`.
            source: tensor.
            entries: list of tensors or their specifications. What a step will
                put into each list is like these.
        """

        @tf.custom_gradient
        def opened(source):
            def gradient(*lists):
                pairs = zip(lists, entries, strict=True)
                return settle(*[self.stacked(*pair) for pair in pairs])

            return tuple(self.reserved(each) for each in entries), gradient

        self.ledgers.append(opened(source))
        return len(self.ledgers) - 1

    def _noted(self, place, forward, backward, *args):
        """What `forward` makes of `args`, noted in a ledger on the way back.

        Args:
            backward: function from the gradient of that to the list of the
                gradients of `args`, and the list of what is noted.
        """
        time, count = self.time, len(args)

        @tf.custom_gradient
        def noted(*given):
            def gradient(slope, *lists):
                slopes, entries = backward(slope)
                pairs = zip(lists, entries, strict=True)
                return *slopes, *[_put(each, time, x) for each, x in pairs]

            return (forward(*given[:count]), *given[count:]), gradient

        value, *lists = noted(*args, *self.ledgers[place])
        self.ledgers[place] = tuple(lists)
        return value


def _put(entries, place, x):
    """The list with `x` in that place."""
    return tf.raw_ops.TensorListSetItem(
        input_handle=entries, index=place, item=x
    )


def _shape(entry):
    """A shape as operations on tensor lists take it."""
    return [-1 if size is None else size for size in entry.shape]


def _matrix_gradient(factors, slopes):
    """Sum over steps of `factor^T @ slope`, as one product."""
    factors = tf.reshape(factors, (-1, factors.shape[-1]))
    slopes = tf.reshape(slopes, (-1, slopes.shape[-1]))
    return tf.matmul(factors, slopes, transpose_a=True)


def _matrices_gradient(factors, slopes):
    """The same for each sentence's own kernel."""
    return tf.einsum("tbki,tbkj->bij", factors, slopes)
