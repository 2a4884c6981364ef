"""The attention of one convolutional layer of a decoder."""

from keras import ops

from keras_seq2seq.layers.attention import weighted_sum
from keras_seq2seq.layers.part import Part
from keras_seq2seq.ops import masked_softmax, product


class ConvAttention(Part):
    """Dot products of a layer's outputs with keys, after projections or none.

    With queries `h`, embedded targets `g`, keys `k` and values `v`:
    `scores = scale * ((P h + g) · k)` and `context = Q (softmax(scores) v)`.

    Args:
        project: callable `(units, name) -> layer` that makes an unbuilt linear
            layer with an `affine`, or None: then nothing is projected.
        memory_units: int or None. Width to which keys and values are
            projected first; None: they are not.
        scale: float. Factor of the scores.
        with_context: bool. Whether the context is projected (`Q`).
        with_target: bool. Whether the embedded target is added to the query.
    """

    def __init__(
        self,
        project=None,
        memory_units=None,
        scale=1.0,
        with_context=False,
        with_target=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.project = project
        self.memory_units = memory_units
        self.scale = scale
        self.with_context = with_context
        self.with_target = with_target
        self.query = self.key = self.value = self.context = None

    def build(self, units, memory_sizes):
        """Makes the weights.

        Args:
            units: int. Width of queries and of projected contexts.
            memory_sizes: pair of the widths of keys and values.
        """
        key_size, value_size = memory_sizes
        if self.memory_units is not None:
            self.key = self._linear("key", key_size, self.memory_units)
            self.value = self._linear("value", value_size, self.memory_units)
            key_size = value_size = self.memory_units
        if self.project is not None:
            self.query = self._linear("query", units, key_size)
        if self.with_context:
            self.context = self._linear("context", value_size, units)

    def _linear(self, name, inputs, units):
        layer = self.project(units, name)
        layer.build((None, inputs))
        return layer

    def reader(self, memory, target):
        """Returns `look(h) -> (context, weights)` for many queries at once.

        Args:
            memory: mapping of `keys (B, S, A)`, `values (B, S, M)`, `valid`.
            target: tensor `(B, T, A)`, the embedded target.
        """
        keys, values = self._memory(memory)
        columns = ops.transpose(keys, (0, 2, 1)) * self.scale  # (B, A, S)
        query, context = _affine(self.query), _affine(self.context)
        seen = memory["valid"][:, None]

        def look(h):
            asked = query(h)
            if self.with_target:
                asked = asked + target
            weights = masked_softmax(product(asked, columns), seen)
            return context(weighted_sum(weights, values)), weights

        return look

    def fold(self, memory):
        """Keys and values with the projections of this layer in them.

        A search compares the same keys with the queries of every step: here
        the projections meet them once.

        Returns:
            mapping of `keys (B, units, S)`, `values (B, S, units)` and, where
            queries are projected, `scores (B, 1, S)`, which their bias adds.
        """
        keys, values = self._memory(memory)
        columns = ops.transpose(keys, (0, 2, 1)) * self.scale
        folded = {"keys": columns, "values": values}
        if self.query is not None:
            folded["keys"] = product(self.query.kernel(), columns)
            bias = self.query.read(self.query.bias)
            folded["scores"] = product(bias[None], columns)
        if self.context is not None:
            folded["values"] = product(values, self.context.kernel())
        return folded

    def stepper(self, folded, valid):
        """Returns `look(h, scores) -> (context, weights)` of a search.

        Args:
            folded: mapping, as `fold` gives it.
            valid: bool tensor `(B, S)`.

        Returns:
            function of the layer's outputs `(B, K, units)` and of the scores
            `(B, K, S)`, or 0, that the embedded target adds.
        """
        seen = valid[:, None]
        shared = folded.get("scores", 0.0)
        bias = 0.0
        if self.context is not None:
            bias = self.context.read(self.context.bias)

        def look(h, scores):
            scores = product(h, folded["keys"]) + shared + scores
            weights = masked_softmax(scores, seen)
            return weighted_sum(weights, folded["values"]) + bias, weights

        return look

    def _memory(self, memory):
        key, value = _affine(self.key), _affine(self.value)
        return key(memory["keys"]), value(memory["values"])


def _affine(layer):
    """A linear layer as a function; None changes nothing."""
    return (lambda x: x) if layer is None else layer.affine()
