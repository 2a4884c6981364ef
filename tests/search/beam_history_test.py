import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import BeamHistory, BeamSearch, Limits
from keras_seq2seq.tokens import END
from tests.search.conftest import TinyModel

SEARCH = BeamSearch(4, length_penalty=0.6, with_history=True)
LIMITS = Limits(7)


@pytest.fixture(scope="module")
def model():
    return TinyModel(batch=5, seed=5, size=9)


def searched(model, rows=slice(None), search=SEARCH):
    found = search(model.step, model.memory(rows), model.carry(rows), LIMITS)
    arrays = [ops.convert_to_numpy(each) for each in found[:4]]
    history = BeamHistory(*map(ops.convert_to_numpy, found.history))
    return arrays, history


@pytest.fixture(scope="module")
def found(model):
    return searched(model)


def path_to(history, step, slot):
    """The tokens on the way to a slot, by its parents."""
    tokens = []
    for time in range(step, -1, -1):
        tokens.append(int(history.words[time, slot]))
        slot = history.parents[time, slot]
    return tokens[::-1]


def test_every_slot_has_the_log_probability_of_its_path(model, found):
    _, history = found
    checked = 0
    for row in range(model.batch):
        one = history.of(row)
        for step, slot in np.ndindex(one.words.shape):
            tokens = path_to(one, step, slot)
            if END in tokens:  # goes on at no cost
                tokens = tokens[: tokens.index(END) + 1]
            expected, _ = model.rescore(row, tokens)
            assert one.log_probs[step, slot] == pytest.approx(expected, 1e-4)
            checked += 1
    assert checked > 30


def test_a_score_is_the_log_probability_over_the_length_penalty(found):
    _, history = found
    one = history.of(2)
    for step, slot in np.ndindex(one.words.shape):
        words = [t for t in path_to(one, step, slot) if t != END]
        penalty = ((5 + len(words)) / 6) ** 0.6
        expected = one.log_probs[step, slot] / penalty
        assert one.scores[step, slot] == pytest.approx(expected, 1e-5)


def test_the_chosen_hypothesis_is_in_the_history(found):
    (ids, lengths, log_probs, _), history = found
    for row in range(len(ids)):
        one = history.of(row)
        end = (one.last_step, one.last_slot)
        assert path_to(one, *end) == ids[row, 0, : lengths[row, 0]].tolist()
        assert one.log_probs[end] == log_probs[row, 0]


def test_a_history_does_not_depend_on_the_other_sources(model, found):
    _, together = found
    assert len(set(together.steps.tolist())) > 1
    for row in range(model.batch):
        _, alone = searched(model, slice(row, row + 1))
        for one, other in zip(alone.of(0), together.of(row), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_slots_without_a_hypothesis_have_no_probability():
    model = TinyModel(batch=1, seed=1, size=5)  # END, UNKNOWN and one word
    _, history = searched(model, search=BeamSearch(9, with_history=True))
    first = history.of(0).log_probs[0]
    assert np.isfinite(first[:3]).all()
    assert np.isneginf(first[3:]).all()


def test_without_the_wish_there_is_no_history(model):
    found = BeamSearch(2)(model.step, model.memory(), model.carry(), LIMITS)
    assert found.history is None
