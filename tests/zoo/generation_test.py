import threading

import numpy as np
import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    BilinearAttention,
    DotAttention,
    GRUCell,
    RecurrentStack,
)
from keras_seq2seq.search import BeamSearch, SamplingSearch
from keras_seq2seq.tokens import END, START
from keras_seq2seq.zoo.generation import padded
from tests.contracts import assert_close
from tests.zoo.tiny_models import (
    attention_model,
    basic_model,
    conv_model,
    pooling_model,
)

WORDS = ("a", "b", "c", "d", "e", "f", "g")
SOURCES = ["a b c", "", "d", "b a", "  ", "c c zzz d e"]
BEAM = BeamSearch(width=3, n_best=2, with_attention=True)


def with_words(make):
    tokenizers = (
        DelimiterTokenizer(Vocabulary(WORDS)),
        DelimiterTokenizer(Vocabulary(WORDS + ("h", "i"))),
    )
    return make(tokenizers=tokenizers, max_target_length=6)


@pytest.fixture(scope="module")
def model():
    return with_words(attention_model)


@pytest.fixture(scope="module")
def found(model):
    return model.generate(SOURCES, BEAM, batch_size=4)


def test_results_come_in_the_order_of_the_sources(model, found):
    assert len(found) == len(SOURCES)
    for source, result in zip(SOURCES, found, strict=True):
        (alone,) = model.generate([source], BEAM)
        assert alone.text == result.text
        assert alone.log_prob == pytest.approx(result.log_prob, abs=1e-5)


def test_blank_sources_get_blank_results(found):
    for index in (1, 4):
        assert found[index].text == ""
        assert found[index].tokens == ()


def test_no_weights_are_read_for_blank_sources_alone(monkeypatch):
    model = with_words(attention_model)
    monkeypatch.setattr(model, "search_weights", None)
    assert [each.text for each in model.generate(["", " "])] == ["", ""]
    assert model.generate([]) == []


def test_unknown_source_words_are_reported_as_they_stand_in_the_text(found):
    assert found[0].source_tokens == ("a", "b", "c", "</s>")
    assert found[5].source_tokens == ("c", "c", "zzz", "d", "e", "</s>")


def test_attention_has_a_row_per_written_and_a_column_per_read_token(found):
    for index in (0, 2, 3, 5):
        result = found[index]
        shape = (len(result.tokens), len(result.source_tokens))
        assert result.attention.shape == shape
        np.testing.assert_allclose(result.attention.sum(1), 1, rtol=1e-5)


def test_ids_may_stand_for_a_text(model, found):
    source, target = model.tokenizers
    again = model.generate([source.encode(text) for text in SOURCES], BEAM)
    assert [each.tokens for each in again] == [each.tokens for each in found]
    for each in again:
        assert target.pieces(list(each.ids)) == list(each.tokens)


def test_alternatives_are_ranked_and_differ(found):
    (second,) = found[0].alternatives
    assert found[0].score >= second.score
    assert found[0].tokens != second.tokens


def test_log_prob_is_that_of_teacher_forcing(model, found):
    source, target = model.tokenizers
    for text, result in ((SOURCES[0], found[0]), (SOURCES[5], found[5])):
        ids = target.encode(" ".join(t for t in result.tokens if t != "</s>"))
        ids += [END] * (result.tokens[-1] == "</s>")
        logits = np.asarray(
            model(
                {
                    "source": np.array([[*source.encode(text), END]]),
                    "target": np.array([[START, *ids[:-1]]]),
                }
            ),
            "float64",
        )[0]
        log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        expected = log_probs[np.arange(len(ids)), ids].sum()
        assert result.log_prob == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("make", [pooling_model, conv_model])
def test_beams_over_encoders_without_recurrence_stand_alone(make):
    model = with_words(make)
    together = model.generate(SOURCES, BEAM)
    alone = model.generate(SOURCES, BEAM, batch_size=1)
    for one, other in zip(together, alone, strict=True):
        assert one.tokens == other.tokens
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-5)
        if one.tokens:
            assert_close(one.attention, other.attention)
            assert one.attention.shape[1] == len(one.source_tokens)


def test_threads_get_the_results_of_a_single_one(model, found):
    results = [None] * 4

    def run(index):
        results[index] = model.generate(SOURCES, BEAM, batch_size=4)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in results:
        assert [r.text for r in each] == [r.text for r in found]


def test_batches_side_by_side_give_what_they_give_in_turn(model, found):
    model.batch_shards = 2
    try:
        together = model.generate(SOURCES, BEAM, batch_size=2)
    finally:
        model.batch_shards = 1
    assert [each.text for each in together] == [each.text for each in found]
    for one, other in zip(together, found, strict=True):
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-5)


def test_what_fails_in_one_of_several_batches_is_raised(model):
    def fail(*arguments):
        raise RuntimeError("no memory")

    model.batch_shards = 2
    try:
        with pytest.raises(RuntimeError, match="no memory"):
            model.generate(SOURCES, fail)
    finally:
        model.batch_shards = 1


def test_samples_do_not_depend_on_the_shards(model):
    def written():
        found = model.generate(SOURCES, SamplingSearch(seed=3))
        return [each.text for each in found]

    expected = written()
    model.batch_shards = 2
    try:
        assert written() == expected
    finally:
        model.batch_shards = 1


def test_padded_rows_are_int32():
    rows = padded([[4, 5], [6]])
    assert rows.dtype == np.int32
    assert rows.tolist() == [[4, 5], [6, 0]]


def test_a_single_string_is_refused(model):
    with pytest.raises(TypeError, match="list of strings. Received: the str"):
        model.generate("a b c")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_length": 5, "min_length": 10}, "min_length=10, max_length=5"),
        ({"min_length": 6}, "min_length=6, max_length=6"),
        ({"min_length": -1}, "min_length=-1"),
        ({"max_length": -3}, "at least 1.*max_length=-3"),
        ({"max_length": 0}, "at least 1.*max_length=0"),
        ({"batch_size": 0}, "at least 1.*batch_size=0"),
    ],
    ids=str,
)
def test_numbers_out_of_range_are_refused(model, options, said):
    with pytest.raises(ValueError, match=said):
        model.generate(SOURCES, **options)


def test_a_model_without_tokenizers_says_what_to_do():
    with pytest.raises(ValueError, match=r"tokenizers=\(source, target\)"):
        basic_model().generate(["a"])


def test_a_beam_wider_than_the_vocabulary_decodes(model):
    wide = BeamSearch(16, n_best=16)
    found = model.generate(SOURCES[:1], wide)[0]
    assert 1 + len(found.alternatives) > 1
    assert all(np.isfinite(each.log_prob) for each in found.alternatives)


class WholeBatches:
    """A search of one's own: nothing but a call."""

    def __call__(self, step, memory, carry, limits):
        return BEAM(step, memory, carry, limits)


def test_a_search_that_can_only_be_called_gives_the_same(model, found):
    results = model.generate(SOURCES, WholeBatches(), batch_size=4)
    assert [each.tokens for each in results] == [each.tokens for each in found]


def test_no_result_depends_on_what_else_is_in_a_divided_batch(model):
    random = np.random.default_rng(5)
    sources = [
        " ".join(random.choice(WORDS, size=1 + i % 5)) for i in range(40)
    ]
    together = model.generate(sources, BEAM, batch_size=40)
    apart = model.generate(sources, BEAM, batch_size=8)
    assert len({len(each.tokens) for each in together}) > 1
    for one, other in zip(together, apart, strict=True):
        assert one.tokens == other.tokens
        assert one.log_prob == pytest.approx(other.log_prob, abs=1e-5)
        np.testing.assert_allclose(one.attention, other.attention, atol=1e-5)


def test_weights_that_change_change_what_is_written():
    model = with_words(attention_model)
    model.generate(["a b"])
    favoured = model.tokenizers[1].encode("h")[0]
    bias = np.zeros(model.to_logits.bias.shape, "float32")
    bias[favoured] = 1000.0
    model.to_logits.bias.assign(bias)
    (found,) = model.generate(["a b"])
    assert set(found.tokens) == {"h"}


class OwnCall(BeamSearch):
    """A search of one's own that changes what a call does."""

    def __call__(self, step, memory, carry, limits):
        found = super().__call__(step, memory, carry, limits)
        return found._replace(scores=found.scores + 1000.0)


def test_a_call_that_replaces_our_searches_own_is_carried_out(model):
    (ours,) = model.generate(["a b"], BeamSearch(2))
    (own,) = model.generate(["a b"], OwnCall(2))
    assert own.score == pytest.approx(ours.score + 1000)


@pytest.mark.parametrize("input_feeding", [False, True])
@pytest.mark.parametrize("stack", [{}, {"num_layers": 2, "residual": True}])
@pytest.mark.parametrize(
    "attention",
    [AdditiveAttention(9), DotAttention(units=9), BilinearAttention()],
    ids=lambda attention: type(attention).__name__,
)
def test_what_is_made_once_for_a_search_changes_no_step(
    input_feeding, stack, attention
):
    model = attention_model(
        attention=type(attention).from_config(attention.get_config()),
        decoder=AttentionDecoder(
            RecurrentStack(GRUCell(8), **stack), input_feeding
        ),
    )
    source = padded([[5, 6, 7, 3], [8, 3]])
    memory, carry = model.encode({"source": source})
    projection = model.search_weights(multiple=64)
    advance = model.stepper(model.search_memory(memory), projection)
    plain = prepared = carry
    for tokens in ([[2], [2]], [[5], [9]], [[4], [3]]):
        tokens = np.array(tokens, "int32")
        expected, plain, weights = model.step(tokens, memory, plain)
        logits, prepared, same = advance(tokens, prepared)
        size = expected.shape[-1]
        assert_close(logits[..., :size], expected)
        assert np.all(np.isneginf(np.asarray(logits)[..., size:]))
        assert_close(same, weights)


def test_lengths_follow_the_sources_where_the_model_has_a_ratio():
    model = with_words(
        lambda **options: attention_model(
            **options, max_length_ratio=0.2, max_source_length=12
        )
    )
    texts = ["a", "a b c d e f g a b c", "a b c d e f g a b c d e"]
    # A fifth of ten, ten and twelve tokens, and END.
    limits = [3, 3, 4]
    found = model.generate(texts)
    for text, most, result in zip(texts, limits, found, strict=True):
        assert len(result.tokens) <= most
        (bounded,) = model.generate([text], max_length=most)
        assert result.tokens == bounded.tokens
        assert model.generate([text])[0].tokens == result.tokens
    assert any(len(f.tokens) == n for f, n in zip(found, limits, strict=True))
    assert len(model.generate(texts[2:], max_length=1)[0].tokens) == 1


def test_a_saved_configuration_has_the_ratio():
    model = attention_model(max_length_ratio=1.5)
    assert model.get_config()["max_length_ratio"] == 1.5
