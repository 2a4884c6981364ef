"""The loss on JAX and torch, where Keras's own steps run it."""

import keras
from keras import ops

from keras_seq2seq.optimizers.adam import Adam
from keras_seq2seq.tokens import PAD

if keras.backend.backend() == "torch":
    import torch


class TokenStep:
    """Adds `compile` and the token-weighted loss to a model.

    The loss is that of the TensorFlow step on one device: the sum over real
    target tokens divided by their number.
    """

    fast_in_bfloat16 = False  # not known here

    def compile(self, optimizer=None, loss=None, **options):
        """Prepares for training; see the TensorFlow step.

        With the own loss the optimizer clips by the model's `clip_norm`.

        Raises:
            ValueError: with the own loss a `clip_embedding_norm`, or an
                optimizer that clips in another way beside `clip_norm`.
        """
        optimizer = keras.optimizers.get(optimizer or Adam(1e-4, epsilon=1e-8))
        if loss is None:
            self._let_clip(optimizer)
        super().compile(optimizer=optimizer, loss=loss, **options)
        self._own_loss = loss is None

    def _let_clip(self, optimizer):
        """Has the optimizer do what the TensorFlow step does before it."""
        if self.clip_embedding_norm:
            raise ValueError(
                "`clip_embedding_norm` needs the TensorFlow backend "
                "(KERAS_BACKEND=tensorflow); here it must be None. Received: "
                f"clip_embedding_norm={self.clip_embedding_norm}"
            )
        if not self.clip_norm:
            return
        clipping = getattr(optimizer, "inner_optimizer", optimizer)
        for name in ("clipnorm", "clipvalue"):
            if getattr(clipping, name) is not None:
                raise ValueError(
                    "This optimizer clips in another way than the model. Give "
                    f"the model `clip_norm=None`, or leave out `{name}`. "
                    f"Received: {name}={getattr(clipping, name)}, "
                    f"clip_norm={self.clip_norm}"
                )
        own = clipping.global_clipnorm or self.clip_norm
        clipping.global_clipnorm = min(own, self.clip_norm)

    def add_token_metrics(self):
        """Has none: Keras tracks the loss here."""

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        if not self._own_loss:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        weights = ops.cast(ops.not_equal(y, PAD), "float32")
        if sample_weight is not None:
            given = ops.cast(sample_weight, "float32")
            weights *= given[:, None] if len(given.shape) == 1 else given
        real = weights > 0
        if training and self.loss_normalization == "batch":
            real = ops.any(real, axis=1)
        count = ops.sum(ops.cast(real, "float32"))
        log_probs = keras.ops.log_softmax(y_pred, axis=-1)
        nats = -ops.take_along_axis(log_probs, y[..., None], axis=-1)[..., 0]
        if training and self.label_smoothing:
            uniform = -ops.mean(log_probs, axis=-1)
            nats = nats + self.label_smoothing * (uniform - nats)
        return ops.sum(nats * weights) / ops.maximum(count, 1.0)

    def as_graph(self, function):
        """The function as it is, but without gradients.

        JAX can't compile a search as a whole: the longest length is a value.
        """
        if keras.backend.backend() == "torch":
            return torch.no_grad()(function)
        return function

    def trace(self, graph, *like):
        """Nothing: `as_graph` compiles nothing that could be traced."""
