"""The training and the test step on TensorFlow.

Stock Keras divides a loss by padding too, averages the means of replicas,
clips before replicas are added up, and squares the unmerged rows of sparse
gradients. Here the loss is the sum over real target tokens of all replicas
divided by their number, and everything else follows from its true gradient.
"""

import functools
import math
import re
from typing import NamedTuple

import keras
import tensorflow as tf

from keras_seq2seq.distribution import (
    ManyWorkersStep,
    has_bfloat16,
    replicated,
)
from keras_seq2seq.metrics.perplexity import Perplexity
from keras_seq2seq.optimizers.adam import Adam
from keras_seq2seq.tokens import PAD

# In bfloat16 tokens are projected in multiples of so many: for every number of
# rows TensorFlow makes, and keeps, a product of its own, 0.4 MiB.
TOGETHER = 16
NOT_FINITE = "The loss or its gradient is not a finite number"


class TokenStep(ManyWorkersStep):
    """Adds `compile`, `train_step` and `test_step` to a model.

    The model gives `encode`, `features`, `to_logits`, `label_smoothing`,
    `loss_normalization`, `clip_norm`, `clip_embedding_norm` and `batch_shards`.
    With a loss of the user's own, Keras's steps and meanings apply.
    """

    def compile(self, optimizer=None, loss=None, **options):
        """Prepares for training; without arguments as google/seq2seq did.

        Args:
            optimizer: as Keras takes it. Default: Adam, learning rate 1e-4,
                epsilon 1e-8.
            loss: None for the token-weighted loss described above, or any
                loss that Keras takes, with Keras's meaning.
            **options: as Keras takes them, metrics only with a loss.
                `jit_compile` is off unless asked for, so that every machine
                behaves the same.

        Raises:
            ValueError: metrics without a loss, or the own loss in float16,
                whose gradients would have to be scaled up.
        """
        for name in ("metrics", "weighted_metrics"):
            if loss is None and options.get(name):
                raise ValueError(
                    f"`{name}` need a `loss` too: the own loss makes no logits "
                    "for them and logs perplexity and accuracy by itself. "
                    f"Received: {name}={options[name]}"
                )
        optimizer = keras.optimizers.get(optimizer or Adam(1e-4, epsilon=1e-8))
        if loss is None:
            _check_precision(self.dtype_policy, optimizer)
        super().compile(
            optimizer=optimizer,
            loss=loss,
            **{"jit_compile": False, **options},
        )
        self._own_loss = loss is None
        # Traced once for all shards, anew with what a new step is made of.
        self._shard_graph = self.as_graph(self._shard_sums)

    def add_token_metrics(self):
        """Makes the metrics of the own loss, before the model is built."""
        self._own_loss = True
        self.token_metrics = [
            keras.metrics.Mean(name="loss"),
            Perplexity(name="perplexity"),
            keras.metrics.Mean(name="accuracy"),
            keras.metrics.Mean(name="gradient_norm"),
            keras.metrics.Sum(name="tokens"),
        ]

    @property
    def metrics(self):
        if self._own_loss:
            return list(self.token_metrics)
        own = {id(metric) for metric in self.token_metrics}
        return [each for each in super().metrics if id(each) not in own]

    def get_metrics_result(self):
        """Results by name; an evaluation has no gradient to report."""
        results = super().get_metrics_result()
        # A tensor, because a mirrored variable is no number.
        count = tf.convert_to_tensor(self.token_metrics[3].count.value)
        if self._own_loss and not float(count):
            del results["gradient_norm"]
        return results

    def train_step(self, data):
        if not self._own_loss:
            return super().train_step(data)
        inputs, labels, weights = unpack(data)
        context = tf.distribute.get_replica_context()
        replicas = context.num_replicas_in_sync
        with tf.GradientTape() as tape:
            sums = self._token_sums(inputs, labels, weights, training=True)
            by_tokens = self.loss_normalization == "tokens"
            share = sums.count if by_tokens else sums.rows
            total = _over_replicas(context, share)
            loss = tf.math.divide_no_nan(sums.loss, total)
        variables = self.trainable_variables
        gradients = tape.gradient(
            loss,
            [v.value for v in variables],
            # What a decoder without attention leaves unused stays as it is.
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        gradients = [tf.convert_to_tensor(each) for each in gradients]
        gradients = _over_replicas(context, gradients)
        gradients, norm = self._clip(gradients, variables, loss)
        # The optimizer adds up what replicas bring, which is the sum already.
        if replicas > 1:
            gradients = [each / replicas for each in gradients]
        self.optimizer.apply(gradients, variables)
        return self._update_metrics(sums, norm)

    def test_step(self, data):
        if not self._own_loss:
            return super().test_step(data)
        sums = self._token_sums(*unpack(data), training=False)
        return self._update_metrics(sums)

    def _token_sums(self, inputs, labels, weights, training):
        """Sums over this replica's real target tokens.

        No shard of the batch waits for another, so that TensorFlow runs them
        side by side.
        """
        data, count = (inputs, labels, weights), self.batch_shards
        if count == 1:
            return self._shard_sums(*data, training)
        shard_sums = self._shard_graph
        if tf.distribute.has_strategy():  # each replica has its own variables
            shard_sums = self._shard_sums
        shards = [shard_sums(*each, training) for each in cut(data, count)]
        return TokenSums(*map(tf.add_n, zip(*shards, strict=True)))

    def _shard_sums(self, inputs, labels, weights, training):
        """Sums over the real target tokens of one shard."""
        memory, carry = self.encode(inputs, training)
        features = self.features(inputs["target"], memory, carry, training)
        real = tf.where(weights > 0)  # (N, 2): padding is never projected
        filled = tf.reduce_any(weights > 0, axis=1)
        rows = tf.reduce_sum(tf.cast(filled, tf.float32))
        count = tf.cast(tf.shape(real)[0], tf.float32)
        weights = tf.gather_nd(weights, real)
        if self.compute_dtype == "bfloat16" and not self.jit_compile:
            real, weights = filled_up(real, weights)
        logits = self.to_logits(tf.gather_nd(features, real))  # (N, V)
        labels = tf.gather_nd(labels, real)
        smoothing = self.label_smoothing if training else 0.0
        loss, nats, right = cross_entropy(logits, labels, smoothing)
        return TokenSums(
            loss=tf.reduce_sum(loss * weights),
            nats=tf.reduce_sum(nats * weights),
            correct=tf.reduce_sum(tf.cast(right & (weights > 0), tf.float32)),
            count=count,
            rows=rows,
        )

    def _clip(self, gradients, variables, loss):
        """Clipped gradients and the norm that they had before.

        A norm that is not finite ends the step here, before any weight has
        changed; `step_norms` reads what it tells.
        """
        halves = tf.stack([tf.nn.l2_loss(each) for each in gradients])
        norm = tf.sqrt(2.0 * tf.reduce_sum(halves))
        told = [NOT_FINITE, loss, halves]
        check = tf.debugging.Assert(
            tf.math.is_finite(norm), told, summarize=len(gradients)
        )
        with tf.control_dependencies([check]):
            gradients = [tf.identity(each) for each in gradients]
        if self.clip_norm:
            gradients = _scaled_down(gradients, self.clip_norm, norm)
        if self.clip_embedding_norm:
            embeddings = (self.embed_source, self.embed_target)
            tables = {id(each.table) for each in embeddings if each is not None}
            gradients = [
                tf.clip_by_norm(gradient, self.clip_embedding_norm)
                if id(variable) in tables
                else gradient
                for gradient, variable in zip(gradients, variables, strict=True)
            ]
        return gradients, norm

    def _update_metrics(self, sums, norm=None):
        """Updates this replica's share; Keras adds replicas up."""
        loss, perplexity, accuracy, gradient_norm, tokens = self.token_metrics

        def mean(total):
            return tf.math.divide_no_nan(total, sums.count)

        loss.update_state(mean(sums.loss), sample_weight=sums.count)
        perplexity.update_state(mean(sums.nats), sample_weight=sums.count)
        accuracy.update_state(mean(sums.correct), sample_weight=sums.count)
        tokens.update_state(sums.count)
        results = {m.name: m.result() for m in self.token_metrics}
        if norm is None:
            del results["gradient_norm"]
        else:
            gradient_norm.update_state(norm)
            results["gradient_norm"] = gradient_norm.result()
        return replicated(results)

    @property
    def fast_in_bfloat16(self):
        """Whether processors compute, which multiply bfloat16 numbers."""
        gpus = tf.config.list_physical_devices("GPU")
        return not gpus and has_bfloat16()

    def as_graph(self, function):
        """`function` as a graph that serves all lengths."""
        return tf.function(function, reduce_retracing=True, autograph=False)

    def trace(self, graph, *like):
        """Traces a graph before its first call, once for all sizes.

        A first call would trace it for its own sizes, a second for those
        that both have in common, a third for what is left.

        Args:
            graph: what `as_graph` returned.
            *like: nests of `keras.KerasTensor` or None, as the graph will be
                called; None in a shape stands for any size.

        Returns:
            the same of what the graph returns; None where graphs are not
            traced, as under `tf.config.run_functions_eagerly`.
        """
        if tf.config.functions_run_eagerly():
            return None

        def spec(tensor):
            return tf.TensorSpec(tensor.shape, tensor.dtype)

        def symbolic(tensor):
            return keras.KerasTensor(tensor.shape, tensor.dtype.name)

        each = functools.partial(keras.tree.map_structure, none_is_leaf=False)
        traced = graph.get_concrete_function(*each(spec, like))
        return each(symbolic, traced.structured_outputs)


class TokenSums(NamedTuple):
    """Sums over the real target tokens of one batch, float32 scalars.

    `loss` and `nats` differ by label smoothing; `correct` counts the tokens
    that are their own argmax, `rows` the rows that have any.
    """

    loss: tf.Tensor
    nats: tf.Tensor
    correct: tf.Tensor
    count: tf.Tensor
    rows: tf.Tensor


class StepNorms(NamedTuple):
    """What is known about a step that was not made.

    Attributes:
        loss: float. This replica's share of the mean loss.
        gradients: list of float. Norm of each trainable variable's gradient.
    """

    loss: float
    gradients: list

    @property
    def norm(self):
        """Norm of all gradients together."""
        return math.hypot(*self.gradients)


def step_norms(error):
    """Reads the error with which a step ends whose loss is no number.

    Args:
        error: `tf.errors.InvalidArgumentError`.

    Returns:
        `StepNorms`, or None for any other error.
    """
    found = re.search(
        rf"\[{NOT_FINITE}\]\s*\[(\S+)\]\s*\[([^\]]*)\]", str(error)
    )
    if found is None:
        return None
    halves = [float(each) for each in found[2].split()]
    return StepNorms(float(found[1]), [math.sqrt(2 * x) for x in halves])


def unpack(data):
    """Inputs, labels and float32 weights `(B, T)`, 0 at padding.

    Given weights may be per token `(B, T)` or per row `(B,)`.
    """
    inputs, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    real = tf.cast(tf.not_equal(labels, PAD), tf.float32)
    if weights is None:
        return inputs, labels, real
    weights = tf.cast(weights, tf.float32)
    if weights.shape.rank == 1:
        weights = weights[:, None]
    return inputs, labels, real * weights


def cut(batch, count):
    """A batch in `count` parts of like length, none of them empty.

    Args:
        batch: nest of tensors `(B, ...)`.
        count: int.

    Returns:
        list of nests; the rows that a batch of fewer lacks are padding.
    """

    def filled(x):
        lacking = tf.maximum(count - tf.shape(x)[0], 0)
        return tf.pad(x, [[0, lacking], *[[0, 0]] * (x.shape.rank - 1)])

    batch = tf.nest.map_structure(filled, batch)
    return [
        tf.nest.map_structure(lambda x, i=i: x[i::count], batch)
        for i in range(count)
    ]


def filled_up(positions, weights):
    """Adds the first position without weight, to a multiple of `TOGETHER`.

    Args:
        positions: int64 tensor `(N, 2)`.
        weights: float32 tensor `(N,)`.
    """
    lacking = -tf.shape(weights)[0] % TOGETHER
    more = tf.repeat(positions[:1], lacking, axis=0)
    positions = tf.concat([positions, more], axis=0)
    return positions, tf.pad(weights, [[0, lacking]])


def cross_entropy(logits, labels, smoothing=0.0):
    """Cross-entropies of logits against labels.

    Faster than TensorFlow's own: one softmax forward, one product backward.

    Args:
        logits: float32 tensor `(N, V)`.
        labels: int tensor `(N,)`.
        smoothing: float in [0, 1). Share of the target probability that is
            spread evenly over all V entries.

    Returns:
        the smoothed loss `(N,)`, the plain nats `(N,)` and where the label is
        the likeliest entry, bool `(N,)`; only the loss is differentiable.

    Source:
        [Szegedy et al., 2016](https://arxiv.org/abs/1512.00567), section 7.
    """

    @tf.custom_gradient
    def compare(logits):
        probabilities = tf.nn.softmax(logits)
        best = tf.reduce_max(logits, axis=-1)
        chosen = tf.gather(logits, labels, batch_dims=1)
        # log(sum(exp(logits))), from the largest entry, which is never tiny.
        total = best - tf.math.log(tf.reduce_max(probabilities, axis=-1))
        nats = total - chosen
        loss = nats
        if smoothing:
            mean = tf.reduce_mean(logits, axis=-1)
            loss = nats + smoothing * (chosen - mean)

        def gradient(upstream, *_):
            entries = tf.shape(logits)
            rows = tf.stack(
                [tf.range(entries[0]), tf.cast(labels, tf.int32)], 1
            )
            spread = smoothing / tf.cast(entries[1], tf.float32)
            # The product first: the scatter then writes into its buffer.
            return tf.tensor_scatter_nd_sub(
                (probabilities - spread if smoothing else probabilities)
                * upstream[:, None],
                rows,
                (1.0 - smoothing) * upstream,
            )

        return (loss, nats, chosen >= best), gradient

    return compare(logits)


def _check_precision(policy, optimizer):
    """Refuses float16, in which small gradients are zero unless scaled up."""
    scaling = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if scaling or policy.compute_dtype == "float16":
        raise ValueError(
            "The own loss is not scaled as float16 needs it: make the model "
            'under the policy "mixed_bfloat16", which needs no '
            "`LossScaleOptimizer`, or give a `loss` of Keras. Received: policy "
            f"{policy.name!r}, optimizer {type(optimizer).__name__}"
        )


def _over_replicas(context, values):
    if context.num_replicas_in_sync == 1:
        return values
    return context.all_reduce("sum", values)


def _scaled_down(gradients, clip_norm, norm):
    """Gradients of at most `clip_norm`, untouched where they are already."""
    return tf.cond(
        norm > clip_norm,
        lambda: [each * (clip_norm / norm) for each in gradients],
        lambda: [tf.identity(each) for each in gradients],
    )
