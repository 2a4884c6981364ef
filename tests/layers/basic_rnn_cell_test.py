import numpy as np

from keras_seq2seq.layers import BasicRNNCell
from tests.contracts import array, assert_close, randomise

B, D, U = 2, 3, 5


def test_equals_hand_arithmetic():
    cell = BasicRNNCell(U)
    cell.build((None, D))
    randomise(cell)
    x, h = array(B, D), array(B, U, seed=1)
    output, (state,) = cell(x, [h])
    expected = np.tanh(
        x @ np.asarray(cell.kernel)
        + h @ np.asarray(cell.recurrent_kernel)
        + np.asarray(cell.bias)
    )
    assert_close((output, state), (expected, expected))
