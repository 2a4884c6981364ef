"""From features to logits."""

import keras
from keras import ops

from keras_seq2seq.layers.weight_norm import norms, weight_normed
from keras_seq2seq.tokens import PAD
from keras_seq2seq.zoo.screening import screener, screening

LARGE = 4096  # tokens: smaller vocabularies are not worth being screened


@keras.saving.register_keras_serializable("keras_seq2seq")
class OutputProjection(keras.layers.Layer):
    """Linear layer to the vocabulary, with float32 logits.

    Args:
        vocabulary_size: int. Width `V` of the logits.
        tied_to: a built `TokenEmbedding` whose table is the kernel, or None
            for a kernel of its own. Features of another width than the table
            first pass a linear layer.
        weight_norm: bool. Train the norm and the direction of each column of
            the layer's own kernel apart.
        kernel_initializer: initializer of that kernel.

    Call arguments:
        features: tensor `(..., U)`.

    Returns:
        float32 tensor `(..., V)`.

    Source:
        Tying: [Press and Wolf, 2017](https://arxiv.org/abs/1608.05859).
    """

    def __init__(
        self,
        vocabulary_size,
        tied_to=None,
        weight_norm=False,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.weight_norm = weight_norm
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        # In a function, where Keras does not find it: the table belongs to
        # the embedding alone.
        self._tied_to = lambda: tied_to
        self.resize = None

    def build(self, features_shape):
        # What is cast is cast below, alike in a call and in a search.
        embedding = self._tied_to()
        width = features_shape[-1]
        if embedding is None:
            self.kernel = self.add_weight(
                name="kernel",
                shape=(width, self.vocabulary_size),
                initializer=self.kernel_initializer,
                autocast=False,
            )
            if self.weight_norm:
                self.norm = self.add_weight(
                    name="norm", shape=(self.vocabulary_size,), autocast=False
                )
                self.weights_drawn()
        elif embedding.dim != width:
            self.resize = keras.layers.Dense(
                embedding.dim, dtype=self.dtype_policy, name="resize"
            )
            self.resize.build((None, width))
        self.bias = self.add_weight(
            name="bias",
            shape=(self.vocabulary_size,),
            initializer="zeros",
            autocast=False,
        )

    def weights_drawn(self):
        """Begins with the norms of the kernel, whoever has drawn it."""
        if self._tied_to() is None and self.weight_norm:
            self.norm.assign(norms(self.kernel))

    def prepared(self, multiple=1):
        """The weights as `projector` takes them.

        Args:
            multiple: int. The logits get as many more entries of -inf as make
                their number a multiple of this.

        Returns:
            mapping of `"kernel" (U, V)`, in the type of the products, and
            float32 `"bias" (V,)`.
        """
        surplus = -self.vocabulary_size % multiple
        kernel, bias = self._columns(), ops.cast(self.bias, "float32")
        if surplus:
            kernel = ops.pad(kernel, [(0, 0), (0, surplus)])
            bias = ops.pad(bias, [(0, surplus)], constant_values=-float("inf"))
        return {"kernel": kernel, "bias": bias}

    def projector(self, weights=None):
        """Returns the projection as a function.

        Args:
            weights: what `prepared` or `screening` returned; None: as they
                are now.
        """
        weights = weights or self.prepared()
        if "rounded" in weights:
            screened = screener(weights)
            return lambda features: screened(self._resized(features))
        kernel, bias = weights["kernel"], weights["bias"]

        def project(features):
            features = self._resized(features)
            flat = ops.reshape(features, (-1, features.shape[-1]))
            logits = ops.cast(ops.matmul(flat, kernel), "float32") + bias
            shape = ops.shape(features)[:-1]
            return ops.reshape(logits, (*shape, kernel.shape[-1]))

        return project

    @property
    def can_screen(self):
        """Whether `screening` can be worthwhile."""
        large = self.vocabulary_size >= LARGE
        return large and self.compute_dtype == "float32"

    def screening(self, multiple=1):
        """The weights with which `projector` tells `Screened`, for logits.

        Args:
            multiple: int. As for `prepared`.
        """
        rows = self.rows()
        return screening(self.prepared(multiple), rows["kernel"], rows["bias"])

    def rows(self):
        """The weights as `columns` takes them.

        Returns:
            mapping of `"kernel" (V, U)`, in the type of the products, and
            float32 `"bias" (V,)`.
        """
        return {
            "kernel": ops.transpose(self._columns()),
            "bias": ops.cast(self.bias, "float32"),
        }

    def columns(self, tokens, rows=None):
        """What `projector_onto` needs, for each sentence its own tokens.

        Args:
            tokens: int32 tensor `(B, N)`, PAD first and behind the others.
            rows: what `rows` returned; None: as they are now.

        Returns:
            mapping of tensors `(B, ...)`.
        """
        rows = rows or self.rows()
        kernel = ops.take(rows["kernel"], tokens, axis=0)
        bias = ops.take(rows["bias"], tokens, axis=0)
        places = ops.arange(tokens.shape[1], dtype="int32")
        filled = ops.logical_or(tokens != PAD, places == PAD)
        return {
            "kernel": ops.transpose(kernel, (0, 2, 1)),
            "bias": ops.where(filled, bias, -float("inf"))[:, None],
        }

    def projector_onto(self, columns):
        """Returns the projection of features `(B, K, U)` to `(B, K, N)`."""

        def project(features):
            logits = ops.matmul(self._resized(features), columns["kernel"])
            return ops.cast(logits, "float32") + columns["bias"]

        return project

    def call(self, features):
        return self.projector()(features)

    def _columns(self):
        """The kernel `(U, V)` in the type of the products."""
        embedding = self._tied_to()
        if embedding is not None:
            return ops.transpose(ops.cast(embedding.table, self.compute_dtype))
        kernel = ops.convert_to_tensor(self.kernel)
        if self.weight_norm:
            norm = ops.convert_to_tensor(self.norm)
            kernel = weight_normed(kernel, norm)
        return ops.cast(kernel, self.compute_dtype)

    def _resized(self, features):
        return features if self.resize is None else self.resize(features)
