"""The decoder with attention."""

import keras
from keras import ops

from keras_seq2seq.layers.rnn_decoder import (
    RNNDecoder,
    add_beams,
    drop_beams,
    merge_beams,
    split_beams,
)
from keras_seq2seq.ops import scan, time_major


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
        batch = ops.shape(memory["valid"])[0]
        fed = ops.zeros((batch, self.fed_size), dtype=self.compute_dtype)
        return add_beams({"states": states, "fed": fed})

    def decode(self, embedded, memory, carry, attention, training=False):
        embedded = time_major(embedded)  # (T, B, E)
        steps, batch = ops.shape(embedded)[:2]
        masks = self.recurrence.masks(steps, batch, training)
        project, advance = self._advancer(memory, attention)
        known = project(embedded, masks)

        def step(carry, slices):
            known, masks = slices
            carry, output, context, _ = advance(carry, known, masks, 1)
            return carry, (output, context)

        carry, (outputs, contexts) = scan(
            step, (known, masks), drop_beams(carry)
        )
        # Without input feeding nothing in the loop needs the mixed features.
        features = self._mixed(outputs, contexts)
        return time_major(features)

    def stepper(self, memory, attention):
        masks = self.recurrence.masks(1, 1, training=False)
        project, advance = self._advancer(memory, attention)

        def step(embedded, carry):
            beams = ops.shape(embedded)[1]
            known = project(merge_beams(embedded), masks)
            carry, output, context, weights = advance(
                merge_beams(carry), known, masks, beams
            )
            features = self._mixed(output, context)
            features, carry = split_beams((features, carry), beams)
            return features, carry, weights

        return step

    def _mixed(self, outputs, contexts):
        """Features from outputs and contexts of a loop."""
        if self.input_feeding:
            return outputs
        return self.mix(ops.concatenate([outputs, contexts], axis=-1))

    def _advancer(self, memory, attention):
        """`advance(carry, known, masks, beams)` on `(B * K, n)` tensors.

        In front of it the function that makes `known` of embedded tokens.
        """
        project, run = self.recurrence.stepper(self.fed_size)
        attend = attention.attender(
            memory["keys"], memory["values"], memory["valid"]
        )
        mix = attention.linear(self.mix)

        def advance(carry, known, masks, beams):
            output, states = run(known, carry["fed"], carry["states"], masks)
            context, weights = attend(
                ops.reshape(output, (-1, beams, output.shape[-1]))
            )
            context = merge_beams(context)
            fed = context
            if self.input_feeding:
                joined = ops.concatenate([output, context], axis=-1)
                output = fed = ops.tanh(mix(joined))
            return {"states": states, "fed": fed}, output, context, weights

        return project, advance

    def get_config(self):
        return {**super().get_config(), "input_feeding": self.input_feeding}
