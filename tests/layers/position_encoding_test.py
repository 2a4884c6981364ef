import json

import numpy as np
import pytest

from keras_seq2seq.layers import PositionEncoding
from keras_seq2seq.layers.position_encoding import position_encodings
from tests.contracts import array, assert_close

B, L, D = 2, 3, 4
# From google/seq2seq, for three positions and four columns.
GOLDEN = np.array(
    [[0.65, 0.55, 0.45, 0.35], [0.5, 0.5, 0.5, 0.5], [0.35, 0.45, 0.55, 0.65]]
)


def test_encodings_are_those_of_end_to_end_memory_networks():
    assert_close(position_encodings(3, 4, num_positions=3), GOLDEN, 1e-6)
    first = position_encodings(100, 5, num_positions=100)[0]
    assert_close(first, np.array([0.8267, 0.6634, 0.5, 0.3366, 0.1733]), 1e-4)


def test_encodings_depend_on_how_many_positions_there_are():
    few, many = (position_encodings(L, D, n) for n in (3, 4))
    assert (np.asarray(few) != np.asarray(many))[[0, 2]].all()


def test_more_rows_continue_the_same_lines():
    rows = np.asarray(position_encodings(7, D, num_positions=3))
    assert_close(rows[:3], GOLDEN, 1e-6)
    assert_close(np.diff(rows, axis=0), np.tile(rows[1] - rows[0], (6, 1)))


def test_no_encoding_leaves_zero_to_one_up_to_one_more_position():
    rows = np.asarray(position_encodings(101, 9, num_positions=100))
    assert rows.min() > 0
    assert rows.max() < 1


@pytest.mark.parametrize(
    ("combiner", "combine"),
    [("multiply", np.multiply), ("add", np.add), (np.subtract, np.subtract)],
)
def test_encodings_are_combined_with_every_row(combiner, combine):
    inputs = array(B, L, D)
    found = PositionEncoding(3, combiner)(inputs)
    assert_close(found, combine(inputs, GOLDEN[None]), 1e-6)


def test_google_seq2seq_multiplied():
    inputs = array(B, L, D)
    assert_close(
        PositionEncoding(3)(inputs), PositionEncoding(3, "multiply")(inputs), 0
    )


def test_layer_has_no_weights_and_keeps_its_configuration():
    layer = PositionEncoding(3, "add")
    assert layer(array(B, L, D)).shape == (B, L, D)
    assert not layer.weights
    config = json.loads(json.dumps(layer.get_config()))
    assert PositionEncoding.from_config(config).get_config() == config


def test_bfloat16_stays_bfloat16():
    layer = PositionEncoding(3, dtype="mixed_bfloat16")
    found = layer(array(B, L, D))
    assert found.dtype == "bfloat16"
    assert_close(found, PositionEncoding(3)(array(B, L, D)), 0.02)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="Received: num_positions=0"):
        PositionEncoding(0)
    with pytest.raises(ValueError, match="'multiply', 'add'.*'concat'"):
        PositionEncoding(3, "concat")
