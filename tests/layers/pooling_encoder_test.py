import keras
import numpy as np
import pytest

from keras_seq2seq.layers import PoolingEncoder
from tests.contracts import array, assert_close

# One row of one feature; what stands at its windows is done by hand.
ROW = [3.0, 9.0, 6.0, -3.0, 12.0, 0.0, 15.0]
POOLINGS = {"average": np.mean, "max": np.max}


def windows(row, **options):
    """Outputs `(S,)` and final state for a row, padded by two positions."""
    count = len(row)
    inputs = np.full((1, count + 2, 1), 99.0, "float32")
    inputs[0, :count, 0] = row
    valid = np.arange(count + 2)[None] < count
    encoder = PoolingEncoder(num_positions=None, dropout=0.0, **options)
    encoder.build((None, None, 1))
    encoded = encoder(inputs, valid=valid)
    ((state,),) = encoded.final_state
    return np.asarray(encoded.outputs)[0, :count, 0], float(state[0, 0])


def same_padding(row, size, strides, pool):
    """One number per window, as TensorFlow's `SAME` places windows."""
    count = -(-len(row) // strides)
    span = (count - 1) * strides + size
    before = max(span - len(row), 0) // 2
    starts = [i * strides - before for i in range(count)]
    return [pool(row[max(i, 0) : i + size]) for i in starts]


def test_an_average_is_over_the_real_positions_of_a_window():
    found, state = windows(ROW, pool_size=3)
    by_hand = [6.0, 6.0, 4.0, 5.0, 3.0, 9.0, 7.5]
    assert_close(found, np.array(by_hand))
    assert state == pytest.approx(np.mean(by_hand))


def test_a_maximum_is_of_the_real_positions_of_a_window():
    found, _ = windows([-3.0, -9.0, -6.0], pool_size=3, pooling="max")
    assert_close(found, np.array([-3.0, -3.0, -6.0]), 0)


def test_with_strides_a_window_serves_as_many_tokens():
    # Windows of 3 at each second token: (3 9) (9 6 -3) (-3 12 0) (0 15).
    found, state = windows(ROW, pool_size=3, strides=2)
    by_hand = [6.0, 4.0, 3.0, 7.5]
    assert_close(found, np.repeat(by_hand, 2)[:7])
    assert state == pytest.approx(np.mean(by_hand))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("strides", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_windows_stand_where_tensorflow_placed_them(pooling, strides, size):
    for count in (1, 2, 6, 7):
        row = ROW[:count]
        expected = same_padding(row, size, strides, POOLINGS[pooling])
        found, state = windows(
            row, pool_size=size, strides=strides, pooling=pooling
        )
        assert_close(found, np.repeat(expected, strides)[:count])
        assert state == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_full_windows_equal_those_of_keras(pooling):
    inputs, valid = array(2, 7, 3), np.ones((2, 7), bool)
    encoder = PoolingEncoder(4, 1, pooling, num_positions=None, dropout=0.0)
    encoder.build((None, None, 3))
    layer = {
        "average": keras.layers.AveragePooling1D,
        "max": keras.layers.MaxPooling1D,
    }[pooling](4, strides=1, padding="same")
    encoded = encoder(inputs, valid=valid)
    assert_close(encoded.outputs, layer(inputs), 1e-6)
    assert_close(encoded.attention_values, inputs, 0)


def test_a_window_of_one_token_is_the_token():
    found, _ = windows(ROW, pool_size=1)
    assert_close(found, np.array(ROW), 0)


def test_a_pooling_of_the_users_own_is_called():
    def last(inputs, valid, size):
        assert size == 5
        return inputs - 1

    found, _ = windows(ROW, pooling=last)
    assert_close(found, np.array(ROW) - 1, 0)


@pytest.mark.parametrize(
    "options", [{"pool_size": 0}, {"strides": 0}, {"pooling": "median"}]
)
def test_wrong_arguments_are_refused(options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name}.*Received.*{value}"):
        PoolingEncoder(**options)


def test_original_shapes():
    encoder = PoolingEncoder()
    encoder.build((None, None, 10))
    encoded = encoder(array(4, 16, 10), valid=np.ones((4, 16), bool))
    ((state,),) = encoded.final_state
    assert encoded.outputs.shape == (4, 16, 10)
    assert encoded.attention_values.shape == (4, 16, 10)
    assert state.shape == (4, 10)
