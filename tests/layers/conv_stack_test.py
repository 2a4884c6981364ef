import numpy as np
import pytest

from keras_seq2seq.layers.conv_stack import ConvStack
from tests.contracts import array, assert_close, randomise

B, L, E = 2, 6, 5


def built(*arguments, **options):
    stack = ConvStack(*arguments, **options)
    stack.build((None, None, E))
    return stack


def run(stack, x):
    return stack.runner()(x, lambda i, x: stack.convolve(i, x, False))


@pytest.mark.parametrize("variant", ["convs2s", "sockeye"])
def test_outputs_by_hand(variant):
    stack = randomise(built([(4, 3), (4, 1), (4, 3, 2)], variant=variant))
    x, scale = array(B, L, E), 0.5**0.5 if variant == "convs2s" else 1.0
    outputs = [np.asarray(stack.enter(x))]
    for layer, offset in zip(stack.convolutions, (1, 1, 2), strict=True):
        value, gate = np.split(np.asarray(layer(outputs[-1])), 2, axis=-1)
        gated = value / (1 + np.exp(-gate))
        outputs.append((gated + outputs[-offset]) * scale)
    assert_close(run(stack, x), outputs[-1])


def test_an_offset_of_zero_adds_nothing_and_scales_nothing():
    stack = randomise(built([(4, 1, 0)], activation="tanh"))
    x = array(B, L, E)
    assert_close(run(stack, x), np.tanh(stack.convolutions[0](stack.enter(x))))


def test_linear_layers_stand_where_widths_differ_only():
    stack = built([(4, 3), (6, 3), (6, 3), (4, 1, 3), (4, 1, 0)])
    assert [each is not None for each in stack.resizes] == [
        False,
        True,
        False,
        False,  # as wide as the first layer's output
        False,
    ]


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_initial_values_are_those_of_the_paper(dropout):
    stack = built([(90, 3), (80, 5)], dropout=dropout)
    kept = 1 - dropout
    for layer, variance in (
        (stack.enter, kept / E),
        (stack.convolutions[0], 4 * kept / (3 * 90)),
        (stack.convolutions[1], 4 * kept / (5 * 90)),
        (stack.resizes[1], 1 / 90),
    ):
        kernel = np.asarray(layer.direction)
        error = 4 / np.sqrt(2 * kernel.size)  # four deviations of a deviation
        assert abs(kernel.std() / variance**0.5 - 1) < error
        assert (np.asarray(layer.bias) == 0).all()


def test_sockeyes_values_begin_as_xavier_says():
    stack = built([(90, 3)], variant="sockeye")
    for layer, inputs in ((stack.enter, E), (stack.convolutions[0], 270)):
        bound = np.sqrt(2.34 / inputs)
        assert 0.98 * bound < np.abs(layer.direction).max() <= bound
    assert not stack.enter.use_bias
    assert not hasattr(stack.enter, "norm")


def test_variances_are_preserved():
    """Dropout included, for inputs as small as token vectors begin."""
    stack = ConvStack([(64, 3)] * 10, dropout=0.2, seed=1)
    stack.build((None, None, 64))
    deviations = []

    def convolve(index, x):
        deviations.append(np.std(x))
        return stack.convolve(index, x, training=True)

    stack.runner()(array(8, 30, 64, scale=0.14), convolve)
    assert 0.7 < deviations[0] / 0.14 < 1.3
    # Without the factor of 4, it would fall to a tenth.
    assert 0.7 < deviations[-1] / deviations[0] < 1.4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"layers": []}, "Received: none"),
        ({"layers": [(4,)]}, r"Received: \(4,\)"),
        ({"layers": [(4, 0)]}, r"Received: \(4, 0\)"),
        ({"layers": [(4, 3), (4, 3, 3)]}, "layer 2 .*Received: 3"),
        ({"variant": "fairseq"}, "Received: 'fairseq'"),
        ({"activation": "gelu"}, "'softrelu'.*Received: 'gelu'"),
        ({"dropout": 1.0}, r"\[0, 1\). Received: dropout=1.0"),
        (
            {"layers": [(4, 3), (5, 3)], "variant": "sockeye"},
            r"widths \[4, 5\]",
        ),
        ({"layers": [(4, 2)], "variant": "sockeye"}, "odd. Received: 2"),
    ],
)
def test_wrong_arguments_are_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        ConvStack(**arguments)


def test_even_windows_are_well_where_nothing_is_centred():
    ConvStack([(4, 2)], causal=True, variant="sockeye")
