"""Searches that do ahead what steps do first with each token."""

import numpy as np
import pytest

from keras_seq2seq.layers import (
    AttentionDecoder,
    BasicDecoder,
    ConcatInputBridge,
    GRUCell,
    LSTMCell,
    RecurrentStack,
)
from keras_seq2seq.search import BeamSearch, GreedySearch
from keras_seq2seq.zoo import Ensemble, generation, seq2seq
from tests.contracts import assert_close
from tests.zoo.generation_test import SOURCES, with_words
from tests.zoo.tiny_models import (
    attention_model,
    basic_model,
    batch,
    conv_s2s_model,
    sockeye_rnn_model,
)


def attending(*cell, **stack):
    decoder = AttentionDecoder(RecurrentStack(*cell, **stack))
    return lambda **options: attention_model(decoder=decoder, **options)


ABLE = {
    "gru": attention_model,
    "lstm": attending(LSTMCell(8)),
    "normalised": attending(GRUCell(8, layer_norm=True)),
    "layers": attending(GRUCell(8), num_layers=2),
    "fed features": lambda **options: attention_model(
        decoder=AttentionDecoder(RecurrentStack(GRUCell(8)), True), **options
    ),
    "upper residual": sockeye_rnn_model,
    "no attention": basic_model,
    "no attention, normalised": lambda **options: basic_model(
        decoder=BasicDecoder(RecurrentStack(GRUCell(8, layer_norm=True))),
        **options,
    ),
}
UNABLE = {
    "residual": attending(GRUCell(8), num_layers=2, residual=True),
    "fed by the bridge": lambda: attention_model(bridge=ConcatInputBridge(5)),
    "convolutions": conv_s2s_model,
}


@pytest.mark.parametrize("make", ABLE.values(), ids=ABLE)
def test_what_is_done_ahead_changes_no_step(make):
    model = make()
    weights = model.search_weights(ahead=True)
    assert len(weights["tokens"]) == model.target_vocabulary_size
    memory, carry = model.encode({"source": batch()[0]["source"]})
    advance = model.stepper(model.search_memory(memory), weights)
    plain, ahead = carry, carry
    for tokens in ([[2], [2], [2]], [[5], [9], [12]], [[4], [0], [3]]):
        tokens = np.array(tokens, "int32")
        expected, plain, _ = model.step(tokens, memory, plain)
        found, ahead, _ = advance(tokens, ahead)
        assert_close(found, expected)


@pytest.mark.parametrize("make", UNABLE.values(), ids=UNABLE)
def test_what_needs_more_than_a_token_is_done_by_steps(make):
    assert "tokens" not in make().search_weights(ahead=True)


def test_tables_too_large_are_not_made(monkeypatch):
    monkeypatch.setattr(seq2seq, "LARGEST_TABLE", 24 * 13 - 1)
    assert "tokens" not in attention_model().search_weights(ahead=True)


def test_what_members_do_ahead_changes_no_step():
    members = [with_words(make) for make in (attention_model, basic_model)]
    together = Ensemble(members)
    memory, carry = together.encode({"source": batch()[0]["source"]})
    weights = together.search_weights(ahead=True)
    assert all("tokens" in each for each in weights)
    advance = together.stepper(together.search_memory(memory), weights)
    tokens = np.array([[2], [5], [9]], "int32")
    found, expected = (
        advance(tokens, carry),
        together.step(tokens, memory, carry),
    )
    assert_close(found[0], expected[0])


class Asked(Exception):
    """Raised with whether a search has tokens done ahead."""


@pytest.fixture
def asked(monkeypatch):
    def search_weights(told, multiple, ahead):
        raise Asked(ahead)

    def ask(count, search):
        model = with_words(attention_model)
        monkeypatch.setattr(model, "search_weights", search_weights)
        with pytest.raises(Asked) as raised:
            model.generate(["a"] * count, search)
        return raised.value.args[0]

    return ask


@pytest.mark.parametrize(
    ("count", "search", "ahead"),
    [
        (3, GreedySearch(), False),
        (4, GreedySearch(), True),
        (2, BeamSearch(2), True),
    ],
)
def test_tokens_are_done_ahead_where_far_more_are_written(
    monkeypatch, asked, count, search, ahead
):
    monkeypatch.setattr(generation, "MANY", 2)
    monkeypatch.setattr(generation, "TYPICAL", 6.5)  # of a vocabulary of 13
    assert asked(count, search) == ahead


def test_nothing_is_done_ahead_for_few_sources(asked):
    assert not asked(255, BeamSearch(5))
    assert asked(256, BeamSearch(5))


def test_what_is_written_is_the_same(monkeypatch):
    model = with_words(attention_model)
    expected = model.generate(SOURCES, BeamSearch(2))
    monkeypatch.setattr(generation, "MANY", 1)
    found = model.generate(SOURCES, BeamSearch(2))
    for one, other in zip(found, expected, strict=True):
        assert one.tokens == other.tokens
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-5)
