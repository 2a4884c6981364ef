"""The decoder of gated convolutions that attends in its layers."""

import keras
from keras import ops

from keras_seq2seq.layers.conv_attention import ConvAttention
from keras_seq2seq.layers.conv_stack import BASE, ConvStack
from keras_seq2seq.layers.decoder import Decoder
from keras_seq2seq.layers.position_embedding import positions_of
from keras_seq2seq.ops import product


@keras.saving.register_keras_serializable("keras_seq2seq")
class ConvS2SDecoder(Decoder):
    """Causal gated convolutions, each with an attention of its own.

    With `h` the gated convolution of a layer, `g` the embedded target with its
    positions, `m` the source's length and `s = sqrt(1/2)`, the variant
    `convs2s` computes

        a = softmax((P h + g) s · keys)
        h = (Q (sum of a * values * sqrt(m)) + h) s

    in front of the residual connection, and brings the top layer to
    `out_units`. The variant `sockeye` computes `h + sum of softmax(h · keys) *
    values`, with projections of queries, keys and values where asked for, and
    its top layer is the feature.

    A search keeps the last `k - 1` inputs of each layer and a position: a step
    costs the same whatever was written before. The attention that it returns
    is the mean over the layers that attend.

    Args:
        layers: sequence of `(units, kernel_size)` or `(units, kernel_size,
            residual)`; see `ConvStack`.
        variant: `"convs2s"` or `"sockeye"`.
        activation: `"glu"`, `"relu"`, `"softrelu"`, `"sigmoid"`, `"tanh"`.
        attention: bool, or one for each layer. Which layers attend.
        out_units: int. Features in front of the output projection, in
            `convs2s`.
        project_qkv: bool. In `sockeye`: project queries, keys and values and
            divide scores by the root of the width.
        project_memory: bool. Bring keys and values of any width to the one
            that the attention needs.
        dropout: float in [0, 1), or None. Dropped share of each convolution's
            inputs and, in `convs2s`, of the inputs with their positions and
            of the features. None: 0.1 in `convs2s`, 0 in `sockeye`.
        weight_norm: bool or None. None: on in `convs2s`, off in `sockeye`.
        positions: `"learned"`, `"sinusoid"` or `"none"`.
        num_positions: int. Longest target where positions are learned, START
            counted.
        seed: int or None. Of the dropout masks.

    Source:
        [Gehring et al., 2017](https://arxiv.org/abs/1705.03122), as in
        fairseq; [Hieber et al., 2017](https://arxiv.org/abs/1712.05690), 3.3.
    """

    def __init__(
        self,
        layers=BASE,
        variant="convs2s",
        activation="glu",
        attention=True,
        out_units=256,
        project_qkv=False,
        project_memory=False,
        dropout=None,
        weight_norm=None,
        positions="learned",
        num_positions=1024,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.stack = ConvStack(
            layers,
            causal=True,
            variant=variant,
            activation=activation,
            dropout=dropout,
            weight_norm=weight_norm,
            seed=seed,
            dtype=self.dtype_policy,
            name="stack",
        )
        self.attends = _each_layer(attention, len(self.stack.layers))
        if out_units < 1:
            raise ValueError(
                f"`out_units` must be positive. Received: out_units={out_units}"
            )
        if project_qkv and variant != "sockeye":
            raise ValueError(
                "`project_qkv` belongs to the variant 'sockeye'; 'convs2s' "
                f"projects queries and contexts. Received: variant={variant!r}"
            )
        self.out_units = out_units
        self.project_qkv = project_qkv
        self.project_memory = project_memory
        self.kind_of_positions = positions
        self.num_positions = num_positions
        self.positions = positions_of(
            positions, num_positions, self.dtype_policy
        )
        self.fit_keys = self.fit_values = self.leave = None

    @property
    def variant(self):
        """Which documented form it has."""
        return self.stack.variant

    @property
    def own_attentions(self):
        """How many layers attend."""
        return sum(self.attends)

    @property
    def longest_input(self):
        """Most tokens of a target with START, or None: no limit."""
        return self.positions.longest_input

    @property
    def output_size(self):
        """Width of the features, known once built."""
        return self.leave.units if self.leave else self.stack.output_size

    def build(self, inputs_shape, memory_sizes, attention=None):
        if attention is not None:
            raise ValueError(
                "`ConvS2SDecoder` attends in its layers; the model's "
                "`attention` must be None. Received: "
                f"{type(attention).__name__}"
            )
        self.positions.build(inputs_shape)
        self.stack.build(inputs_shape)
        memory_sizes = self._fit(memory_sizes, inputs_shape[-1])
        self.attentions = [
            self._attention(index, memory_sizes) if attends else None
            for index, attends in enumerate(self.attends)
        ]
        if self.variant == "convs2s":
            self.leave = self.stack.linear(self.out_units, "leave")
            self.leave.build((None, self.stack.output_size))

    def _fit(self, memory_sizes, target_size):
        """Widths of keys and values as the attention reads them."""
        if self.variant == "convs2s":
            # The embedded target is part of the query.
            needed = (target_size, memory_sizes[1])
        else:
            needed = (self.stack.output_size,) * 2
        if self.project_memory:
            needed = (needed[0],) * 2
            self.fit_keys, self.fit_values = (
                self.stack.linear(needed[0], f"fit_{name}")
                for name in ("keys", "values")
            )
            self.fit_keys.build((None, memory_sizes[0]))
            self.fit_values.build((None, memory_sizes[1]))
        elif not self.project_qkv and memory_sizes != needed:
            named = "embedding" if self.variant == "convs2s" else "layers"
            pairs = zip(memory_sizes, needed, strict=True)
            clash = next(own for own, other in pairs if own != other)
            raise ValueError(
                f"`ConvS2SDecoder` ({self.variant}) needs an encoder whose "
                f"outputs are as wide as its {named}. Received: encoder "
                f"{clash}, {named} {needed[0]}. Make the two equal, "
                "or let the decoder project them: `project_memory=True`"
            )
        return needed if self.project_memory else memory_sizes

    def _attention(self, index, memory_sizes):
        units = self.stack.layers[index].units
        options = {"dtype": self.dtype_policy, "name": f"attention_{index}"}
        if self.variant == "convs2s":
            layer = ConvAttention(
                self.stack.linear,
                scale=self.stack.scale,
                with_context=True,
                with_target=True,
                **options,
            )
        elif self.project_qkv:
            layer = ConvAttention(
                self.stack.linear, units, scale=units**-0.5, **options
            )
        else:
            layer = ConvAttention(**options)
        layer.build(units, memory_sizes)
        return layer

    def remember(self, outputs, values, valid, attention):
        """The memory of a source: keys, values and which are real."""
        if self.fit_keys is not None:
            outputs, values = self.fit_keys(outputs), self.fit_values(values)
        if self.variant == "convs2s":
            count = ops.sum(ops.cast(valid, "float32"), axis=1)
            root = ops.cast(ops.sqrt(count), values.dtype)[:, None, None]
            values = values * root
        return {"keys": outputs, "values": values, "valid": valid}

    def begin(self, states, memory):
        batch = ops.shape(memory["valid"])[0]
        seen = []
        width = self.stack.layers[0].units
        for layer in self.stack.layers:
            if layer.kernel_size > 1:
                shape = (batch, 1, (layer.kernel_size - 1) * width)
                seen.append(ops.zeros(shape, self.compute_dtype))
            width = layer.units
        position = ops.zeros((batch, 1), "int32")
        return {"position": position, "seen": tuple(seen)}

    def search_memory(self, memory):
        """Adds keys and values with each layer's projections in them."""
        if "folded" in memory:
            return memory
        folded = [each and each.fold(memory) for each in self.attentions]
        return {**memory, "folded": [each or {} for each in folded]}

    def decode(self, embedded, memory, carry, attention, training=False):
        target = self.positions(embedded)
        if self.variant == "convs2s":
            target = self.stack.drop(target, training=training)
        looks = [
            each and each.reader(memory, target) for each in self.attentions
        ]

        def convolve(index, x):
            h = self.stack.convolve(index, x, training)
            if looks[index] is None:
                return h
            return self.stack.join(looks[index](h)[0], h)

        features = self.stack.runner()(target, convolve)
        if self.variant == "convs2s":
            features = self.leave(features)
            features = self.stack.drop(features, training=training)
        return features

    def stepper(self, memory, attention):
        memory = self.search_memory(memory)
        valid = memory["valid"]
        looks = [
            each and each.stepper(folded, valid)
            for each, folded in zip(
                self.attentions, memory["folded"], strict=True
            )
        ]
        count = len(self.stack.layers)
        convolvers = [self.stack.last_convolver(i) for i in range(count)]
        vectors, run = self.positions.reader(), self.stack.runner()
        columns = ops.transpose(memory["keys"], (0, 2, 1)) * self.stack.scale
        leave = self.leave.affine() if self.leave else lambda x: x

        def step(embedded, carry):
            target = embedded + vectors(carry["position"])
            scores = 0.0
            if self.variant == "convs2s":
                scores = product(target, columns)  # the same in all layers
            seen, kept, weights = iter(carry["seen"]), [], []

            def convolve(index, x):
                last = x
                if self.stack.layers[index].kernel_size > 1:
                    last = ops.concatenate([next(seen), x], axis=-1)
                    kept.append(last[..., x.shape[-1] :])
                h = convolvers[index](last)
                if looks[index] is None:
                    return h
                context, looked = looks[index](h, scores)
                weights.append(looked)
                return self.stack.join(context, h)

            features = leave(run(target, convolve))
            position = carry["position"] + 1
            carry = {"position": position, "seen": tuple(kept)}
            return features, carry, sum(weights) / len(weights)

        return step

    def get_config(self):
        return {
            **super().get_config(),
            **self.stack.settings(),
            "attention": list(self.attends),
            "out_units": self.out_units,
            "project_qkv": self.project_qkv,
            "project_memory": self.project_memory,
            "positions": self.kind_of_positions,
            "num_positions": self.num_positions,
        }


def _each_layer(attention, count):
    """Which layers attend, a tuple of bools."""
    flags = [attention] * count if isinstance(attention, bool) else attention
    flags = tuple(flags)
    if len(flags) != count or not all(type(flag) is bool for flag in flags):
        raise ValueError(
            f"`attention` must be true, or a list of {count} booleans, one for "
            f"each layer. Received: {attention!r}"
        )
    if not any(flags):
        raise ValueError(
            "At least one layer must attend to the source. Received: "
            f"attention={attention!r}"
        )
    return flags
