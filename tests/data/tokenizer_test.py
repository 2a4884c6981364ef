import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from tests.data.corpora import words


def test_empty_tokens_are_skipped_and_unknown_ones_kept():
    tokenizer = words("a b")
    assert tokenizer.encode("  a   x b ") == [4, 1, 5]
    assert tokenizer.split("  a   x b ") == ["a", "x", "b"]


def test_only_the_delimiter_splits():
    tokenizer = DelimiterTokenizer(Vocabulary(["a\u00a0b", "c\td"]))
    assert tokenizer.encode("a\u00a0b c\td") == [4, 5]


def test_several_delimiters_are_a_set():
    tokenizer = DelimiterTokenizer(Vocabulary(["a", "b", "c"]), "-]")
    assert tokenizer.encode("a-]b]c-") == [4, 5, 6]
    assert tokenizer.decode([4, 5, 6]) == "a-b-c"


def test_characters_round_trip_as_code_points():
    text = "ab 笑 ö"
    tokenizer = DelimiterTokenizer(Vocabulary(sorted(set(text))), "")
    ids = tokenizer.encode(text)
    assert len(ids) == len(text)
    assert tokenizer.decode(ids) == text


def test_decoding_leaves_out_marks_but_pieces_do_not():
    tokenizer = words("a b")
    ids = [2, 4, 1, 5, 3, 0, 0]
    assert tokenizer.decode(ids) == "a <unk> b"
    assert tokenizer.pieces(ids)[0] == "<s>"
    assert len(tokenizer.pieces(ids)) == len(ids)


@pytest.mark.parametrize("delimiter, lowercase", [(" ", True), ("", False)])
def test_saved_and_loaded_encodes_alike(tmp_path, delimiter, lowercase):
    vocabulary = Vocabulary(["a", "b", " "])
    tokenizer = DelimiterTokenizer(vocabulary, delimiter, lowercase)
    path = tokenizer.save(tmp_path / "vocab.source")
    assert path.name == "vocab.source.txt"
    loaded = load_tokenizer(path, **tokenizer.options)
    assert loaded.encode("A b") == tokenizer.encode("A b")
    assert loaded.fingerprint == tokenizer.fingerprint


def test_fingerprints_tell_every_difference():
    a, b = Vocabulary(["a", "b"]), Vocabulary(["b", "a"])
    kinds = [(a, " ", False), (a, "", False), (a, " ", True), (b, " ", False)]
    prints = {DelimiterTokenizer(*kind).fingerprint for kind in kinds}
    assert len(prints) == 4
