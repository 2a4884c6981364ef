import numpy as np
import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.layers import AttentionDecoder, GRUCell, RecurrentStack
from keras_seq2seq.search import BeamSearch, GreedySearch
from keras_seq2seq.zoo import Ensemble
from keras_seq2seq.zoo.ensemble import mean_of_logarithms, mean_of_probabilities
from tests.contracts import assert_close, randomise
from tests.zoo.tiny_models import (
    attention_model,
    basic_model,
    conv_s2s_model,
)

pytestmark = pytest.mark.usefixtures("eagerly")

WORDS = ("a", "b", "c", "d", "e", "f", "g")
SOURCES = ["a b c", "", "d", "b a c d e", "c c zzz d e"]
BEAM = BeamSearch(3, 0.6, n_best=2, with_attention=True, with_history=True)


def tokenizers(*target):
    return (
        DelimiterTokenizer(Vocabulary(WORDS)),
        DelimiterTokenizer(Vocabulary((*WORDS, *(target or ("h", "i"))))),
    )


def model(seed=0, kind=attention_model, **options):
    made = kind(
        tokenizers=tokenizers(),
        max_target_length=6,
        **options,
    )
    return randomise(made, seed=seed)


@pytest.fixture(scope="module")
def one():
    return model()


def same(found, expected):
    for result, alone in zip(found, expected, strict=True):
        assert result.tokens == alone.tokens
        assert result.log_prob == pytest.approx(alone.log_prob, abs=1e-4)
        if alone.attention is not None:
            assert_close(result.attention, alone.attention)


@pytest.mark.parametrize("search", [GreedySearch(), BEAM], ids=["1", "3"])
def test_a_model_with_itself_gives_the_models_own_results(one, search):
    twins = Ensemble([one, one])
    same(twins.generate(SOURCES, search), one.generate(SOURCES, search))


def test_probabilities_are_averaged():
    logits = [np.array([[[1.0, 2, -np.inf]]]), np.array([[[0.5, -1, -np.inf]]])]
    shares = [np.exp(x) / np.exp(x).sum() for x in logits]
    found = np.exp(mean_of_probabilities(logits))
    np.testing.assert_allclose(found, sum(shares) / 2, rtol=1e-6)


def test_a_step_is_the_mean_of_its_members(one):
    members = [one, model(3, decoder=AttentionDecoder(RecurrentStack(
        GRUCell(5), num_layers=2)))]  # fmt: skip
    source = np.array([[5, 6, 7, 3], [8, 3, 0, 0]], "int32")
    ensemble, tokens = Ensemble(members), np.array([[2], [2]], "int32")
    memory, carry = ensemble.encode({"source": source})
    log_probs, _, looks = ensemble.step(tokens, memory, carry)
    shares, weights = [], []
    for each in members:
        logits, _, attention = each.step(
            tokens, *each.encode({"source": source})
        )
        exps = np.exp(np.asarray(logits, "float64"))
        shares.append(exps / exps.sum(-1, keepdims=True))
        weights.append(np.asarray(attention))
    assert_close(np.exp(log_probs), np.mean(shares, 0))
    assert_close(looks, np.mean(weights, 0))


def test_members_may_read_the_source_as_they_were_trained_to(one):
    other = model(7, append_end=False, reverse_source=False)
    together = Ensemble([one, other])
    ids = np.array([[5, 6, 3], [7, 3, 0], [3, 0, 0]], "int32")
    bare = np.array([[5, 6, 0], [7, 0, 0], [1, 0, 0]], "int32")
    memory, carry = together.encode({"source": ids})
    step = np.full((3, 1), 2, "int32")
    _, _, looks = other.step(step, memory[1], carry[1])
    _, _, expected = other.step(step, *other.encode({"source": bare}))
    assert_close(looks, expected)
    assert together.generate(["a b"])[0].source_tokens == ("a", "b", "</s>")


def test_the_shortest_bound_of_sources_holds_for_all(one):
    together = Ensemble([one, model(1, max_source_length=2)])
    found = together.generate(["a b c d"])[0]
    assert found.source_tokens == ("a", "b", "</s>")


def test_no_source_is_longer_than_a_members_positions():
    pair = tokenizers()
    far = attention_model(tokenizers=pair)
    for append_end, room in ((True, 8), (False, 8)):
        near = conv_s2s_model(tokenizers=pair, append_end=append_end)
        together = Ensemble([far, near])
        assert together.longest_source == 9
        assert together.generator.max_source_length == room


def test_no_target_is_longer_than_a_members_positions():
    pair = tokenizers()
    far = attention_model(tokenizers=pair, max_target_length=40)
    together = Ensemble([far, conv_s2s_model(tokenizers=pair)])
    assert together.generator.max_target_length == 9


def test_attention_is_that_of_the_members_that_have_it(one):
    mixed = Ensemble([one, model(2, basic_model)])
    assert mixed.has_attention
    for found in mixed.generate(["a b c"], BEAM):
        assert_close(found.attention.sum(1), 1.0)
    basic = model(2, basic_model)
    assert not Ensemble([basic, basic]).has_attention


@pytest.mark.slow
def test_no_result_depends_on_the_batch(one):
    together = Ensemble([one, model(5)])
    found = together.generate(SOURCES, BEAM)
    same(together.generate(SOURCES, BEAM, batch_size=1), found)


def test_vocabularies_must_be_equal(one):
    pair = tokenizers("i", "h")
    other = attention_model(tokenizers=pair)
    with pytest.raises(ValueError, match="vocabulary of the target.*number 2"):
        Ensemble([one, other])


def test_members_are_needed_and_they_need_tokenizers(one):
    with pytest.raises(ValueError, match="none"):
        Ensemble([])
    with pytest.raises(ValueError, match="none in number 2"):
        Ensemble([one, attention_model()])


@pytest.mark.parametrize(
    ("ratios", "expected"), [((1.5, 2.0), 2.0), ((1.5, None), None)]
)
def test_the_largest_ratio_of_lengths_holds_if_all_have_one(ratios, expected):
    members = [model(max_length_ratio=ratio) for ratio in ratios]
    assert Ensemble(members).generator.max_length_ratio == expected


def test_logarithms_are_averaged_and_renormalised():
    logits = [np.array([[[1.0, 2, -3]]]), np.array([[[0.5, -1, 4]]])]
    shares = [np.exp(x) / np.exp(x).sum() for x in logits]
    product = np.sqrt(shares[0] * shares[1])
    found = np.exp(mean_of_logarithms(logits))
    np.testing.assert_allclose(found, product / product.sum(), rtol=1e-5)


@pytest.mark.parametrize("mode", ["linear", "log_linear"])
def test_in_either_mode_twins_are_one(one, mode):
    twins = Ensemble([one, one], mode)
    same(twins.generate(SOURCES), one.generate(SOURCES))
    source = np.array([[5, 6, 7, 3], [8, 3, 0, 0]], "int32")
    target = np.array([[2, 6], [2, 0]], "int32")
    inputs = {"source": source, "target": target}
    logits = np.asarray(one(inputs))
    expected = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    assert_close(twins(inputs), expected)


def test_there_are_two_modes(one):
    with pytest.raises(ValueError, match="linear, log_linear"):
        Ensemble([one], "quadratic")
