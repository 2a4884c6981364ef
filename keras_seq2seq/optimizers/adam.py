"""Adam in one pass over memory."""

import keras

from keras_seq2seq.optimizers.coupled_decay import CoupledDecay

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


class FusedAdam(keras.optimizers.Adam):
    """Keras's Adam with TensorFlow's fused kernel where that applies.

    The arithmetic and the variables are those of `keras.optimizers.Adam`,
    which walks over each variable about ten times; the kernel does so once.

    Source:
        [Kingma and Ba, 2015](https://arxiv.org/abs/1412.6980), with epsilon
        as in the last paragraph of section 2.
    """

    def update_step(self, gradient, variable, learning_rate):
        fused = keras.backend.backend() == "tensorflow" and not self.amsgrad
        if not fused:
            super().update_step(gradient, variable, learning_rate)
            return
        dtype = variable.dtype
        step = tf.cast(self.iterations.value + 1, dtype)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, dtype), step),
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )


@keras.saving.register_keras_serializable("keras_seq2seq")
class Adam(CoupledDecay, FusedAdam):
    """`FusedAdam` with coupled weight decay."""
