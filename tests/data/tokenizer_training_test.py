import builtins
import sys

import pytest
import sentencepiece

from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.errors import UserError

SYLLABLES = ["ka", "to", "mir", "sol", "ver", "dun", "pli", "öst"]
NOUNS = [a + b for a in SYLLABLES for b in SYLLABLES]
LINES = [
    f"Ein {NOUNS[i]} sieht {NOUNS[-i]} , {NOUNS[i * 7 % 64]} mal ."
    for i in range(64)
]
SIZES = {"unigram": 40, "bpe": 60, "wordpiece": 90, "bytepair": 300}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text"
    path.write_text("\n".join(LINES * 20) + "\n", "utf-8")
    return path


def needs(kind):
    if kind in ("wordpiece", "bytepair"):
        pytest.importorskip("keras_nlp")


@pytest.mark.parametrize("kind", SIZES)
def test_subwords_give_the_text_back(tmp_path, text, kind):
    needs(kind)
    path = train_tokenizer(text, kind, tmp_path / "m", size=SIZES[kind])
    tokenizer = load_tokenizer(path)
    assert SIZES[kind] / 2 < tokenizer.vocabulary_size <= SIZES[kind]
    for line in (LINES[0], LINES[-1]):
        ids = tokenizer.encode(line)
        assert tokenizer.decode([2, *ids, 3, 0]) == line
        assert min(ids) > 3
        assert tokenizer.split(line) == tokenizer.pieces(ids)
    assert tokenizer.encode_all(LINES[:5]) == [
        tokenizer.encode(line) for line in LINES[:5]
    ]
    assert tokenizer.encode("") == []


@pytest.mark.parametrize("kind", ["word", "character", *SIZES])
def test_training_twice_gives_the_same_file(tmp_path, text, kind):
    needs(kind)
    size = SIZES.get(kind)
    first = train_tokenizer(text, kind, tmp_path / "a", size=size)
    second = train_tokenizer(text, kind, tmp_path / "b", size=size)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("kind", SIZES)
def test_saved_and_loaded_encodes_alike(tmp_path, text, kind):
    needs(kind)
    path = train_tokenizer(
        text, kind, tmp_path / "m", size=SIZES[kind], lowercase=True
    )
    tokenizer = load_tokenizer(path, lowercase=True)
    copy = tokenizer.save(tmp_path / "vocab.target")
    assert copy.name.startswith("vocab.target.")
    loaded = load_tokenizer(copy, **tokenizer.options)
    assert loaded.fingerprint == tokenizer.fingerprint
    assert loaded.encode(LINES[3].upper()) == tokenizer.encode(LINES[3])
    assert load_tokenizer(copy).fingerprint != tokenizer.fingerprint


@pytest.mark.parametrize("kind", SIZES)
def test_impossible_sizes_say_what_is_possible(tmp_path, text, kind):
    needs(kind)
    with pytest.raises(UserError, match="too small .* above"):
        train_tokenizer(text, kind, tmp_path / "m", size=9)
    with pytest.raises(UserError, match="too large .* or less"):
        train_tokenizer(text, kind, tmp_path / "m", size=9999)
    assert not list(tmp_path.glob("m*"))


def test_the_size_of_words_counts_specials(tmp_path, text):
    path = train_tokenizer(text, "word", tmp_path / "v", size=10)
    assert load_tokenizer(path).vocabulary_size == 10


def test_several_files_and_columns_are_joint(tmp_path):
    (tmp_path / "a.tsv").write_text("a\tb\n", "utf-8")
    (tmp_path / "b.tsv").write_text("c\td\n", "utf-8")
    files = tmp_path / "*.tsv"
    path = train_tokenizer(files, "word", tmp_path / "v", columns=(0, 1))
    assert sorted(load_tokenizer(path).vocabulary.words) == list("abcd")


def test_contradictory_options_are_refused(tmp_path, text):
    for kind, options in (
        ("words", {}),
        ("bpe", {}),
        ("bpe", {"size": 60, "min_frequency": 2}),
        ("word", {"size": 4}),
    ):
        with pytest.raises(UserError, match="Received"):
            train_tokenizer(text, kind, tmp_path / "m", **options)


def test_other_special_ids_are_refused(tmp_path, text):
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(tmp_path / "default"),
        vocab_size=40,
        minloglevel=2,
    )
    with pytest.raises(UserError, match="pad_id=0"):
        SentencePieceTokenizer(tmp_path / "default.model")
    with pytest.raises(UserError, match="expected a SentencePiece model"):
        SentencePieceTokenizer(text)


def test_a_missing_package_is_explained(tmp_path, monkeypatch):
    path = tmp_path / "v.wordpiece.txt"
    path.write_text("a\n", "utf-8")
    load = builtins.__import__

    def absent(name, *rest):
        if name == "keras_nlp":
            raise ImportError(name)
        return load(name, *rest)

    monkeypatch.delitem(sys.modules, "keras_nlp", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UserError, match=r"keras-seq2seq\[tokenizers\]"):
        load_tokenizer(path)


@pytest.mark.parametrize(
    "name, text",
    [
        ("v.bytepair.json", "{"),
        ("v.bytepair.json", '{"merges": []}'),
        ("v.bytepair.json", '{"merges": ["ab c"]}'),
        ("v.wordpiece.txt", ""),
        ("v.wordpiece.txt", "a\na\n"),
    ],
)
def test_damaged_subword_files_are_refused(tmp_path, name, text):
    pytest.importorskip("keras_nlp")
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(UserError, match="expected"):
        load_tokenizer(tmp_path / name)
