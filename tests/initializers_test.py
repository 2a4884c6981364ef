import logging

import keras
import numpy as np
import pytest

from keras_seq2seq.checkpoint.variable_names import weight_names
from keras_seq2seq.initializers import WeightInitializer
from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    EncoderOutputBridge,
    GRUCell,
    HybridRNNEncoder,
    LSTMCell,
    RecurrentStack,
)
from keras_seq2seq.zoo import AttentionSeq2Seq

SOURCE, TARGET, E, U, A = 30, 40, 6, 8, 5


def make(cell=None):
    cell = cell or LSTMCell(U, forget_bias=0.0, peephole=True)
    return AttentionSeq2Seq(
        SOURCE,
        TARGET,
        E,
        encoder=HybridRNNEncoder(RecurrentStack(cell, num_layers=2)),
        bridge=EncoderOutputBridge(),
        attention=AdditiveAttention(A, use_bias=False),
        decoder=AttentionDecoder(RecurrentStack(cell, num_layers=2)),
        reverse_source=False,
    )


@pytest.fixture(scope="module")
def model():
    return make()


def values(model):
    return {n: np.asarray(w).copy() for n, w in weight_names(model).items()}


BOUNDS = [  # shape, name, and bounds for `in`, `out`, `avg`
    ((512, 512), "kernel", (0.0676, 0.0676, 0.0676)),
    ((1024, 4 * 1024), "kernel", (0.0478, 0.0239, 0.0302)),
    ((3, 512, 1024), "kernel", (0.0390, 0.0276, 0.0319)),
    ((5, 512, 1024), "kernel", (0.0302, 0.0214, 0.0247)),
    ((50_004, 512), "table", (0.0676, 0.0068, 0.0096)),
    ((1024, 50_004), "kernel", (0.0478, 0.0068, 0.0096)),
]


@pytest.mark.parametrize(("shape", "name", "bounds"), BOUNDS)
def test_bounds_are_those_of_mxnet(shape, name, bounds):
    found = [
        WeightInitializer(factor=factor).bound(shape, name)
        for factor in ("in", "out", "avg")
    ]
    np.testing.assert_allclose(found, bounds, atol=5e-5)


def test_keras_draws_layers_in_the_same_bounds():
    keras.utils.set_random_seed(1)
    scaling = keras.initializers.VarianceScaling
    for factor in ("in", "out", "avg"):
        theirs = scaling(2.34 / 3, f"fan_{factor}", "uniform")
        bound = WeightInitializer(factor=factor).bound((20, 5, 30))
        assert 0.99 * bound < np.abs(theirs((20, 5, 30))).max() <= bound


def test_weights_fill_their_bounds_and_no_more(model):
    initializer = WeightInitializer(factor="avg")
    initializer(model)
    for name, weight in values(model).items():
        leaf = name.rpartition("/")[2]
        if leaf in ("kernel", "table") and weight.size > 200:
            bound = initializer.bound(weight.shape, leaf)
            assert 0.9 * bound < np.abs(weight).max() <= bound, name
            assert abs(weight.mean()) < 0.2 * bound, name


def test_the_scoring_vector_counts_as_a_layer_with_one_output(model):
    vector = model.attention.vector
    assert WeightInitializer().bound((A,), "vector") == np.sqrt(2.34 / A)
    assert WeightInitializer(factor="out").bound((A,)) == np.sqrt(2.34)
    before = np.asarray(vector)
    WeightInitializer()(model)
    assert (np.asarray(vector) != before).all()


def test_biases_and_diagonals_stay_as_they_are(model):
    before = values(model)
    WeightInitializer(seed=2)(model)
    found = {True: set(), False: set()}
    for name, weight in values(model).items():
        drawn = not np.array_equal(weight, before[name])
        found[drawn].add(name.rpartition("/")[2])
    assert found[True] == {"kernel", "recurrent_kernel", "table", "vector"}
    assert found[False] == {"bias", "peepholes"}


def recurrent_kernels(model):
    named = values(model).items()
    return [w for name, w in named if name.endswith("recurrent_kernel")]


def test_recurrent_kernels_are_orthogonal_over_all_gates(model):
    WeightInitializer()(model)
    for kernel in recurrent_kernels(model):
        # (inputs, 4 * outputs), which MXNet stores transposed.
        expected = 1.414**2 * np.eye(len(kernel))
        np.testing.assert_allclose(kernel @ kernel.T, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "gates"), [(LSTMCell(U), 4), (GRUCell(U, reset_after=True), 3)]
)
def test_stacked_kernels_are_orthogonal_in_each_gate(cell, gates):
    model = make(cell)
    WeightInitializer(recurrent="orthogonal_stacked")(model)
    for kernel in recurrent_kernels(model):
        expected = 1.414**2 * np.eye(len(kernel))
        for block in np.split(kernel, gates, axis=1):
            np.testing.assert_allclose(block @ block.T, expected, atol=1e-5)


def test_kernels_of_a_projected_state_are_orthogonal():
    model = make(LSTMCell(U, projection=4))
    WeightInitializer(recurrent="orthogonal_stacked")(model)
    for kernel in recurrent_kernels(model):
        for block in np.split(kernel, 4, axis=1):
            rows, columns = block.shape
            assert columns == 2 * rows
            np.testing.assert_allclose(
                block @ block.T, 1.414**2 * np.eye(rows), atol=1e-5
            )


def test_recurrent_kernels_may_be_drawn_as_others(model):
    initializer = WeightInitializer(recurrent="default")
    initializer(model)
    for kernel in recurrent_kernels(model):
        bound = initializer.bound(kernel.shape)
        assert 0.9 * bound < np.abs(kernel).max() <= bound


def test_uniform_weights_have_one_range(model):
    WeightInitializer("uniform", 0.07)(model)
    for name, weight in values(model).items():
        if name.rpartition("/")[2] in ("kernel", "table"):
            assert 0.04 < np.abs(weight).max() <= 0.07, name


def test_a_seed_decides_whatever_was_made_before():
    one, two = make(), make()
    for model, other in ((one, 1), (two, 2)):
        keras.utils.set_random_seed(other)
        WeightInitializer(seed=5)(model)
    for name, weight in values(one).items():
        if not name.endswith("peepholes"):
            np.testing.assert_array_equal(weight, values(two)[name], name)
    WeightInitializer(seed=6)(two)
    assert not np.array_equal(one.embed_source.table, two.embed_source.table)


def test_weights_of_one_shape_differ(model):
    WeightInitializer()(model)
    layers = model.bridge.projections
    assert not np.array_equal(layers[0].kernel, layers[1].kernel)


def test_frozen_weights_stay_as_they_are(model):
    table = model.embed_source.table
    before = np.asarray(table).copy()
    table.trainable = False
    WeightInitializer(seed=9)(model)
    table.trainable = True
    np.testing.assert_array_equal(table, before)


class Normalised(keras.layers.Layer):
    """A kernel, and its norms, as a layer with weight normalisation has."""

    def build(self, inputs_shape):
        self.kernel = self.add_weight(name="kernel", shape=(3, 4))
        self.norm = self.add_weight(name="norm", shape=(4,))

    def weights_drawn(self):
        self.norm.assign(np.linalg.norm(np.asarray(self.kernel), axis=0))


def test_a_layer_fits_what_follows_from_its_weights():
    layer = Normalised()
    layer.build(None)
    WeightInitializer()(layer)
    expected = np.linalg.norm(np.asarray(layer.kernel), axis=0)
    np.testing.assert_array_equal(layer.norm, expected)


def test_a_large_range_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING, "keras_seq2seq"):
        WeightInitializer("uniform")
        assert "2.34, which saturates" in caplog.text
        caplog.clear()
        WeightInitializer("uniform", 0.1)
        WeightInitializer("xavier")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "normal"}, "'uniform'.*Received: 'normal'"),
        ({"factor": "fan_in"}, "'avg'.*Received: 'fan_in'"),
        ({"recurrent": "identity"}, "Received: 'identity'"),
        ({"scale": 0.0}, "positive. Received: scale=0.0"),
        ({"scale": -1.0}, "positive. Received: scale=-1.0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        WeightInitializer(**options)
