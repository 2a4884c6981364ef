import pytest

from keras_seq2seq.data.vocabulary import Vocabulary, count_tokens, select
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END, PAD, START, UNKNOWN


def write(tmp_path, text):
    path = tmp_path / "vocab"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_ids_are_those_of_the_file_after_four_specials(tmp_path):
    vocabulary = Vocabulary.read(write(tmp_path, "Hello\n.\nBye\n"))
    assert len(vocabulary) == 7
    assert vocabulary.ids(["Hello", ".", "笑", "??", "xxx"]) == [4, 5, 1, 1, 1]
    assert vocabulary.tokens([4, 5, 6, 1, 99]) == [
        "Hello", ".", "Bye", "<unk>", "<unk>",
    ]  # fmt: skip


def test_names_of_specials_in_text_are_unknown():
    vocabulary = Vocabulary(["a"])
    names = vocabulary.tokens([PAD, UNKNOWN, START, END])
    assert vocabulary.ids(names) == [UNKNOWN] * 4


def test_writing_and_reading_keep_words_and_counts(tmp_path):
    words = ["a", " ", "\u2028", "\x85", "b\tc", "\t"]
    for counts in (None, (5, 4, 3, 2, 1, 0)):
        kept = words if counts else [w for w in words if w != "b\tc"]
        path = Vocabulary(kept, counts).write(tmp_path / "v")
        read = Vocabulary.read(path)
        assert read.words == tuple(kept)
        assert read.counts == counts


def test_line_ends_of_windows_are_no_part_of_words(tmp_path):
    path = write(tmp_path, "a\t3\r\nb\t2\r\n")
    assert Vocabulary.read(path).words == ("a", "b")
    assert Vocabulary.read(path).counts == (3, 2)


@pytest.mark.parametrize(
    "text, line, said",
    [
        ("a\nb\na\n", 3, "already on line 1"),
        ("a\n\nb\n", 2, "blank"),
        ("a\nUNK\n", 2, "special"),
        ("<s>\na\n", 1, "special"),
        ("a\t1\nb\n", 2, "count"),
        ("a\nb\t1\n", 2, "without count"),
        ("a\t1\nb\tx\n", 2, "number"),
        (b"a\nb\xff\n", 2, "UTF-8"),
    ],
)
def test_a_bad_line_is_named(tmp_path, text, line, said):
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=said) as error:
        Vocabulary.read(path)
    assert f"{path}:{line}:" in str(error.value)


def test_empty_missing_and_directory_are_refused(tmp_path):
    for path in (write(tmp_path, ""), tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=str(path)):
            Vocabulary.read(path)


def test_counts_are_the_reference_tools():
    counter = count_tokens(["b b a a c", "a b", "c  d c"])
    chosen = select(counter)
    assert chosen.words == ("c", "b", "a", "d")  # ties in reverse order
    assert chosen.counts == (3, 3, 3, 1)


def test_minimum_frequency_is_inclusive_and_size_cuts():
    counter = count_tokens(["b b a a c", "a b", "c  d c"])
    assert select(counter, min_frequency=3).words == ("c", "b", "a")
    assert select(counter, max_size=2).words == ("c", "b")
    with pytest.raises(UserError, match="No token is left"):
        select(counter, min_frequency=4)


def test_characters_are_code_points_and_spaces_count():
    counter = count_tokens(["Ää 笑"], delimiter="", lowercase=True)
    assert counter == {"ä": 2, " ": 1, "笑": 1}


def test_a_vocabulary_never_holds_names_of_specials():
    assert select(count_tokens(["UNK <s> a"])).words == ("a",)


def test_constructor_refuses_what_a_file_may_not_hold():
    for words in (["a", "a"], [""], ["<pad>"], ["a\nb"]):
        with pytest.raises(ValueError, match="Received"):
            Vocabulary(words)
