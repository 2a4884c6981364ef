"""Weight decay within the gradient, and clipping by value."""

import keras
from keras import ops


class CoupledDecay:
    """Mixed into an optimizer: changes a gradient before the update.

    The gradient `g` of a weight `w` becomes `clip(g + d w)`, or `clip(g) + d w`
    where `decays_before_clipping` is False, as MXNet does it; `clip` cuts each
    element to at most `clip_value`. Keras's own `weight_decay` shrinks the
    weights beside the update instead, and its `clipvalue` sees what one
    replica brings; here it is the gradient of the whole batch. Biases do not
    decay.

    Args:
        coupled_decay: float >= 0. The factor `d`, per update.
        clip_value: float or None. None or 0 clips nothing.
        **options: of the optimizer.
    """

    decays_before_clipping = True

    def __init__(
        self, *arguments, coupled_decay=0.0, clip_value=None, **options
    ):
        super().__init__(*arguments, **options)
        if not coupled_decay >= 0:
            raise ValueError(
                "`coupled_decay` must not be negative. "
                f"Received: {coupled_decay}"
            )
        self.coupled_decay = coupled_decay
        self.clip_value = clip_value or None
        if self.clip_value is not None and not self.clip_value > 0:
            raise ValueError(
                "`clip_value` must be positive, or None or 0 for no clipping. "
                f"Received: {clip_value}"
            )

    def update_step(self, gradient, variable, learning_rate):
        changes = [self._decayed, self._clipped]
        if not self.decays_before_clipping:
            changes.reverse()
        for change in changes:
            gradient = change(gradient, variable)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {
            **super().get_config(),
            "coupled_decay": self.coupled_decay,
            "clip_value": self.clip_value,
        }

    def _decayed(self, gradient, variable):
        # TensorFlow's variables do not know the names that Keras gave them.
        own = self._trainable_variables[self._get_variable_index(variable)]
        if not self.coupled_decay or _is_bias(own):
            return gradient
        gradient = ops.cast(gradient, variable.dtype)
        return (
            gradient + ops.cast(self.coupled_decay, variable.dtype) * variable
        )

    def _clipped(self, gradient, variable):
        if self.clip_value is None:
            return gradient
        return ops.clip(gradient, -self.clip_value, self.clip_value)


def _is_bias(variable):
    return variable.name.endswith(("bias", "beta"))


@keras.saving.register_keras_serializable("keras_seq2seq")
class SGD(CoupledDecay, keras.optimizers.SGD):
    """Keras's SGD with coupled weight decay, which is not clipped."""

    decays_before_clipping = False


@keras.saving.register_keras_serializable("keras_seq2seq")
class RMSprop(CoupledDecay, keras.optimizers.RMSprop):
    """Keras's RMSprop with coupled weight decay."""


@keras.saving.register_keras_serializable("keras_seq2seq")
class Adagrad(CoupledDecay, keras.optimizers.Adagrad):
    """Keras's Adagrad with coupled weight decay."""


@keras.saving.register_keras_serializable("keras_seq2seq")
class Ftrl(CoupledDecay, keras.optimizers.Ftrl):
    """Keras's Ftrl with coupled weight decay."""
