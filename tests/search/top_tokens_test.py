import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search.top_tokens import log_normaliser, top_k, top_tokens
from keras_seq2seq.tokens import END, PAD, START, UNKNOWN


@pytest.mark.parametrize("size", [9, 1280, 1301])
@pytest.mark.parametrize("decimals", [0, 6])
def test_top_k_equals_a_stable_sort(size, decimals):
    random = np.random.default_rng(size)
    values = random.normal(0, 2, (3, 2, size)).round(decimals).astype("float32")
    best, indices = map(ops.convert_to_numpy, top_k(values, 4))
    expected = np.argsort(-values, axis=-1, kind="stable")[..., :4]
    np.testing.assert_array_equal(
        best, np.take_along_axis(values, expected, axis=-1)
    )
    np.testing.assert_array_equal(
        best, np.take_along_axis(values, indices, axis=-1)
    )
    assert len(set(indices[0, 0])) == 4


@pytest.mark.parametrize("size", [9, 1301])
def test_top_k_of_bfloat16_is_told_in_float32(size):
    values = ops.cast(
        np.random.default_rng(size).normal(size=(2, 1, size)), "bfloat16"
    )
    best, indices = top_k(values, 4)
    expected, places = top_k(ops.cast(values, "float32"), 4)
    assert best.dtype == expected.dtype
    np.testing.assert_array_equal(best, expected)
    np.testing.assert_array_equal(indices, places)


@pytest.mark.parametrize("place", [0, 63, 64, 1279, 1280, 1300])
def test_top_k_finds_the_largest_wherever_it_is(place):
    values = np.zeros((1, 1, 1301), "float32")
    values[..., place] = 1.0
    assert int(ops.convert_to_numpy(top_k(values, 3)[1])[0, 0, 0]) == place


def test_log_normaliser_survives_large_logits():
    logits = ops.convert_to_tensor([[1000.0, 1000.0, -1000.0]])
    largest, place = ops.convert_to_tensor([[1000.0]]), np.array([[1]])
    found = log_normaliser(logits, largest, ops.convert_to_tensor(place))
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), [[1000.0 + np.log(2.0)]]
    )


@pytest.mark.parametrize("ban_unknown", [False, True])
def test_special_tokens_are_no_candidates_and_end_comes_first(ban_unknown):
    logits = np.array([[[9.0, 8.0, 7.0, -5.0, 1.0, 2.0, 3.0]]], "float32")
    ids, log_probs = top_tokens(
        ops.convert_to_tensor(logits), 2, ban_unknown=ban_unknown
    )
    ids, log_probs = map(ops.convert_to_numpy, (ids[0, 0], log_probs[0, 0]))
    real = dict(zip(ids[log_probs > -np.inf], log_probs, strict=False))
    assert ids[0] == END
    assert not {PAD, START} & real.keys()
    assert (UNKNOWN in real) != ban_unknown
    assert {6, 5} <= real.keys() or not ban_unknown
    # Probabilities stay the model's: divided by all, banned ones included.
    expected = -5.0 - np.log(np.exp(logits).sum())
    np.testing.assert_allclose(log_probs[0], expected, rtol=1e-6)
