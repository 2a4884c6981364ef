import numpy as np

from keras_seq2seq.layers.gated_linear_unit import (
    ACTIVATIONS,
    features_in,
    gated_linear_unit,
)
from tests.contracts import assert_close


def test_values_are_gated_by_the_other_half():
    x = np.array([[1.5, 2.0, 0.0, -1.0]], "float32")
    assert_close(gated_linear_unit(x), np.array([[0.75, 0.5379]]), 1e-4)


def test_the_five_activations():
    x = np.array([[0.0, 1.0]], "float32")
    plain = {
        "relu": [[0.0, 1.0]],
        "softrelu": [[0.6931, 1.3133]],
        "sigmoid": [[0.5, 0.7311]],
        "tanh": [[0.0, 0.7616]],
    }
    assert set(ACTIVATIONS) == {"glu", *plain}
    for name, expected in plain.items():
        assert_close(ACTIVATIONS[name](x), np.array(expected), 1e-4)
        assert features_in(name, 3) == 3
    assert features_in("glu", 3) == 6
