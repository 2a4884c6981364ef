import numpy as np
import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.lexicon import NARROWEST, Lexicon
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import FIRST_WORD, PAD

SOURCE = DelimiterTokenizer(Vocabulary(("das", "haus", "buch", "ein")))
TARGET = DelimiterTokenizer(Vocabulary(("the", "house", "book", "a", "red")))
PAIR = (SOURCE, TARGET)
DAS, HAUS, BUCH, EIN = range(FIRST_WORD, FIRST_WORD + 4)
THE, HOUSE, BOOK, A, RED = range(FIRST_WORD, FIRST_WORD + 5)


def learned(**options):
    pairs = ParallelText.from_texts(
        ["das haus", "das buch", "ein buch"],
        ["the house", "the book", "a book"],
        source_tokenizer=SOURCE,
        target_tokenizer=TARGET,
    )
    return Lexicon.learn(pairs, PAIR, **options)


def lexicon(rows, always=()):
    table = np.full((8, max(map(len, rows.values()))), PAD, np.int32)
    for source, targets in rows.items():
        table[source, : len(targets)] = targets
    fingerprints = tuple(each.fingerprint for each in PAIR)
    return Lexicon(table, np.array(always, np.int32), fingerprints)


def ids(lexicon, *sources):
    found = lexicon.candidates(np.array(sources))
    return [row[: np.flatnonzero(row)[-1] + 1].tolist() for row in found]


def test_targets_of_a_word_come_best_first():
    found = learned()
    assert found.targets(HAUS)[0] == HOUSE
    assert found.targets(DAS)[0] == THE
    assert learned(best=1).targets(BUCH).tolist() == [BOOK]


def test_frequent_targets_are_always_there_the_rarest_last():
    assert learned(always=2).always.tolist() == [THE, BOOK]
    assert RED not in learned(always=9).always


def test_candidates_are_the_special_ids_and_those_of_the_words_rising():
    found = lexicon({HAUS: [HOUSE, A], BUCH: [BOOK]}, always=[THE])
    specials = [*range(FIRST_WORD)]
    assert ids(found, [BUCH, HAUS], [BUCH, BUCH]) == [
        [*specials, THE, HOUSE, BOOK, A],
        [*specials, THE, BOOK],
    ]


def test_padding_of_sources_adds_nothing():
    found = lexicon({HAUS: [HOUSE]})
    assert ids(found, [HAUS]) == ids(found, [HAUS, PAD, PAD])


def test_rows_have_one_width_that_doubles_where_it_is_too_small():
    narrow = lexicon({HAUS: [HOUSE]}).candidates(np.array([[HAUS]]))
    assert narrow.shape == (1, NARROWEST)
    many = [*range(FIRST_WORD, 2 * NARROWEST + 1)]
    wide = lexicon({HAUS: many}).candidates(np.array([[HAUS], [BUCH]]))
    assert wide.shape == (2, 4 * NARROWEST)
    assert wide[0, : 2 * NARROWEST + 1].tolist() == [*range(FIRST_WORD), *many]


def test_a_shortened_lexicon_has_the_best():
    found = lexicon({HAUS: [HOUSE, A, RED]}).shortened(2)
    assert found.targets(HAUS).tolist() == [HOUSE, A]


def test_what_was_saved_is_loaded(tmp_path):
    written = learned()
    read = Lexicon.load(written.save(tmp_path / "lexicon.npz"))
    np.testing.assert_array_equal(read.table, written.table)
    np.testing.assert_array_equal(read.always, written.always)
    read.check(PAIR)


@pytest.mark.parametrize("tokenizers", [(TARGET, TARGET), (None, TARGET)])
def test_another_vocabulary_is_refused(tokenizers):
    with pytest.raises(UserError, match="lexicon create"):
        learned().check(tokenizers)


@pytest.mark.parametrize("content", [None, b"no archive", b""])
def test_what_is_no_lexicon_is_refused(tmp_path, content):
    path = tmp_path / "lexicon.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"lexicon\.npz: expected a lexicon"):
        Lexicon.load(path)


def test_an_archive_of_other_arrays_is_refused(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, kernel=np.zeros(3))
    with pytest.raises(UserError, match="another kind"):
        Lexicon.load(path)


def test_lines_of_fast_align_make_a_lexicon(tmp_path):
    path = tmp_path / "fast_align.txt"
    path.write_text(
        "haus\ta\t-2.5\n<eps>\tthe\t-0.1\nhaus house -0.2\nhaus castle -0.1\n",
        "utf-8",
    )
    found = Lexicon.read_text(path, PAIR)
    assert found.targets(HAUS).tolist() == [HOUSE, A]
    assert not found.always.size


@pytest.mark.parametrize("line", ["haus house", "haus house much", "a b nan"])
def test_a_line_of_another_form_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "fast_align.txt"
    path.write_text(f"haus house -0.2\n{line}\n", "utf-8")
    with pytest.raises(UserError, match=r"fast_align\.txt:2: expected"):
        Lexicon.read_text(path, PAIR)


def test_lines_of_which_no_word_is_known_are_refused(tmp_path):
    path = tmp_path / "fast_align.txt"
    path.write_text("casa house -0.2\n", "utf-8")
    with pytest.raises(UserError, match="no line"):
        Lexicon.read_text(path, PAIR)
