import json

import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.vocabulary import Vocabulary, select
from keras_seq2seq.errors import UserError
from tests.data.corpora import write

SPECIALS = {"<pad>": 0, "<unk>": 1, "<s>": 2, "</s>": 3}


def read(tmp_path, found):
    text = found if isinstance(found, str | bytes) else json.dumps(found)
    return JsonVocabulary.read(write(tmp_path / "vocab.src.json", text))


def test_the_file_is_that_of_the_sample_script(tmp_path):
    path = JsonVocabulary(["ä", '"']).write(tmp_path / "vocab.src.json")
    assert path.read_bytes().decode() == (
        '{\n    "<pad>": 0,\n    "<unk>": 1,\n    "<s>": 2,\n    "</s>": 3,\n'
        '    "ä": 4,\n    "\\"": 5\n}'
    )
    assert JsonVocabulary.read(path).words == ("ä", '"')


def test_tokens_may_stand_in_any_order(tmp_path):
    assert read(tmp_path, {"b": 5, **SPECIALS, "a": 4}).words == ("a", "b")


def test_a_word_may_be_called_as_another_toolkit_calls_a_special(tmp_path):
    vocabulary = read(tmp_path, {**SPECIALS, "UNK": 4})
    assert vocabulary.ids(["UNK", "x"]) == [4, 1]


def test_equally_frequent_words_stand_in_reverse_order():
    chosen = select(
        {"a": 2, "b": 2, "c": 3, "d": 1, "<s>": 9, "UNK": 2},
        min_frequency=2,
        max_size=3,
        kind=JsonVocabulary,
    )
    assert chosen.words == ("c", "b", "a")


def test_a_tokenizer_of_it_is_saved_and_loaded(tmp_path):
    tokenizer = DelimiterTokenizer(JsonVocabulary(["a", "UNK"]))
    path = tokenizer.save(tmp_path / "vocab.source")
    assert path.name == "vocab.source.json"
    loaded = load_tokenizer(path, **tokenizer.options)
    assert loaded.encode("UNK b a") == [5, 1, 4]
    assert loaded.fingerprint == tokenizer.fingerprint


def test_it_is_the_same_vocabulary_as_a_file_of_lines():
    assert JsonVocabulary("ab").fingerprint == Vocabulary("ab").fingerprint


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"a": 0}, "special tokens are missing: <pad>, <unk>, <s>, </s>; exp"),
        (
            {"<pad>": 0, "<unk>": 2, "<s>": 3, "</s>": 1},
            "have other ids: .*Received: <unk> has 2, <s> has 3, </s> has 1",
        ),
        ({**SPECIALS, "a": 5}, "ids must be 0 to 4, .*Received: 5 for 'a'.* 4"),
        ({**SPECIALS, "a": -1}, "Received: -1 for 'a'"),
        ({**SPECIALS, "a": 4, "b": 4}, "the id 4 is that of both 'a' and 'b'"),
        ({**SPECIALS, "a": "4"}, "'a' must have a whole number.*\"4\""),
        ({**SPECIALS, "a": True}, "'a' must have a whole number.*true"),
        ({**SPECIALS, "": 4}, "neither empty"),
        ('{"<pad>": 0, "a": 4, "a": 4}', "the token 'a' occurs twice"),
        ('{"<pad>": 0, "\\ud800": 1}', "no Unicode"),
        (["<pad>"], "one JSON object from token to id. Received: list"),
        ("<pad>\n", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (b'{"\xff": 1}', "expected UTF-8"),
    ],
)
def test_other_files_are_refused_with_the_reason(tmp_path, found, told):
    with pytest.raises(UserError, match=told) as error:
        read(tmp_path, found)
    assert str(tmp_path / "vocab.src.json") in str(error.value)
