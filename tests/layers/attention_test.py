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
    # Sockeye's forms.
    "mlp": (AdditiveAttention, {"units": A, "use_bias": False}),
    "plain_dot": (
        DotAttention,
        {"units": U, "use_bias": False, "project": "if_needed"},
    ),
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
        if name not in ("bilinear", "plain_dot"):
            query = dense(attention.query_projection, query)
        scores[b, k, s] = {
            "additive": lambda q, c: np.tanh(q + c) @ attention.vector.numpy(),
            "mlp": lambda q, c: np.tanh(q + c) @ attention.vector.numpy(),
            "plain_dot": lambda q, c: q @ c,
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
        ("mlp", D * A + U * A + A),
        ("plain_dot", D * U),
    ],
)
def test_parameter_counts(name, expected):
    assert built(name).count_params() == expected


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize(
    ("units", "projected"),
    [(D, ["query"]), (U, ["key"]), (A, ["query", "key"])],
)
def test_dot_products_project_where_widths_differ(units, projected, use_bias):
    attention = DotAttention(units, use_bias, project="if_needed")
    attention.build(U, D)
    sizes = {"query": U, "key": D}
    expected = sum((sizes[side] + use_bias) * units for side in projected)
    assert attention.count_params() == expected
    for side in sizes:
        layer = getattr(attention, f"{side}_projection")
        assert (layer is not None) == (side in projected)


def test_dot_products_of_equal_widths_have_no_weights():
    attention = DotAttention(U, project="if_needed")
    attention.build(U, U)
    assert attention.count_params() == 0


# Two real positions and one of padding, and what Sockeye's forms make of them
# by hand: sums of two terms.
THREE = np.float32([[[1, 0], [0, 1], [9, 9]]])
HALVES = np.float32([[[0.5, -0.5]]])
PLAIN = {"use_bias": False, "project": "if_needed"}


@pytest.mark.parametrize(
    ("attention", "weights", "expected"),
    [
        (DotAttention(2, **PLAIN), [], [0.7311, 0.2689]),
        (
            AdditiveAttention(2, use_bias=False),
            [[1, 1], np.eye(2), np.eye(2)],
            [0.3820, 0.6180],
        ),
        (BilinearAttention(), [np.diag([2, 1])], [0.8176, 0.1824]),
        (FixedAttention(), [], [0, 1]),
    ],
    ids=["dot", "mlp", "bilinear", "fixed"],
)
def test_golden_weights(attention, weights, expected):
    attention.build(2, 2)
    attention.set_weights([np.float32(each) for each in weights])
    valid = np.array([[True, True, False]])
    context, found = attention(HALVES, THREE, THREE, valid)
    np.testing.assert_allclose(found[0, 0], [*expected, 0], atol=5e-5)
    np.testing.assert_allclose(context[0, 0], expected, atol=5e-5)


def test_a_row_without_a_real_position_gets_no_weight(kind):
    attention = built(kind)
    valid = VALID.copy()
    valid[1] = False
    context, weights = attend(attention, valid=valid)
    assert (np.asarray(weights)[1] == 0).all()
    assert (np.asarray(context)[1] == 0).all()
    assert_close((context[0], weights[0]), [x[0] for x in attend(attention)])


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


def test_an_unknown_projection_is_refused():
    with pytest.raises(ValueError, match="Received: project='never'"):
        DotAttention(4, project="never")
