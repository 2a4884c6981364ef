"""The decoder with attention."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import weighted_sum
from keras_seq2seq.layers.recurrent_stack import drop
from keras_seq2seq.layers.rnn_decoder import (
    RNNDecoder,
    add_beams,
    drop_beams,
    merge_beams,
    split_beams,
)
from keras_seq2seq.ops import dropout_mask, product, scan, time_major


@keras.saving.register_keras_serializable("keras_seq2seq")
class AttentionDecoder(RNNDecoder):
    """Recurrent cells that look at the source before each word.

    At step `t`, with `e` the embedded token and `c` the context:
    `o_t = cells([e_t; c_{t-1}])`, `c_t = attention(o_t)`,
    `s_t = tanh(W [o_t; c_t] + b)`; `s_t` is the feature that becomes logits.
    With input feeding the cells see `s_{t-1}` in place of `c_{t-1}`.

    With attention in the upper layers the query is the first layer's output,
    and each layer above reads `[x; c_t]`, `x` being the output of the layer
    below. A residual connection adds `x` alone. With one layer there is no
    difference.

    Args:
        recurrence: `RecurrentStack` or None. Default: one `LSTMCell(128)`.
        input_feeding: bool. Feed `s`, as Luong, and not the context.
        attention_in_upper_layers: bool. Attend after the first layer.
        hidden_keep_prob: float in (0, 1]. Kept share of `[o_t; c_t]` in
            training, drawn for each step.

    Source:
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025), eq. 5 and
        section 3.3; context feeding as in google/seq2seq; upper layers and
        dropout: Sockeye, [Hieber et al., 2017]
        (https://arxiv.org/abs/1712.05690), 3.1, after
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144), figure 1, which
        gives them the context of the step before.
    """

    def __init__(
        self,
        recurrence=None,
        input_feeding=False,
        attention_in_upper_layers=False,
        hidden_keep_prob=1.0,
        **kwargs,
    ):
        super().__init__(recurrence, **kwargs)
        if not 0 < hidden_keep_prob <= 1:
            raise ValueError(
                "`hidden_keep_prob` must lie in (0, 1]. "
                f"Received: hidden_keep_prob={hidden_keep_prob}"
            )
        self.input_feeding = input_feeding
        self.attention_in_upper_layers = attention_in_upper_layers
        self.hidden_keep_prob = hidden_keep_prob

    @property
    def attends_early(self):
        """Whether layers above the first see the context of their step."""
        return self.attention_in_upper_layers and len(self.recurrence.cells) > 1

    def build(self, inputs_shape, memory_sizes, attention=None):
        key_size, value_size = memory_sizes
        # The stack's own output width is known only once it is built, but
        # input feeding needs it before: it equals the top cell's unless
        # residual connections concatenate.
        fed = (
            self.recurrence.cells[-1].output_size
            if self.input_feeding
            else value_size
        )
        self.fed_size = fed
        self.recurrence.build(
            (*inputs_shape[:-1], inputs_shape[-1] + fed),
            context_size=value_size if self.attends_early else 0,
        )
        output_size = self.recurrence.output_size
        self.mix = keras.layers.Dense(
            fed if self.input_feeding else output_size,
            activation="tanh",
            dtype=self.dtype_policy,
            name="mix",
        )
        self.mix.build((None, output_size + value_size))
        query_size = self.recurrence.output_sizes[
            0 if self.attends_early else -1
        ]
        attention.build(query_size, key_size)

    @property
    def output_size(self):
        return self.mix.units

    def begin(self, states, memory):
        valid = memory["valid"]
        if self.input_feeding:
            shape = (ops.shape(valid)[0], self.fed_size)
            fed = ops.zeros(shape, dtype=self.compute_dtype)
        else:
            # Of a context only the weights are carried; none: no context.
            fed = ops.zeros_like(valid, dtype="float32")
        return add_beams({"states": states, "fed": fed})

    def search_memory(self, memory):
        """Adds the values as cells and the mixing layer would project them.

        A sum of projected values is the projected sum, and a search sums the
        same values for every hypothesis and step.
        """
        values = memory["values"]
        _, kernel = self._mix_kernels()
        memory = {**memory, "mixed": product(values, kernel)}
        project = self.recurrence.fed_projector(self.fed_size)
        if not self.input_feeding and project is not None:
            memory["known"] = project(values)
        if self.attends_early:
            memory["upper"] = self.recurrence.context_projector()(values)
        return memory

    def decode(self, embedded, memory, carry, attention, training=False):
        embedded = time_major(embedded)  # (T, B, E)
        steps, batch = ops.shape(embedded)[:2]
        masks = self.recurrence.masks(steps, batch, training)
        kept = self._hidden_masks(steps, batch, training)
        project, advance = self._advancer(memory, attention)
        known = project(embedded, masks)

        def step(carry, slices):
            known, masks, kept = slices
            carry, output, weights = advance(carry, known, masks, kept, 1)
            return carry, (output, weights)

        _, (outputs, weights) = scan(
            step, (known, masks, kept), drop_beams(carry)
        )
        outputs = time_major(outputs)
        if self.input_feeding:
            return outputs
        # Nothing in the loop needs the mixed features: all steps at once.
        weights = time_major(ops.squeeze(weights, 2))  # (B, T, S)
        kept = {
            name: time_major(ops.squeeze(each, 2))
            for name, each in kept.items()
        }
        return self._mixer(memory)(outputs, weights, kept)

    def _hidden_masks(self, steps, batch, training):
        """Dropout masks `(T, B, 1, n)` of what is mixed, if any."""
        if not training or self.hidden_keep_prob == 1:
            return {}
        width = self.mix.kernel.shape[0]
        drawn = dropout_mask(
            (steps, batch, 1, width),
            self.hidden_keep_prob,
            self.recurrence.seed_generator,
            self.compute_dtype,
        )
        return {"hidden": drawn}

    def token_projector(self):
        return self.recurrence.known_projector(self.fed_size)

    def stepper(self, memory, attention, projected=False):
        masks = self.recurrence.masks(1, 1, training=False)
        project, advance = self._advancer(memory, attention)
        mix = self._mixer(memory)

        def step(embedded, carry):
            beams = ops.shape(embedded)[1]
            known = merge_beams(embedded)
            known = known if projected else project(known, masks)
            carry, output, weights = advance(
                merge_beams(carry), known, masks, {}, beams
            )
            output, carry = split_beams((output, carry), beams)
            if not self.input_feeding:
                output = mix(output, weights, {})
            return output, carry, weights

        return step

    def _advancer(self, memory, attention):
        """`advance(carry, known, masks, kept, beams)` on `(B * K, n)` tensors.

        In front of it the function that makes `known` of embedded tokens.
        """
        ahead = "known" in memory
        project, run = self.recurrence.stepper(
            self.fed_size, ahead, "upper" in memory
        )
        weigh = attention.weigher(memory["keys"], memory["valid"])
        values = memory["known" if ahead else "values"]
        contexts = memory.get("upper", memory["values"])
        mix = self._mixer(memory)

        def advance(carry, known, masks, kept, beams):
            fed, weights, context = carry["fed"], None, None
            if not self.input_feeding:
                (fed,) = split_beams([fed], beams)
                fed = merge_beams(weighted_sum(fed, values))

            def look(output):
                nonlocal weights
                (query,) = split_beams([output], beams)
                weights = weigh(query)

            def attend(output):
                nonlocal context
                look(output)
                context = weighted_sum(weights, contexts)
                return merge_beams(context)

            states = carry["states"]
            if self.attends_early:
                output, states = run(known, fed, states, masks, attend)
            else:
                output, states = run(known, fed, states, masks)
                look(output)
            fed = weights
            if self.input_feeding:
                (top,) = split_beams([output], beams)
                fed = mix(top, weights, kept, context)
                output = merge_beams(fed)
            carry = {"states": states, "fed": merge_beams(fed)}
            return carry, output, weights

        return project, advance

    def _mixer(self, memory):
        """`mix(outputs (B, K, U), weights (B, K, S), kept)`: the features.

        Where the context `(B, K, M)` is known already, it may be given, too.
        """
        bias = self.read(self.mix.bias)
        if "mixed" in memory:
            kernel, _ = self._mix_kernels()

            def mix(outputs, weights, kept, context=None):
                context = weighted_sum(weights, memory["mixed"])
                return ops.tanh(product(outputs, kernel) + context + bias)

            return mix
        kernel = self.read(self.mix.kernel)

        def mix_joined(outputs, weights, kept, context=None):
            if context is None:
                context = weighted_sum(weights, memory["values"])
            joined = ops.concatenate([outputs, context], axis=-1)
            joined = drop(joined, kept, "hidden")
            return ops.tanh(product(joined, kernel) + bias)

        return mix_joined

    def _mix_kernels(self):
        """The rows of the mixing kernel that see outputs, and contexts."""
        kernel = self.read(self.mix.kernel)
        return ops.split(kernel, [self.recurrence.output_size], axis=0)

    def get_config(self):
        return {
            **super().get_config(),
            "input_feeding": self.input_feeding,
            "attention_in_upper_layers": self.attention_in_upper_layers,
            "hidden_keep_prob": self.hidden_keep_prob,
        }
