import numpy as np
from keras import ops

from keras_seq2seq.search.coverage import (
    add_coverage,
    coverage_score,
    first_coverage,
)


def test_finished_hypotheses_see_no_more():
    coverage = ops.convert_to_tensor([[[0.5, 0.25], [0.5, 0.25]]])
    attention = ops.convert_to_tensor([[[0.25, 0.75], [0.25, 0.75]]])
    finished = ops.convert_to_tensor([[False, True]])
    found = add_coverage(coverage, attention, finished)
    assert ops.convert_to_numpy(found)[0].tolist() == [[0.75, 1.0], [0.5, 0.25]]


def test_hand_arithmetic_of_the_penalty():
    # 0.2 * (ln .5 + ln min(1.5, 1)) = 0.2 * ln .5
    coverage = ops.convert_to_tensor([[[0.5, 1.5]]])
    found = ops.convert_to_numpy(coverage_score(coverage, 0.2))
    np.testing.assert_allclose(found, [[0.2 * np.log(0.5)]], rtol=1e-6)


def test_padding_costs_nothing():
    words = first_coverage(ops.convert_to_tensor([[[0.5, 0.5]]]))
    padded = first_coverage(ops.convert_to_tensor([[[0.5, 0.5, 0.0, 0.0]]]))
    assert float(coverage_score(words, 1.0)[0, 0]) == float(
        coverage_score(padded, 1.0)[0, 0]
    )
