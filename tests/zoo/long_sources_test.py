import dataclasses

import numpy as np
import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.search import BeamSearch, GreedySearch, LengthPenalty
from keras_seq2seq.zoo.generated import Generation
from keras_seq2seq.zoo.long_sources import joined
from tests.contracts import randomise
from tests.zoo.tiny_models import attention_model

pytestmark = pytest.mark.usefixtures("eagerly")

WORDS = ("a", "b", "c", "d", "e", "f", "g")
SOCKEYE = LengthPenalty(1.0, 0.0, count_end=True)
BEAM = BeamSearch(3, 1.0, 0.0, True, n_best=2, with_attention=True)


def part(source, words, ended=True, score=-0.5, log_prob=-1.0):
    """A piece whose attention is a different number in each row."""
    ids = (*(ord(word) for word in words), *([3] * ended))
    rows = np.arange(1, len(ids) + 1, dtype="float32")
    return Generation(
        words,
        (*words, *(["</s>"] * ended)),
        (*source, "</s>"),
        log_prob,
        score,
        np.repeat(rows[:, None], len(source) + 1, 1),
        ids=ids,
    )


def decode(ids):
    return "".join(map(chr, ids)).rstrip("\x03")


def test_the_targets_follow_one_another_without_inner_ends():
    whole = joined([part("xy", "ab"), part("z", "c")], decode)
    assert whole.text == "abc"
    assert whole.tokens == ("a", "b", "c", "</s>")
    assert whole.source_tokens == ("x", "y", "z", "</s>")
    assert whole.log_prob == -2.0
    assert [each.text for each in whole.parts] == ["ab", "c"]


def test_what_the_pieces_do_not_have_the_whole_has_not():
    pieces = [part("xy", "ab", score=None, log_prob=None)] * 2
    whole = joined(pieces, decode)
    assert whole.log_prob is None
    assert whole.score is None


def test_attention_is_block_diagonal():
    whole = joined([part("xy", "ab"), part("z", "c")], decode)
    np.testing.assert_array_equal(
        whole.attention,
        [[1, 1, 0, 0], [2, 2, 0, 0], [0, 0, 1, 1], [0, 0, 2, 2]],
    )


def test_an_unfinished_piece_keeps_its_last_word():
    whole = joined([part("x", "ab", ended=False), part("z", "c")], decode)
    assert whole.tokens == ("a", "b", "c", "</s>")
    assert whole.attention.shape == (4, 3)


def test_scores_are_added_in_nats_and_divided_anew():
    # 3 and 2 tokens with END, 4 when they are one text.
    parts = [part("xy", "ab", score=-0.5), part("z", "c", score=-1.0)]
    whole = joined(parts, decode, SOCKEYE)
    assert whole.score == pytest.approx((-0.5 * 3 - 1.0 * 2) / 4)
    assert joined(parts, decode).score == -1.5


def test_hypotheses_of_one_rank_are_joined():
    first = dataclasses.replace(
        part("x", "a"), alternatives=(part("x", "b"), part("x", "c"))
    )
    second = dataclasses.replace(part("y", "d"), alternatives=(part("y", "e"),))
    whole = joined([first, second], decode)
    assert whole.text == "ad"
    assert [each.text for each in whole.alternatives] == ["be"]


def test_without_attention_there_is_none():
    bare = dataclasses.replace(part("x", "a"), attention=None)
    assert joined([bare, part("y", "b")], decode).attention is None


@pytest.fixture(scope="module")
def model():
    pair = tuple(
        DelimiterTokenizer(Vocabulary(words))
        for words in (WORDS, (*WORDS, "h", "i"))
    )
    return randomise(
        attention_model(tokenizers=pair, max_target_length=4), seed=0
    )


LONG = "a b zzz c d e f"


@pytest.mark.parametrize("search", [GreedySearch(), BEAM], ids=["1", "3"])
def test_a_long_source_is_what_its_pieces_are(model, search, caplog):
    whole, short = model.generate([LONG, "a b"], search, max_input_length=3)
    pieces = model.generate(["a b zzz", "c d e", "f"], search)
    (alone,) = model.generate(["a b"], search)
    assert [p.tokens for p in whole.parts] == [p.tokens for p in pieces]
    assert whole.source_tokens == (*LONG.split(), "</s>")
    assert whole.text.split() == [w for p in pieces for w in p.text.split()]
    assert short.tokens == alone.tokens and not short.parts
    assert "1 of 2 sources have more than 3 tokens" in caplog.text
    if search is BEAM:
        assert whole.attention.shape == (len(whole.tokens), 8)
        assert len(whole.alternatives) == 1


def test_the_models_own_limit_holds_for_a_piece(model):
    pair = model.tokenizers
    bounded = randomise(
        attention_model(
            tokenizers=pair, max_target_length=4, max_source_length=2
        ),
        seed=0,
    )
    (whole,) = bounded.generate([LONG], max_input_length=100)
    assert [len(p.source_tokens) for p in whole.parts] == [3, 3, 3, 2]


def test_nothing_is_split_unless_it_is_longer(model, caplog):
    (found,) = model.generate([LONG], max_input_length=7)
    (plain,) = model.generate([LONG])
    assert found.tokens == plain.tokens and not found.parts
    assert not caplog.text
    assert model.generate(["", " "], max_input_length=1)[0].text == ""
