import numpy as np
import pytest

from keras_seq2seq.data import word_translation
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.data.word_translation import (
    NOTHING,
    translation_probabilities,
)

GERMAN = DelimiterTokenizer(Vocabulary(("das", "haus", "buch", "ein")))
ENGLISH = DelimiterTokenizer(Vocabulary(("the", "house", "book", "a")))
PAIRS = (
    ("das haus", "the house"),
    ("das buch", "the book"),
    ("ein buch", "a book"),
)


def text(pairs=PAIRS):
    return ParallelText.from_texts(
        *zip(*pairs, strict=True),
        source_tokenizer=GERMAN,
        target_tokenizer=ENGLISH,
        append_end=False,
    )


def table(pairs=PAIRS, **options):
    """`{(source word, target word): probability}`, nothing being None."""
    sources, targets, values = translation_probabilities(text(pairs), **options)
    names = [
        None if s == NOTHING else GERMAN.pieces([s])[0]
        for s in sources.tolist()
    ]
    words = ENGLISH.pieces(targets.tolist())
    return dict(zip(zip(names, words, strict=True), values, strict=True))


def test_one_pass_by_hand():
    """Each target word comes in equal parts from nothing and two words."""
    found = table(passes=1)
    # `das` is a third of `the` twice, of `house` once and of `book` once.
    assert found["das", "the"] == pytest.approx((2 / 3) / (4 / 3))
    assert found["das", "house"] == pytest.approx((1 / 3) / (4 / 3))
    # Nothing is a third of all six words, two of them `the`.
    assert found[None, "the"] == pytest.approx(2 / 6)
    assert ("das", "a") not in found


def test_a_second_pass_by_hand():
    """Parts are in the proportion of what the first pass found."""
    first, second = table(passes=1), table(passes=2)

    def part(source, target, sentence):
        return first[source, target] / sum(
            first[each, target] for each in (None, *sentence.split())
        )

    counts = {
        word: sum(
            part("haus", word, source)
            for source, target in PAIRS
            if "haus" in source and word in target
        )
        for word in ("the", "house")
    }
    expected = counts["house"] / sum(counts.values())
    assert second["haus", "house"] == pytest.approx(expected)


def test_what_others_explain_better_loses():
    found = table(passes=20)
    assert found["haus", "house"] > 10 * found["haus", "the"]
    assert found["das", "the"] > 10 * found["das", "house"]


def test_probabilities_of_each_source_sum_to_one():
    sources, _, values = translation_probabilities(text())
    np.testing.assert_allclose(np.bincount(sources, values)[sources], 1)


def test_a_corpus_in_parts_gives_what_it_gives_at_once(monkeypatch):
    whole = table()
    monkeypatch.setattr(word_translation, "CELLS_AT_ONCE", 6)
    assert table() == pytest.approx(whole)


def test_of_a_large_corpus_pairs_are_taken_evenly():
    thinned = table(PAIRS * 2, most_pairs=3)
    assert thinned == pytest.approx(
        table((PAIRS[0], PAIRS[2], PAIRS[1]))
    )  # numbers 0, 2 and 4


def test_a_pair_without_target_words_changes_nothing():
    assert table((*PAIRS, ("ein haus", ""))) == pytest.approx(table())
