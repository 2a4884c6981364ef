"""Searches that choose among a lexicon's shortlist."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.lexicon import Lexicon
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from keras_seq2seq.tokens import END, FIRST_WORD, PAD, START
from keras_seq2seq.zoo import Ensemble, generation
from tests.contracts import assert_close
from tests.zoo.tiny_models import (
    SOURCE_SIZE,
    TARGET_SIZE,
    attention_model,
    basic_model,
    conv_s2s_model,
)

PAIR = tuple(
    DelimiterTokenizer(Vocabulary(tuple("abcdefghi")[: size - FIRST_WORD]))
    for size in (SOURCE_SIZE, TARGET_SIZE)
)
SOURCES = ["a b c", "", "d", "b a", "c c zzz d e"]
BEAM = BeamSearch(width=3, n_best=2)
WORDS = np.arange(FIRST_WORD, TARGET_SIZE)


def lexicon(table, always=()):
    fingerprints = tuple(each.fingerprint for each in PAIR)
    return Lexicon(
        np.array(table, "int32"), np.array(always, "int32"), fingerprints
    )


def whole():
    """A lexicon that allows everything."""
    return lexicon(np.full((SOURCE_SIZE, 1), PAD), WORDS)


def one_each():
    """A lexicon where each source word has one target word."""
    table = np.full((SOURCE_SIZE, 1), PAD)
    table[FIRST_WORD:, 0] = WORDS[: SOURCE_SIZE - FIRST_WORD]
    return lexicon(table)


def ensemble(tokenizers):
    members = (attention_model, basic_model)
    return Ensemble([make(tokenizers=tokenizers) for make in members])


def tied(tokenizers):
    return attention_model(
        tokenizers=tokenizers, share_embeddings="target_output"
    )


@pytest.fixture(scope="module")
def model():
    return attention_model(tokenizers=PAIR)


def compared(model, search):
    """Pairs of what is found in the vocabulary and among all its tokens."""
    limits = {"max_length": 6, "min_length": 1}
    free = model.generate(SOURCES, search(), **limits)
    among = model.generate(SOURCES, search(), lexicon=whole(), **limits)
    for one, other in zip(free, among, strict=True):
        assert one.text == other.text
        assert_close(one.log_prob, other.log_prob)
        assert_close(one.score, other.score)
    return zip(free, among, strict=True)


@pytest.mark.parametrize(
    "make",
    [basic_model, conv_s2s_model, tied, ensemble],
    ids=lambda make: make.__name__,
)
def test_a_shortlist_of_all_tokens_changes_nothing(make):
    compared(make(tokenizers=PAIR), lambda: BeamSearch(width=3, n_best=2))


def test_a_shortlist_names_tokens_that_are_done_ahead(monkeypatch, model):
    expected = model.generate(SOURCES, BEAM, max_length=6, lexicon=one_each())
    monkeypatch.setattr(generation, "MANY", 1)
    found = model.generate(SOURCES, BEAM, max_length=6, lexicon=one_each())
    assert [each.ids for each in found] == [each.ids for each in expected]


def sampling():
    return SamplingSearch(top_k=4, seed=keras.random.SeedGenerator(3))


@pytest.mark.parametrize(
    "search", [GreedySearch, sampling], ids=["greedy", "sampling"]
)
def test_every_search_takes_a_shortlist(model, search):
    compared(model, search)


def test_attention_and_history_are_what_they_are_without_a_shortlist(model):
    search = dataclasses.replace(BEAM, with_attention=True, with_history=True)
    for one, other in compared(model, lambda: search):
        if one.tokens:
            assert_close(one.attention, other.attention)
            np.testing.assert_array_equal(
                one.history.words, other.history.words
            )


def test_only_what_the_source_may_become_is_written(model):
    found = model.generate(
        SOURCES, BEAM, max_length=6, min_length=3, lexicon=one_each()
    )
    for source, result in zip(SOURCES, found, strict=True):
        allowed = {*source.split(), "<unk>", "</s>"}
        for each in (result, *result.alternatives):
            assert set(each.tokens) <= allowed


def test_a_shortlist_does_not_depend_on_neighbours(model):
    options = {"max_length": 6, "lexicon": one_each()}
    together = model.generate(SOURCES, BEAM, **options)
    alone = model.generate(SOURCES, BEAM, batch_size=1, **options)
    for one, other in zip(together, alone, strict=True):
        assert one.text == other.text
        assert_close(one.log_prob, other.log_prob)


def test_probabilities_are_those_among_the_shortlist(model):
    (found,) = model.generate(["a b"], max_length=4, lexicon=one_each())
    allowed = [PAD, 1, START, END, *PAIR[1].encode("a b")]
    inputs = {
        "source": np.array([[*PAIR[0].encode("a b"), END]]),
        "target": np.array([[START, *found.ids[:-1]]]),
    }
    logits = np.asarray(model(inputs), "float64")[0][:, allowed]
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    places = [allowed.index(each) for each in found.ids]
    expected = log_probs[np.arange(len(places)), places].sum()
    assert found.log_prob == pytest.approx(expected, abs=1e-5)


def test_a_lexicon_of_another_vocabulary_is_refused(model):
    other = Lexicon(whole().table, whole().always, ("none", "none"))
    with pytest.raises(UserError, match="other vocabularies"):
        model.generate(SOURCES, lexicon=other)
