import json

import numpy as np
import pytest

from keras_seq2seq.data.lines import LineReader
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.prepared_text import (
    open_prepared,
    prepare_text,
)
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.errors import UserError
from tests.data.corpora import words, write

PAIR = (words(), words("a b c"))
LENGTHS = (4, 3)


@pytest.fixture
def corpus(tmp_path):
    """Two files of sources and their targets."""
    lines = [" ".join("abcdefgx"[: 1 + i % 8]) for i in range(40)] + [""]
    files = []
    for side in ("source", "target"):
        for part, own in enumerate((lines[:25], lines[25:])):
            text = "".join(f"{line}\n" for line in own)
            files.append(write(tmp_path / f"{side}.{part}", text))
    return files[:2], files[2:]


@pytest.fixture
def prepared(corpus, tmp_path):
    def prepare(**options):
        reader = LineReader(None)
        sides = (TextSource.open(files, reader) for files in corpus)
        directory = tmp_path / "prepared"
        options = {"max_lengths": LENGTHS, **options}
        return directory, prepare_text(directory, *sides, PAIR, **options)

    return prepare


def in_memory(corpus, **options):
    return ParallelText(
        *corpus,
        source_tokenizer=PAIR[0],
        target_tokenizer=PAIR[1],
        source_max_length=LENGTHS[0],
        target_max_length=LENGTHS[1],
        **options,
    )


@pytest.mark.parametrize("append_end", [True, False])
def test_it_equals_the_text_in_memory(corpus, prepared, append_end):
    directory, described = prepared(append_end=append_end)
    found = open_prepared(directory, PAIR, LENGTHS, append_end)
    text = in_memory(corpus, append_end=append_end)
    assert found.fingerprint == text.fingerprint
    assert found.statistics == text.statistics == described["statistics"]
    assert found.places([0, 24, 25, 40]) == text.places([0, 24, 25, 40])
    np.testing.assert_array_equal(
        found.unsliced_source_lengths, text.unsliced_source_lengths
    )
    for index in (0, 7, 40):
        np.testing.assert_array_equal(found.source(index), text.source(index))
        np.testing.assert_array_equal(found.target(index), text.target(index))


def test_ids_are_mapped_and_not_held(prepared):
    directory, _ = prepared()
    found = open_prepared(directory, PAIR, LENGTHS, True)
    assert isinstance(found.sources.ids, np.memmap)
    assert isinstance(found.targets.ids, np.memmap)


def test_the_text_is_not_needed_any_more(corpus, prepared):
    directory, _ = prepared()
    expected = in_memory(corpus).fingerprint
    for path in (*corpus[0], *corpus[1]):
        path.unlink()
    found = open_prepared(directory, PAIR, LENGTHS, True)
    assert found.fingerprint == expected


def test_the_ratio_of_lengths_is_a_mean_of_ratios(tmp_path):
    files = [
        write(tmp_path / name, text)
        for name, text in (("s", "a b\na b c d\n"), ("t", "a\na b c a b c\n"))
    ]
    sides = (TextSource.open([file], LineReader(None)) for file in files)
    described = prepare_text(tmp_path / "p", *sides, PAIR)
    # 1 / 2 and 6 / 4.
    assert described["length_ratio"] == {"mean": 1.0, "std": 0.5}


def test_another_way_of_reading_is_refused_with_both(prepared):
    directory, _ = prepared()
    with pytest.raises(UserError, match=r"source.max_seq_len 4.* says 5"):
        open_prepared(directory, PAIR, (5, 3), True)
    with pytest.raises(UserError, match="append_end true.* says false"):
        open_prepared(directory, PAIR, LENGTHS, False)
    with pytest.raises(UserError, match="vocabulary of the target"):
        open_prepared(directory, (PAIR[0], words()), LENGTHS, True)


def test_what_is_missing_or_damaged_is_refused(prepared, tmp_path):
    with pytest.raises(UserError, match="prepared.json cannot be read"):
        open_prepared(tmp_path / "absent", PAIR, LENGTHS, True)
    directory, described = prepared()
    ids = directory / "tokens" / "source.ids"
    ids.write_bytes(ids.read_bytes()[:-2])
    with pytest.raises(UserError, match="damaged"):
        open_prepared(directory, PAIR, LENGTHS, True)
    path = directory / "prepared.json"
    path.write_text(json.dumps({**described, "format": 99}))
    with pytest.raises(UserError, match="format 1"):
        open_prepared(directory, PAIR, LENGTHS, True)
    path.write_text(json.dumps({**described, "source": {"files": 3}}))
    with pytest.raises(UserError, match="source.vocabulary.*source.files"):
        open_prepared(directory, PAIR, LENGTHS, True)


def test_it_is_prepared_anew_in_the_same_place(corpus, prepared):
    prepared(append_end=False)
    directory, _ = prepared()
    found = open_prepared(directory, PAIR, LENGTHS, True)
    assert found.fingerprint == in_memory(corpus).fingerprint
