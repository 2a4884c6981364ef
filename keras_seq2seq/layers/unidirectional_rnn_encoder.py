"""The encoder that reads from left to right."""

import keras
from keras import ops

from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.rnn_encoder import RNNEncoder


@keras.saving.register_keras_serializable("keras_seq2seq")
class UnidirectionalRNNEncoder(RNNEncoder):
    """Reads from left to right; the final state is per layer.

    Source:
        [Sutskever et al., 2014](https://arxiv.org/abs/1409.3215), section 2.
    """

    @property
    def output_size(self):
        return self.recurrence.output_size

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is."""
        return self.recurrence.state_sizes

    def build(self, inputs_shape):
        self.recurrence.build(inputs_shape)

    def call(self, inputs, valid, training=False):
        zeros = self.recurrence.zero_state(ops.shape(inputs)[0])
        outputs, state = self.recurrence.unroll(inputs, valid, zeros, training)
        return EncoderOutput(outputs, state, outputs, valid)
