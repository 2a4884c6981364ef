import numpy as np
from keras import ops

from keras_seq2seq.search.trace_back import read_path, trace_back

WORDS = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], "int32")[:, None]
PARENTS = np.array([[0, 0, 0], [0, 1, 1], [2, 1, 2]], "int32")[:, None]


def follow(last_steps, last_slots):
    steps = ops.convert_to_tensor([last_steps], dtype="int32")
    slots = ops.convert_to_tensor([last_slots], dtype="int32")
    visited = trace_back(ops.convert_to_tensor(PARENTS), steps, slots)
    path = read_path(ops.convert_to_tensor(WORDS), visited, steps)
    return ops.convert_to_numpy(path)[0].tolist()


def test_gather_tree_golden():
    found = np.array(follow([2, 2, 2], [0, 1, 2])).T
    assert found.tolist() == [[2, 2, 2], [6, 5, 6], [7, 8, 9]]


def test_hypotheses_may_end_at_different_steps():
    assert follow([0, 1, 2], [2, 2, 1]) == [[3, 0, 0], [2, 6, 0], [2, 5, 8]]


def test_empty_hypothesis_is_all_padding():
    assert follow([-1, -1], [0, 0]) == [[0, 0, 0], [0, 0, 0]]
