import keras
import numpy as np
import pytest
from keras import ops

from keras_seq2seq.search import BeamSearch, GreedySearch
from keras_seq2seq.search.greedy import best_tokens
from keras_seq2seq.tokens import END, FIRST_WORD
from keras_seq2seq.zoo import generation, output_projection
from keras_seq2seq.zoo.screening import CANDIDATES, screener, screening
from tests.contracts import assert_close
from tests.zoo.generation_test import SOURCES, with_words
from tests.zoo.tiny_models import attention_model

U, V = 24, 400


def drawn(seed, scale=1.0):
    """Features, a kernel and a bias: what a projection multiplies."""
    random = np.random.default_rng(seed)
    features = np.tanh(random.normal(0, 2, (5, 1, U)))
    kernel = random.normal(0, scale, (U, V))
    bias = random.normal(0, scale, V)
    return [each.astype("float32") for each in (features, kernel, bias)]


def screened(features, kernel, bias):
    surplus = -V % 64
    judged = {
        "kernel": np.pad(kernel, [(0, 0), (0, surplus)]),
        "bias": np.pad(bias, (0, surplus), constant_values=-np.inf),
    }
    weights = (judged, kernel.T, bias)
    weights = keras.tree.map_structure(ops.convert_to_tensor, weights)
    return screener(screening(*weights))(ops.convert_to_tensor(features))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("seed", range(5))
def test_no_logit_of_another_token_is_above_the_bound(seed, scale):
    features, kernel, bias = drawn(seed, scale)
    found = screened(features, kernel, bias)
    logits = (features.astype("float64") @ kernel + bias)[:, 0]
    for row, ids in enumerate(np.asarray(found.ids)[:, 0]):
        assert len({*ids}) == CANDIDATES
        others = np.delete(logits[row], ids)
        assert others.max() <= float(found.bound[row, 0])


def test_logits_of_candidates_and_end_are_not_rounded():
    features, kernel, bias = drawn(1)
    found = screened(features, kernel, bias)
    logits = features @ kernel + bias
    expected = np.take_along_axis(logits, np.asarray(found.ids), axis=-1)
    assert_close(found.logits, expected)
    assert_close(found.end[..., 0], logits[..., END])
    rows = np.array([3, 1], "int32")
    assert_close(found.all_logits(rows), logits[rows])


def test_the_bound_is_near_what_it_bounds():
    # So near that candidates alone nearly always tell the best token.
    features, kernel, bias = drawn(2)
    found = screened(features, kernel, bias)
    least = np.asarray(found.logits).min(axis=-1)
    spread = np.std(features @ kernel + bias)
    assert np.all(np.asarray(found.bound) - least < 0.25 * spread)


def test_a_best_token_that_rounding_hides_is_found():
    features, kernel, bias = drawn(3)
    features = np.ones_like(features)
    # Alike in bfloat16, more than there are candidates, and all rounded down.
    alike = np.arange(100, 100 + 2 * CANDIDATES)
    kernel[:, alike], bias[alike] = 4.0 + 2.0**-12, 0.0
    best = alike[-1]
    kernel[:, best] = 4.0 + 2.0**-10
    found = screened(features, kernel, bias)
    assert best not in np.asarray(found.ids)
    assert np.asarray(best_tokens(found)).tolist() == [[best]] * 5


def test_weights_that_are_no_numbers_do_no_harm():
    features, kernel, bias = drawn(4)
    found = screened(features, np.full_like(kernel, np.nan), bias)
    assert np.asarray(found.ids).max() < V
    assert np.asarray(best_tokens(found)).shape == (5, 1)


@pytest.fixture
def model(monkeypatch):
    """A model that screens, though it is tiny, whatever the machine."""
    monkeypatch.setattr(output_projection, "LARGE", 1)
    monkeypatch.setattr(generation, "MANY", 1)
    made = with_words(attention_model)
    monkeypatch.setattr(type(made), "fast_in_bfloat16", True)
    return made


def told_by(model, monkeypatch):
    """What steps were asked to tell, a list that grows."""
    told, search_weights = [], model.search_weights

    def noted(kind, **options):
        told.append(kind)
        return search_weights(kind, **options)

    monkeypatch.setattr(model, "search_weights", noted)
    return told


@pytest.mark.parametrize("limits", [{}, {"max_length": 5, "min_length": 4}])
@pytest.mark.parametrize("ban_unknown", [False, True])
def test_what_is_written_is_the_same(model, monkeypatch, limits, ban_unknown):
    told = told_by(model, monkeypatch)
    expected = model.generate(SOURCES, GreedySearch(ban_unknown), **limits)
    search = GreedySearch(ban_unknown, with_log_probs=False)
    found = model.generate(SOURCES, search, **limits)
    assert told == ["logits", "screened"]
    assert [each.ids for each in found] == [each.ids for each in expected]
    assert any(token >= FIRST_WORD for each in found for token in each.ids)


def test_searches_that_tell_probabilities_see_all_logits(model, monkeypatch):
    told = told_by(model, monkeypatch)
    for search in (GreedySearch(), BeamSearch(2)):
        model.generate(SOURCES, search)
    assert set(told) == {"logits"}


def test_few_sources_are_not_screened(model, monkeypatch):
    monkeypatch.setattr(generation, "MANY", 3)
    told = told_by(model, monkeypatch)
    model.generate(["a", "b"], GreedySearch(with_log_probs=False))
    assert told == ["logits"]


def test_few_sources_are_screened_where_that_is_compiled(model, monkeypatch):
    monkeypatch.setattr(generation, "MANY", 3)
    told = told_by(model, monkeypatch)
    search = GreedySearch(with_log_probs=False)
    many = model.generate(["a", "b", "c"], search)
    few = model.generate(["a", "b"], search)
    assert told == ["screened"]
    assert [each.ids for each in few] == [each.ids for each in many[:2]]


def test_small_vocabularies_are_not_screened(monkeypatch):
    made = with_words(attention_model)
    monkeypatch.setattr(type(made), "fast_in_bfloat16", True)
    assert not made.can_screen
