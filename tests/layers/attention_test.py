"""What all attention layers promise."""

import keras
import numpy as np
import pytest

from keras_seq2seq.layers import (
    AdditiveAttention,
    BilinearAttention,
    DotAttention,
    FixedAttention,
    ScaledDotAttention,
)
from tests.contracts import array, assert_close, check_layer, randomise
from tests.numpy_layers import dense, softmax

B, K, S, U, D, M, A = 2, 3, 4, 5, 6, 7, 8
VALID = np.arange(S) < np.array([[4], [2]])
KINDS = {
    "additive": (AdditiveAttention, {"units": A}),
    "dot": (DotAttention, {"units": A}),
    "scaled_dot": (ScaledDotAttention, {"units": A}),
    "bilinear": (BilinearAttention, {}),
    "fixed": (FixedAttention, {}),
}
LEARNED = [name for name in KINDS if name != "fixed"]
QUERY, OUTPUTS = array(B, K, U, seed=1), array(B, S, D, seed=2)
VALUES = array(B, S, M, seed=3)


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request):
    return request.param


def built(name_or_kind):
    if isinstance(name_or_kind, str):
        name_or_kind = KINDS[name_or_kind]
    attention_class, options = name_or_kind
    attention = attention_class(**options)
    attention.build(U, D)
    return randomise(attention)


def attend(attention, query=QUERY, outputs=OUTPUTS, values=VALUES, valid=VALID):
    return attention(query, outputs, values, valid)


def test_contract(kind):
    if kind[0] is FixedAttention:
        config = FixedAttention(name="last").get_config()
        assert FixedAttention.from_config(config).name == "last"
        return
    if kind[0] is BilinearAttention:
        tolerance = 0.3  # scores of this size sharpen rounding
    else:
        tolerance = 0.2
    check_layer(
        lambda **options: kind[0](**kind[1], **options),
        lambda attention: attention.build(U, D),
        lambda attention: attend(attention, 0.3 * QUERY, 0.3 * OUTPUTS),
        tolerance,
    )


def test_rows_sum_to_one_and_padding_gets_exactly_zero(kind):
    _, weights = attend(built(kind))
    weights = np.asarray(weights)
    assert weights.shape == (B, K, S)
    assert (weights[1, :, 2:] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-6)


def test_padding_is_never_seen(kind):
    attention = built(kind)
    before = attend(attention)
    outputs, values = OUTPUTS.copy(), VALUES.copy()
    outputs[~VALID], values[~VALID] = 100.0, 100.0
    assert_close(attend(attention, outputs=outputs, values=values), before)


def test_the_context_is_the_weighted_sum_of_values(kind):
    context, weights = attend(built(kind))
    assert_close(context, np.einsum("bks,bsm->bkm", weights, VALUES))


def test_queries_do_not_see_each_other(kind):
    attention = built(kind)
    context, weights = attend(attention)
    for k in range(K):
        alone = attend(attention, query=QUERY[:, k : k + 1])
        assert_close(alone, (context[:, k : k + 1], weights[:, k : k + 1]))


def by_hand(attention, name):
    """Scores `(B, K, S)`, one sum at a time."""
    scores = np.empty((B, K, S))
    for b, k, s in np.ndindex(B, K, S):
        query, key = QUERY[b, k], dense(attention.key_projection, OUTPUTS[b, s])
        if name != "bilinear":
            query = dense(attention.query_projection, query)
        scores[b, k, s] = {
            "additive": lambda q, c: np.tanh(q + c) @ attention.vector.numpy(),
            "dot": lambda q, c: q @ c,
            "scaled_dot": lambda q, c: q @ c / np.sqrt(A),
            "bilinear": lambda q, c: q @ c,
        }[name](query, key)
    return scores


@pytest.mark.parametrize("name", LEARNED)
def test_scores_by_hand(name):
    attention = built(name)
    expected = softmax(by_hand(attention, name), VALID[:, None])
    assert_close(attend(attention)[1], expected)


@pytest.mark.parametrize("name", LEARNED)
def test_keys_are_projected_once_for_all_queries(name):
    attention = built(name)
    keys = attention.project_keys(OUTPUTS)
    weigh = attention.weigher(keys, VALID)
    _, expected = attend(attention)
    # From here on nothing but the keys can tell what the outputs were.
    attention.key_projection.kernel.assign(attention.key_projection.kernel * 0)
    assert_close(weigh(QUERY), expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("additive", D * A + A + U * A + A + A),
        ("dot", D * A + A + U * A + A),
        ("bilinear", D * U),
        ("fixed", 0),
    ],
)
def test_parameter_counts(name, expected):
    assert built(name).count_params() == expected


def test_fixed_attention_looks_at_the_last_real_position():
    context, weights = attend(built("fixed"))
    expected = np.repeat([[[0, 0, 0, 1]], [[0, 1, 0, 0]]], K, axis=1)
    np.testing.assert_array_equal(weights, expected)
    assert_close(context[:, 0], np.stack([VALUES[0, 3], VALUES[1, 1]]))


def test_weights_are_float32_in_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    context, weights = attend(built("additive"))
    assert (context.dtype, weights.dtype) == ("bfloat16", "float32")


def test_units_must_be_positive():
    with pytest.raises(ValueError, match="Received: units=0"):
        AdditiveAttention(0)
