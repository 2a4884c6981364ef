import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import TokenEmbedding
from tests.contracts import array, assert_close, check_layer

V, E = 7, 3
IDS = np.array([[1, 5, 1, 1], [2, 1, 5, 0]], np.int32)  # 1 and 5 repeat


def test_contract():
    check_layer(
        lambda **options: TokenEmbedding(V, E, **options),
        lambda layer: layer.build(),
        lambda layer: layer(IDS),
    )


def test_looks_rows_up():
    layer = TokenEmbedding(V, E)
    layer.build()
    assert_close(layer(IDS), np.asarray(layer.table)[IDS], 0)


def test_vectors_begin_uniform_within_init_scale():
    layer = TokenEmbedding(300, 9, init_scale=0.2)
    layer.build()
    assert 0.19 < np.abs(layer.table).max() <= 0.2


def test_the_gradient_is_dense_and_adds_up_repeated_tokens():
    layer = TokenEmbedding(V, E)
    layer.build()
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(IDS))
    gradient = tape.gradient(total, layer.table.value)
    assert isinstance(gradient, tf.Tensor)
    counts = np.bincount(IDS.ravel(), minlength=V)
    np.testing.assert_array_equal(gradient, np.tile(counts[:, None], (1, E)))


def test_in_bfloat16_a_token_s_gradient_grows_with_each_occurrence():
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = TokenEmbedding(V, E)
    layer.build()
    with tf.GradientTape() as tape:
        vectors = layer(np.full((50, 100), 3))
        loss = tf.reduce_sum(tf.cast(vectors, "float32")) / 128
    gradient = tape.gradient(loss, layer.table.value)
    assert vectors.dtype == "bfloat16"
    np.testing.assert_allclose(gradient[3], np.full(E, 5000 / 128), rtol=1e-3)


class OneHotProduct(keras.layers.Layer):
    """The same table as a plain product, whose gradient is surely dense."""

    def build(self, shape):
        self.table = self.add_weight(name="table", shape=(V, E))

    def call(self, ids):
        return keras.ops.one_hot(ids, V) @ self.table


def trained(layer, optimizer):
    """The table after three stock Keras steps."""
    model = keras.Sequential(
        [keras.Input((IDS.shape[1],), dtype="int32"), layer]
    )
    layer.set_weights([array(V, E)])
    model.compile(optimizer, loss="mse", run_eagerly=True)
    for _ in range(3):
        model.train_on_batch(IDS, array(*IDS.shape, E, seed=1))
    return layer.get_weights()


@pytest.mark.parametrize(
    "optimizer_class",
    [
        keras.optimizers.Adam,
        keras.optimizers.Adagrad,
        keras.optimizers.RMSprop,
    ],
)
def test_stock_training_equals_that_of_a_one_hot_product(optimizer_class):
    ours = trained(TokenEmbedding(V, E), optimizer_class(0.1))
    assert_close(ours, trained(OneHotProduct(), optimizer_class(0.1)))
    # The test would see the defect: Keras's own layer has it.
    theirs = trained(keras.layers.Embedding(V, E), optimizer_class(0.1))
    assert not np.allclose(ours, theirs, atol=1e-2)


def test_assigned_rows_replace_the_known_and_leave_the_others():
    layer = TokenEmbedding(V, E)
    layer.build()
    before = np.asarray(layer.table)
    rows = np.full((V, E), np.nan, "float32")
    rows[2], rows[5] = 7.0, 8.0
    assert layer.assign_rows(rows) == 2
    expected = before.copy()
    expected[2], expected[5] = 7.0, 8.0
    assert_close(layer.table, expected, 0)


def test_rows_of_another_shape_are_refused():
    layer = TokenEmbedding(V, E)
    layer.build()
    with pytest.raises(ValueError, match=r"\(7, 3\).*Received: \(7, 4\)"):
        layer.assign_rows(np.zeros((V, 4)))


@pytest.mark.parametrize("sizes", [(0, E), (V, 0)])
def test_sizes_must_be_positive(sizes):
    with pytest.raises(ValueError, match="must be positive. Received"):
        TokenEmbedding(*sizes)
