import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import LengthPenalty


@pytest.mark.parametrize(
    ("weight", "goldens"),
    [
        (0.6, {0: 0.89638, 1: 1.0, 2: 1.09690, 3: 1.18840}),
        (1.0, {0: 0.8333, 10: 2.5}),
        (0.0, {0: 1.0, 7: 1.0}),
    ],
)
def test_goldens(weight, goldens):
    found = LengthPenalty(weight)(ops.convert_to_tensor([*goldens]))
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), [*goldens.values()], atol=4e-5
    )


def test_offset_zero_and_weight_one_give_the_mean():
    penalty = LengthPenalty(1.0, 0.0, count_end=True)
    np.testing.assert_allclose(ops.convert_to_numpy(penalty([1, 4])), [1, 4])


def test_empty_hypothesis_is_not_divided_by_zero():
    with pytest.raises(ValueError, match="count_end"):
        LengthPenalty(1.0, 0.0)
