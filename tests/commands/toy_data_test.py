import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.tasks.postprocessing import decode_sentencepiece


def toy(directory, *flags):
    flags = ["--num_examples", 30, *flags, "--output_dir", directory]
    assert main(["toy-data", *map(str, flags)]) == 0
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*.txt")
    }


def test_a_corpus_and_its_vocabularies_are_written(tmp_path):
    found = toy(tmp_path, "--type", "reverse", "--min_len", 2, "--max_len", 5)
    splits = ("train", "dev", "test")
    sides = ("sources", "targets")
    assert set(found) == {
        *(f"{split}/{side}.txt" for split in splits for side in sides),
        *(f"train/vocab.{side}.txt" for side in sides),
    }
    sources = found["train/sources.txt"].splitlines()
    targets = found["train/targets.txt"].splitlines()
    assert len(sources) == 30
    for source, target in zip(sources, targets, strict=True):
        assert source.split()[::-1] == target.split()
        assert 2 <= len(source.split()) <= 5


def test_copying_is_the_default(tmp_path):
    found = toy(tmp_path)
    assert found["dev/sources.txt"] == found["dev/targets.txt"]


def test_the_seed_decides(tmp_path):
    first = toy(tmp_path / "1", "--seed", 1)
    assert toy(tmp_path / "2", "--seed", 1) == first
    assert toy(tmp_path / "3", "--seed", 2) != first


def test_sentence_pieces_come_with_their_model_and_vocabulary(tmp_path):
    flags = ["--sentencepiece", "--num_examples", 300]
    found = toy(tmp_path, *flags)
    model = SentencePieceTokenizer(tmp_path / "bpe.model")
    assert model.vocabulary_size == 20  # as in google/seq2seq's toy.sh
    words = Vocabulary.read(tmp_path / "train" / "vocab.bpe.txt").words
    for split in ("train", "dev", "test"):
        for side in ("sources", "targets"):
            lines = found[f"{split}/{side}.bpe.txt"].splitlines()
            texts = [decode_sentencepiece(line) for line in lines]
            assert texts == found[f"{split}/{side}.txt"].splitlines()
            assert {p for line in lines for p in line.split()} <= set(words)


def test_the_size_of_the_model_can_be_chosen(tmp_path):
    toy(tmp_path, "--sentencepiece", 24, "--num_examples", 300)
    model = SentencePieceTokenizer(tmp_path / "bpe.model")
    assert model.vocabulary_size == 24


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--vocab_size", "0"], "--vocab_size"),
        (["--seed", "-1"], "--seed"),
        (["--min_len", "9", "--max_len", "8"], "min_length <= max_length"),
        (["--type", "shuffle"], "copy, reverse, sort"),
    ],
)
def test_impossible_toys_are_explained(tmp_path, capsys, flags, told):
    path = tmp_path / "toy"
    assert main(["toy-data", "--output_dir", str(path), *flags]) == 2
    assert told in capsys.readouterr().err
    assert not path.exists()
