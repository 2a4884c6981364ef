"""The decoder without attention."""

import keras
from keras import ops

from keras_seq2seq.layers.rnn_decoder import (
    RNNDecoder,
    drop_beams,
    merge_beams,
    split_beams,
)


@keras.saving.register_keras_serializable("keras_seq2seq")
class BasicDecoder(RNNDecoder):
    """Recurrent cells over the target, nothing else.

    Source:
        [Sutskever et al., 2014](https://arxiv.org/abs/1409.3215), section 2.
    """

    def build(self, inputs_shape, memory_sizes, attention=None):
        self.recurrence.build(inputs_shape)

    def decode(self, embedded, memory, carry, attention, training=False):
        everywhere = ops.ones(ops.shape(embedded)[:2], dtype="bool")
        states = drop_beams(carry["states"])
        features, _ = self.recurrence.unroll(
            embedded, everywhere, states, training
        )
        return features

    def token_projector(self):
        return self.recurrence.known_projector()

    def stepper(self, memory, attention, projected=False):
        masks = self.recurrence.masks(1, 1, training=False)
        project, run = self.recurrence.stepper()

        def step(embedded, carry):
            beams = ops.shape(embedded)[1]
            known = merge_beams(embedded)
            known = known if projected else project(known, masks)
            features, states = run(
                known, None, merge_beams(carry["states"]), masks
            )
            features, states = split_beams((features, states), beams)
            return features, {"states": states}, None

        return step
