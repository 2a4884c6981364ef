import pytest

from keras_seq2seq.data.toy import write_toy_data
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError


def rows(directory, split, side):
    text = (directory / split / f"{side}.txt").read_text("utf-8")
    return [line.split(" ") for line in text.splitlines()]


@pytest.mark.parametrize("kind, step", [("copy", 1), ("reverse", -1)])
def test_targets_are_the_sources_copied_or_reversed(tmp_path, kind, step):
    write_toy_data(tmp_path, kind, examples=30)
    sources = rows(tmp_path, "train", "sources")
    assert rows(tmp_path, "train", "targets") == [s[::step] for s in sources]


def test_targets_are_the_sources_sorted(tmp_path):
    write_toy_data(tmp_path, "sort", 12, examples=30)
    order = [*map(str, range(11)), "笑"]  # not that of characters: 2 < 10
    expected = [
        sorted(row, key=order.index)
        for row in rows(tmp_path, "train", "sources")
    ]
    assert rows(tmp_path, "train", "targets") == expected


def test_lengths_and_tokens_fill_their_ranges(tmp_path):
    write_toy_data(tmp_path, "copy", 4, 500, min_length=2, max_length=5)
    sources = rows(tmp_path, "train", "sources")
    assert {len(row) for row in sources} == {2, 3, 4, 5}
    assert {token for row in sources for token in row} == {"0", "1", "2", "笑"}
    assert len(sources) == 500
    assert len(rows(tmp_path, "dev", "targets")) == 50
    assert len(rows(tmp_path, "test", "sources")) == 50


def test_vocabularies_have_counts(tmp_path):
    write_toy_data(tmp_path, examples=200)
    vocabulary = Vocabulary.read(tmp_path / "train" / "vocab.sources.txt")
    assert len(vocabulary) == 24
    sources = rows(tmp_path, "train", "sources")
    assert sum(vocabulary.counts) == sum(map(len, sources))


def test_the_seed_decides_and_splits_differ(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_toy_data(tmp_path / name, examples=20, seed=seed)
    a, b, c = (rows(tmp_path / n, "train", "sources") for n in "abc")
    assert a == b != c
    assert rows(tmp_path / "a", "dev", "sources") != a[:2]


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "shuffle"},
        {"examples": 0},
        {"vocabulary_size": 0},
        {"min_length": 9, "max_length": 8},
    ],
)
def test_impossible_toys_are_refused_before_writing(tmp_path, options):
    with pytest.raises(UserError, match="Received"):
        write_toy_data(tmp_path / "toy", **options)
    assert not (tmp_path / "toy").exists()
