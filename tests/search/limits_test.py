import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import Limits


@pytest.mark.parametrize(
    "max_length", [7, np.array([3, 7]), ops.convert_to_tensor([7, 2])]
)
def test_longest_is_the_greatest(max_length):
    assert int(Limits(max_length).longest()) == 7


def test_end_is_allowed_after_the_minimum():
    limits = Limits(9, np.array([0, 2, 3]))
    allowed = ops.convert_to_numpy(limits.end_allowed(2))
    assert allowed[:, 0].tolist() == [True, True, False]
    assert Limits(9).end_allowed(0) is None


@pytest.mark.parametrize(
    "values", [(0,), (-1,), (2.5,), (True,), (5, -1), (5, 5), (5, 9)]
)
def test_impossible_limits_are_refused(values):
    with pytest.raises(ValueError, match="Received"):
        Limits(*values)
