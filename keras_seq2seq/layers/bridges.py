"""Bridges: how a decoder's first state comes from the encoder."""

import keras
from keras import ops

from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import last_real, lengths, masked_mean, split_widths

MODES = ("last", "avg", "zero")


class Bridge(Part):
    """Gives a decoder its first state.

    Call arguments:
        encoded: `EncoderOutput`.
        zeros: nest of tensors `(B, n)`: the state that the decoder would
            begin with by itself.

    Returns:
        a nest like `zeros`.
    """

    def __init__(self, **kwargs):
        # Keras would cast states too, also those that stay float32.
        super().__init__(autocast=False, **kwargs)

    def build(self, encoder, state_sizes):
        """Makes weights, or refuses what does not fit.

        Args:
            encoder: the encoder layer, built.
            state_sizes: nest of ints like `zeros`.
        """

    @property
    def fed_size(self):
        """Width of what the decoder is fed at each step beside its token."""
        return 0

    def feed(self, encoded):
        """What the decoder is fed at each step, `(B, fed_size)` or None."""
        return None

    @property
    def needs_last(self):
        """Whether it relies on the last output having seen all words."""
        return False


@keras.saving.register_keras_serializable("keras_seq2seq")
class ZeroBridge(Bridge):
    """The decoder begins with zeros."""

    def call(self, encoded, zeros):
        return zeros


@keras.saving.register_keras_serializable("keras_seq2seq")
class PassThroughBridge(Bridge):
    """The decoder begins with the encoder's final state as it is.

    Both must have the same structure and widths.
    """

    def build(self, encoder, state_sizes):
        given = encoder.final_state_sizes
        if given != state_sizes:
            raise ValueError(
                "`PassThroughBridge` needs encoder and decoder states of the "
                f"same structure. Received: encoder {given}, decoder "
                f"{state_sizes}. Use `InitialStateBridge` instead."
            )

    def call(self, encoded, zeros):
        return keras.tree.map_structure(
            lambda state, zero: ops.cast(state, zero.dtype),
            encoded.final_state,
            zeros,
        )


class ProjectingBridge(Bridge):
    """What bridges with one linear layer have in common.

    Args:
        bridge_input: a field of `EncoderOutput`. Sequences are averaged over
            their real positions.
        activation: activation of the layer, as Keras names it, or None.
    """

    def __init__(self, bridge_input="final_state", activation=None, **kwargs):
        super().__init__(**kwargs)
        fields = tuple(f for f in EncoderOutput._fields if f != "valid")
        if bridge_input not in fields:
            raise ValueError(
                f"`bridge_input` must be one of {fields}. "
                f"Received: {bridge_input!r}"
            )
        self.bridge_input = bridge_input
        self.activation = keras.activations.get(activation)

    def build_projection(self, encoder, units):
        """Makes the layer's weights, to this many features."""
        flat = {
            "final_state": lambda: encoder.final_state_sizes,
            "outputs": lambda: encoder.output_size,
            "attention_values": lambda: encoder.value_size,
        }[self.bridge_input]()
        self.projection = keras.layers.Dense(
            units,
            activation=self.activation,
            dtype=self.dtype_policy,
            name="projection",
        )
        self.projection.build((None, sum(keras.tree.flatten(flat))))

    def project(self, encoded):
        """The chosen field, flattened and projected, `(B, units)`."""
        taken = keras.tree.flatten(getattr(encoded, self.bridge_input))
        if self.bridge_input != "final_state":
            taken = [masked_mean(taken[0], encoded.valid)]
        taken = [ops.cast(each, self.compute_dtype) for each in taken]
        return self.projection(ops.concatenate(taken, axis=-1))

    def get_config(self):
        return {
            **super().get_config(),
            "bridge_input": self.bridge_input,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable("keras_seq2seq")
class InitialStateBridge(ProjectingBridge):
    """One linear layer from something the encoder gives to all states.

    Args:
        bridge_input: a field of `EncoderOutput`. Sequences are averaged over
            their real positions.
        activation: activation of the layer, as Keras names it, or None.
    """

    def build(self, encoder, state_sizes):
        units = sum(keras.tree.flatten(state_sizes))
        if not units:
            raise ValueError(
                "`InitialStateBridge` fills a decoder's first state. Received: "
                "a decoder that has no state. Use `ZeroBridge` instead."
            )
        self.build_projection(encoder, units)

    def call(self, encoded, zeros):
        states = keras.tree.flatten(zeros)
        parts = split_widths(
            self.project(encoded), [each.shape[-1] for each in states]
        )
        return keras.tree.pack_sequence_as(
            zeros,
            [
                ops.cast(part, state.dtype)
                for part, state in zip(parts, states, strict=True)
            ],
        )


@keras.saving.register_keras_serializable("keras_seq2seq")
class EncoderOutputBridge(Bridge):
    """Each state is a tanh layer of its own over the encoder's outputs.

    Args:
        mode: which output: `"last"`, at the last real position, which must be
            the one that the encoder read last, `"avg"`, the mean over real
            positions, or `"zero"`, none: zeros, no weights.

    Source:
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025) begin with the
        last one, [Bahdanau et al., 2015](https://arxiv.org/abs/1409.0473),
        A.2.2, with such a layer; the modes are Sockeye's.
    """

    def __init__(self, mode="last", **kwargs):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(
                f"`mode` must be one of {MODES}. Received: mode={mode!r}"
            )
        self.mode = mode
        self.projections = []

    def build(self, encoder, state_sizes):
        if self.mode == "zero":
            return
        for index, units in enumerate(keras.tree.flatten(state_sizes)):
            layer = keras.layers.Dense(
                units,
                activation="tanh",
                dtype=self.dtype_policy,
                name=f"projection_{index}",
            )
            layer.build((None, encoder.output_size))
            self.projections.append(layer)

    def call(self, encoded, zeros):
        if self.mode == "zero":
            return zeros
        outputs, valid = encoded.outputs, encoded.valid
        seen = (
            last_real(outputs, lengths(valid))
            if self.mode == "last"
            else masked_mean(outputs, valid)
        )
        seen = ops.cast(seen, self.compute_dtype)
        states = zip(self.projections, keras.tree.flatten(zeros), strict=True)
        return keras.tree.pack_sequence_as(
            zeros, [ops.cast(layer(seen), zero.dtype) for layer, zero in states]
        )

    @property
    def needs_last(self):
        return self.mode == "last"

    def get_config(self):
        return {**super().get_config(), "mode": self.mode}


@keras.saving.register_keras_serializable("keras_seq2seq")
class ConcatInputBridge(ProjectingBridge):
    """Joins a projection of the encoder's output to every decoder input.

    The decoder begins with zeros.

    Args:
        units: int. Width of the projection.
        bridge_input: a field of `EncoderOutput`. Sequences are averaged over
            their real positions.
        activation: activation of the projection, as Keras names it, or None.

    Source:
        google/seq2seq until February 2017; the decoder of
        [Cho et al., 2014](https://arxiv.org/abs/1406.1078), section 2.2, sees
        the summary of the source at each step, too.
    """

    def __init__(
        self, units, bridge_input="final_state", activation=None, **kwargs
    ):
        super().__init__(bridge_input, activation, **kwargs)
        if units < 1:
            raise ValueError(f"`units` must be positive. Received: {units}")
        self.units = units

    def build(self, encoder, state_sizes):
        self.build_projection(encoder, self.units)

    def call(self, encoded, zeros):
        return zeros

    @property
    def fed_size(self):
        return self.units

    def feed(self, encoded):
        return self.project(encoded)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
