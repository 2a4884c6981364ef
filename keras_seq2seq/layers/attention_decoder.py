"""The decoder with attention."""

import keras
from keras import ops

from keras_seq2seq.layers.attention import weighted_sum
from keras_seq2seq.layers.rnn_decoder import (
    RNNDecoder,
    add_beams,
    drop_beams,
    merge_beams,
    split_beams,
)
from keras_seq2seq.ops import product, scan, time_major


@keras.saving.register_keras_serializable("keras_seq2seq")
class AttentionDecoder(RNNDecoder):
    """Recurrent cells that look at the source before each word.

    At step `t`, with `e` the embedded token and `c` the context:
    `o_t = cells([e_t; c_{t-1}])`, `c_t = attention(o_t)`,
    `s_t = tanh(W [o_t; c_t] + b)`; `s_t` is the feature that becomes logits.
    With input feeding the cells see `s_{t-1}` in place of `c_{t-1}`.

    Args:
        recurrence: `RecurrentStack` or None. Default: one `LSTMCell(128)`.
        input_feeding: bool. Feed `s`, as Luong, and not the context.

    Source:
        [Luong et al., 2015](https://arxiv.org/abs/1508.04025), eq. 5 and
        section 3.3; context feeding as in google/seq2seq.
    """

    def __init__(self, recurrence=None, input_feeding=False, **kwargs):
        super().__init__(recurrence, **kwargs)
        self.input_feeding = input_feeding

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
        self.recurrence.build((*inputs_shape[:-1], inputs_shape[-1] + fed))
        query_size = self.recurrence.output_size
        self.mix = keras.layers.Dense(
            fed if self.input_feeding else query_size,
            activation="tanh",
            dtype=self.dtype_policy,
            name="mix",
        )
        self.mix.build((None, query_size + value_size))
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
        """Adds the values as the cell and the mixing layer would project them.

        A sum of projected values is the projected sum, and a search sums the
        same values for every hypothesis and step.
        """
        values = memory["values"]
        _, kernel = self._mix_kernels()
        memory = {**memory, "mixed": product(values, kernel)}
        project = self.recurrence.fed_projector(self.fed_size)
        if not self.input_feeding and project is not None:
            memory["known"] = project(values)
        return memory

    def decode(self, embedded, memory, carry, attention, training=False):
        embedded = time_major(embedded)  # (T, B, E)
        steps, batch = ops.shape(embedded)[:2]
        masks = self.recurrence.masks(steps, batch, training)
        project, advance = self._advancer(memory, attention)
        known = project(embedded, masks)

        def step(carry, slices):
            known, masks = slices
            carry, output, weights = advance(carry, known, masks, 1)
            return carry, (output, weights)

        _, (outputs, weights) = scan(step, (known, masks), drop_beams(carry))
        outputs = time_major(outputs)
        if self.input_feeding:
            return outputs
        # Nothing in the loop needs the mixed features: all steps at once.
        weights = time_major(ops.squeeze(weights, 2))  # (B, T, S)
        return self._mixer(memory)(outputs, weights)

    def stepper(self, memory, attention):
        masks = self.recurrence.masks(1, 1, training=False)
        project, advance = self._advancer(memory, attention)
        mix = self._mixer(memory)

        def step(embedded, carry):
            beams = ops.shape(embedded)[1]
            known = project(merge_beams(embedded), masks)
            carry, output, weights = advance(
                merge_beams(carry), known, masks, beams
            )
            output, carry = split_beams((output, carry), beams)
            if not self.input_feeding:
                output = mix(output, weights)
            return output, carry, weights

        return step

    def _advancer(self, memory, attention):
        """`advance(carry, known, masks, beams)` on `(B * K, n)` tensors.

        In front of it the function that makes `known` of embedded tokens.
        """
        ahead = "known" in memory
        project, run = self.recurrence.stepper(self.fed_size, ahead)
        weigh = attention.weigher(memory["keys"], memory["valid"])
        values = memory["known" if ahead else "values"]
        mix = self._mixer(memory)

        def advance(carry, known, masks, beams):
            fed = carry["fed"]
            if not self.input_feeding:
                (fed,) = split_beams([fed], beams)
                fed = merge_beams(weighted_sum(fed, values))
            output, states = run(known, fed, carry["states"], masks)
            (query,) = split_beams([output], beams)
            weights = weigh(query)
            fed = weights
            if self.input_feeding:
                fed = mix(query, weights)
                output = merge_beams(fed)
            carry = {"states": states, "fed": merge_beams(fed)}
            return carry, output, weights

        return project, advance

    def _mixer(self, memory):
        """`mix(outputs (B, K, U), weights (B, K, S))` gives the features."""
        bias = self.read(self.mix.bias)
        if "mixed" in memory:
            kernel, _ = self._mix_kernels()

            def mix(outputs, weights):
                context = weighted_sum(weights, memory["mixed"])
                return ops.tanh(product(outputs, kernel) + context + bias)

            return mix
        kernel = self.read(self.mix.kernel)

        def mix_joined(outputs, weights):
            context = weighted_sum(weights, memory["values"])
            joined = ops.concatenate([outputs, context], axis=-1)
            return ops.tanh(product(joined, kernel) + bias)

        return mix_joined

    def _mix_kernels(self):
        """The rows of the mixing kernel that see outputs, and contexts."""
        kernel = self.read(self.mix.kernel)
        return ops.split(kernel, [self.recurrence.output_size], axis=0)

    def get_config(self):
        return {**super().get_config(), "input_feeding": self.input_feeding}
