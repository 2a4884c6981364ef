import keras
import numpy as np
import pytest

from keras_seq2seq.layers import WeightNormConv1D, WeightNormDense
from tests.contracts import array, assert_close, check_layer, randomise

B, L, N, UNITS = 2, 6, 5, 3


def dense(**options):
    layer = WeightNormDense(UNITS, **options)
    layer.build((None, N))
    return layer


def convolution(kernel_size=3, **options):
    layer = WeightNormConv1D(UNITS, kernel_size, **options)
    layer.build((None, None, N))
    return layer


@pytest.mark.parametrize(
    "make", [WeightNormDense, lambda n, **o: WeightNormConv1D(n, 4, **o)]
)
def test_contract(make):
    check_layer(
        lambda **options: make(UNITS, **options),
        lambda layer: layer.build((None, None, N)),
        lambda layer: layer(array(B, L, N)),
    )


@pytest.mark.parametrize("make", [dense, convolution])
def test_the_kernel_has_the_trained_norm_and_direction(make):
    layer = make()
    before = np.asarray(layer.direction)
    axes = tuple(range(before.ndim - 1))
    assert_close(layer.norm, np.sqrt((before**2).sum(axes)))  # as drawn
    assert_close(layer.kernel(), before)
    randomise(layer)
    kernel, direction = np.asarray(layer.kernel()), np.asarray(layer.direction)
    norms = np.sqrt((kernel**2).sum(axes))
    assert_close(norms, np.abs(layer.norm))
    assert_close(
        kernel / np.asarray(layer.norm),
        direction / np.sqrt((direction**2).sum(axes)),
    )


@pytest.mark.parametrize("make", [dense, convolution])
def test_a_kernel_drawn_anew_begins_with_its_own_norm(make):
    layer = make()
    drawn = array(*layer.direction.shape)
    layer.direction.assign(drawn)
    layer.weights_drawn()
    assert_close(layer.kernel(), drawn)


@pytest.mark.parametrize("make", [dense, convolution])
def test_in_bfloat16_a_call_norms_in_float32(make):
    keras.config.set_dtype_policy("mixed_bfloat16")
    layer = make()
    randomise(layer)
    with keras.src.backend.AutocastScope("bfloat16"):
        within = np.asarray(layer.kernel(), "float32")
    np.testing.assert_array_equal(within, np.asarray(layer.kernel(), "float32"))


def test_without_weight_norm_the_kernel_is_the_weight():
    layer = randomise(dense(weight_norm=False, use_bias=False))
    (kernel,) = layer.get_weights()
    x = array(B, N)
    assert_close(layer(x), x @ kernel)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4])
def test_outputs_by_hand(kernel_size, causal):
    layer = randomise(convolution(kernel_size, causal=causal))
    x = array(B, L, N)
    kernel = np.asarray(layer.kernel())
    before = kernel_size - 1 if causal else (kernel_size - 1) // 2
    expected = np.zeros((B, L, UNITS)) + np.asarray(layer.bias)
    for time in range(L):
        for tap in range(kernel_size):
            if 0 <= time - before + tap < L:
                expected[:, time] += x[:, time - before + tap] @ kernel[tap]
    assert_close(layer(x), expected)


@pytest.mark.parametrize(
    "make", [lambda: WeightNormDense(0), lambda: WeightNormConv1D(0, 3)]
)
def test_widths_must_be_positive(make):
    with pytest.raises(ValueError, match="Received: units=0"):
        make()


def test_windows_must_be_positive():
    with pytest.raises(ValueError, match="Received: kernel_size=0"):
        WeightNormConv1D(3, 0)
