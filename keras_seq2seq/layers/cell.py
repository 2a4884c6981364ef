"""What all recurrent cells have in common."""

import keras
from keras import ops

from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import product

NORMALISATION_EPSILON = 1e-6


class Cell(Part):
    """One step of a recurrence, split so that loops do little.

    `projector` gives the part of a step that depends on inputs only, for a
    whole sequence in one product; `stepper` gives the rest, a function of
    projected inputs and states. Both read the weights once, so that loops
    which call the functions do not. Calling the cell does both, so it also
    serves `keras.layers.RNN`.

    Args:
        units: int. Width `U` of the recurrence.
        kernel_initializer: initializer. Default: uniform in ±0.04.
        recurrent_initializer: initializer. Default: `kernel_initializer`.

    Call arguments:
        inputs: tensor `(B, D)`.
        states: tuple of tensors `(B, n)`, `n` from `state_sizes`.

    Returns:
        the output `(B, output_size)` and the new states.
    """

    gates = 1  # how many blocks of `units` the kernels have
    layer_norm = False

    def __init__(
        self,
        units,
        kernel_initializer=None,
        recurrent_initializer=None,
        **kwargs,
    ):
        # Keras would cast states too, also those that stay float32.
        super().__init__(autocast=False, **kwargs)
        if units < 1:
            raise ValueError(
                f"`units` must be positive. Received: units={units}"
            )
        self.units = units
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or keras.initializers.RandomUniform(-0.04, 0.04)
        )
        self.recurrent_initializer = keras.initializers.get(
            recurrent_initializer or self.kernel_initializer
        )

    @property
    def state_sizes(self):
        """Widths of the states, a tuple."""
        raise NotImplementedError

    @property
    def state_size(self):
        """`state_sizes` under the name that `keras.layers.RNN` reads."""
        return list(self.state_sizes)

    @property
    def output_size(self):
        """Width of the output, which is also the first state's."""
        return self.state_sizes[0]

    @property
    def state_dtypes(self):
        """Types of the states, a tuple."""
        return (self.compute_dtype,) * len(self.state_sizes)

    def get_initial_state(self, batch_size=None):
        """Zeros `(batch_size, n)`, as `keras.layers.RNN` asks for them."""
        return [
            ops.zeros((batch_size, size), dtype=dtype)
            for size, dtype in zip(
                self.state_sizes, self.state_dtypes, strict=True
            )
        ]

    def bias_values(self):
        """Initial bias of each gate."""
        return [0.0] * self.gates

    def add_kernels(self, input_size, recurrent_size):
        """Makes `kernel`, `recurrent_kernel` and `bias`."""
        width = self.gates * self.units
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_size, width),
            initializer=self.kernel_initializer.clone(),
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(recurrent_size, width),
            initializer=self.recurrent_initializer.clone(),
        )

        def initial_bias(shape, dtype=None):
            values = ops.convert_to_tensor(self.bias_values(), dtype)
            return ops.repeat(values, shape[0] // self.gates)

        self.bias = self.add_weight(
            name="bias", shape=(width,), initializer=initial_bias
        )

    def add_gain(self, name, width):
        """Makes the gain of a layer normalisation; the bias serves it too."""
        gain = self.add_weight(name=name, shape=(width,), initializer="ones")
        setattr(self, name, gain)

    def projector(self):
        """Returns `project(inputs (..., D)) -> (..., gates * units)`."""
        project, begin = self._projection(self.read(self.kernel)), self.joiner()
        return lambda inputs: begin(project(inputs))

    def projectors(self, width):
        """Like `projector`, for inputs whose columns come in two parts.

        What the pair gives is to be added up and given to `joiner`, so the
        parts of a concatenation can be projected at different times.

        Args:
            width: int. How many columns the first part has.
        """
        if type(self).projector is not Cell.projector:
            raise NotImplementedError(
                f"{type(self).__name__} overrides `projector`, so it must "
                "override `projectors`, too: loops that feed back use it."
            )
        # One split, whose gradient is one concatenation; not two slices.
        head, tail = ops.split(self.read(self.kernel), [width], axis=0)
        return self._projection(head), lambda inputs: product(inputs, tail)

    def _projection(self, kernel):
        # With normalisation the bias follows it.
        if self.layer_norm:
            return lambda inputs: product(inputs, kernel)
        bias = self.read(self.bias)
        return lambda inputs: product(inputs, kernel) + bias

    def joiner(self):
        """Returns `join(sum of the projected parts)`, what a step is given."""
        if not self.layer_norm:
            return lambda projected: projected
        gain, bias = self.read(self.input_gain), self.read(self.bias)
        groups = self.gates
        return lambda projected: normalise(projected, groups) * gain + bias

    def stepper(self):
        """Returns `step(projected, states, seen) -> (output, states)`.

        `seen` is the first state as the gates see it, for dropout; what a gate
        carries over is never dropped. None: the state itself.
        """
        raise NotImplementedError

    def call(self, inputs, states, training=False):
        projected = self.projector()(ops.cast(inputs, self.compute_dtype))
        pairs = zip(states, self.state_dtypes, strict=True)
        states = tuple(ops.cast(state, dtype) for state, dtype in pairs)
        output, states = self.stepper()(projected, states)
        return output, list(states)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
            "recurrent_initializer": keras.initializers.serialize(
                self.recurrent_initializer
            ),
        }


def normalise(sums, groups):
    """Zero mean and unit variance within each of `groups` equal blocks."""
    shape = ops.shape(sums)
    blocks = ops.reshape(
        ops.cast(sums, "float32"), (*shape[:-1], groups, shape[-1] // groups)
    )
    return ops.cast(ops.reshape(_standardised(blocks), shape), sums.dtype)


@ops.custom_gradient
def _standardised(blocks):
    """Zero mean and unit variance along the last axis.

    With its gradient by hand 15 operations, with the derived one 49.
    """
    mean = ops.mean(blocks, axis=-1, keepdims=True)
    centred = blocks - mean
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    scale = ops.rsqrt(variance + NORMALISATION_EPSILON)
    standard = centred * scale

    def gradient(*upstreams, upstream=None):
        given = upstreams[0] if upstream is None else upstream
        along = ops.mean(given * standard, axis=-1, keepdims=True)
        level = ops.mean(given, axis=-1, keepdims=True)
        return scale * (given - level - standard * along)

    return standard, gradient
