import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search.beam_step import Beam, beam_step, freeze
from keras_seq2seq.search.length_penalty import LengthPenalty
from keras_seq2seq.tokens import END

# The goldens have 5 tokens with END first; ours has END at 3, words from 4, so
# golden token g is our g + 3, and ids below 3 are out of the question.
SHIFT = 3
GOLDENS = {
    "plain": (
        {(0, 2): 1.9, (0, 3): 2.1, (1, 3): 3.1, (1, 4): 0.9},
        ([2, 2, 2], [False, False, False]),
        ([3, 3, 2], [1, 0, 0], [3, 3, 3], [False, False, False]),
        [-1.31852, -1.88075, -2.08075],
        [-1.10949, -1.58259, -1.75088],
    ),
    "one finished": (
        {(0, 2): 1.1, (1, 2): 1.0, (2, 2): 1.0},
        ([2, 1, 2], [False, True, False]),
        ([0, 2, 2], [1, 0, 2], [1, 3, 3], [True, False, False]),
        [-1.09861, -1.94517, -2.00350],
        [-1.09861, -1.63680, -1.68588],
    ),
    "new END": (
        {(0, 0): 1.9, (0, 3): 2.1, (1, 3): 3.1, (1, 4): 0.9},
        ([2, 2, 2], [False, False, False]),
        ([3, 3, 0], [1, 0, 0], [3, 3, 2], [False, False, True]),
        [-1.31852, -1.88075, -2.08075],
        [-1.10949, -1.58259, -1.89693],
    ),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_step_goldens(name):
    changed, (lengths, finished), expected, log_probs, scores = GOLDENS[name]
    logits = np.full((1, 3, 5 + SHIFT), 1e-4, "float32")
    logits[..., :SHIFT] = -1e9
    for (row, token), value in changed.items():
        logits[0, row, token + SHIFT] = value
    beam = Beam(
        ops.full((1, 3), float(np.log(1 / 3))),
        ops.convert_to_tensor([lengths], dtype="int32"),
        ops.convert_to_tensor([finished]),
    )
    outcome = beam_step(
        ops.convert_to_tensor(logits), beam, 3, LengthPenalty(0.6)
    )
    got = (
        outcome.words - SHIFT,
        outcome.parents,
        outcome.beam.lengths,
        outcome.beam.finished,
    )
    for tensor, values in zip(got, expected, strict=True):
        assert ops.convert_to_numpy(tensor)[0].tolist() == values
    for tensor, values in (
        (outcome.beam.log_probs, log_probs),
        (outcome.scores, scores),
    ):
        np.testing.assert_allclose(
            ops.convert_to_numpy(tensor)[0], values, atol=1e-5
        )


def test_finished_rows_have_only_end_left_and_it_is_free():
    log_probs = ops.convert_to_tensor(
        [[[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]]]
    )
    frozen = freeze(log_probs, ops.convert_to_tensor([[True, False]]))
    assert ops.convert_to_numpy(frozen)[0].tolist() == [
        [0.0, -np.inf, -np.inf],
        [-4.0, -5.0, -6.0],
    ]


def test_end_is_not_chosen_before_it_is_allowed():
    logits = np.zeros((2, 1, 6), "float32")
    logits[..., END] = 9.0
    beam = Beam(
        ops.zeros((2, 1)),
        ops.zeros((2, 1), dtype="int32"),
        ops.zeros((2, 1), dtype="bool"),
    )
    outcome = beam_step(
        ops.convert_to_tensor(logits),
        beam,
        2,
        LengthPenalty(),
        end_allowed=ops.convert_to_tensor([[True], [False]]),
    )
    words = ops.convert_to_numpy(outcome.words)
    assert END in words[0] and END not in words[1]


def test_coverage_reorders_hypotheses():
    logits = np.zeros((1, 2, 6), "float32")
    logits[..., 5] = 9.0
    beam = Beam(
        ops.convert_to_tensor([[-1.0, -1.5]]),
        ops.ones((1, 2), dtype="int32"),
        ops.zeros((1, 2), dtype="bool"),
    )
    for coverage, parents in (([-0.1, -0.2], [0, 1]), ([-0.9, -0.2], [1, 0])):
        outcome = beam_step(
            ops.convert_to_tensor(logits),
            beam,
            2,
            LengthPenalty(),
            coverage=ops.convert_to_tensor([coverage]),
        )
        assert ops.convert_to_numpy(outcome.parents)[0].tolist() == parents
