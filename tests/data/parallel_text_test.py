import os
import subprocess
import sys

import numpy as np
import pytest

from keras_seq2seq.data import corpus_index
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.tokenizer_protocol import Tokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import StorageError, UserError
from tests.data.corpora import indices, pairs, words, write


def read(source, target=None, **options):
    options.setdefault("source_tokenizer", words())
    return ParallelText(source, target, **options)


@pytest.fixture
def files(tmp_path):
    rows = [" ".join("abcdefgx"[i % k] for i in range(k)) for k in (1, 3, 8)]
    lines = [rows[i % 3] for i in range(50)]
    source = write(tmp_path / "s", "".join(f"{x}\n" for x in lines))
    target = write(tmp_path / "t", "".join(f"{x} a\n" for x in lines))
    return source, target


def test_pairs_are_the_lines_in_order(files):
    text = read(*files)
    assert len(text) == 50
    assert text.source(1).tolist() == [4, 5, 6, 3]
    assert text.target(1).tolist() == [4, 5, 6, 4]
    assert text.source(1).dtype == np.int32


def test_lengths_count_the_specials():
    # The reference's tests: 5 source and 4 target tokens; 2 and 3.
    text = pairs(["a b c x", "a"], ["a x", "b"])
    assert text.source_lengths.tolist() == [5, 2]
    assert text.target_lengths.tolist() == [3, 2]


def test_truncation_keeps_the_end_and_the_length_before():
    text = pairs(
        ["a b c d", "a"], ["a b c", "b"],
        source_max_length=2, target_max_length=1,
    )  # fmt: skip
    assert text.source(0).tolist() == [4, 5, 3]
    assert text.target(0).tolist() == [4]
    assert text.source_lengths.tolist() == [3, 2]
    assert text.unsliced_source_lengths.tolist() == [5, 2]
    statistics = text.statistics
    assert statistics["source"]["truncated_share"] == 2 / 5
    assert statistics["target"]["truncated_share"] == 2 / 4


def test_unknown_tokens_are_counted():
    statistics = pairs(["a x y b"], ["c"]).statistics
    assert statistics["source"]["unknown_share"] == 0.5
    assert statistics["target"]["unknown_share"] == 0
    assert statistics["pairs"] == 1


@pytest.mark.parametrize("append_end", [True, False])
def test_no_source_is_ever_empty(append_end):
    text = pairs(["", "a", "  "], ["", "", ""], append_end=append_end)
    special = 3 if append_end else 1
    assert text.source(0).tolist() == text.source(2).tolist() == [special]
    lengths = [append_end, 1 + append_end, append_end]
    assert text.unsliced_source_lengths.tolist() == lengths


def test_columns_of_one_file_are_two_sides(tmp_path):
    path = write(tmp_path / "p.tsv", "a b\tx\tc\n\tx\td e\n")
    text = read(path, source_column=0, target_column=2)
    assert text.source(0).tolist() == [4, 5, 3]
    assert text.target(1).tolist() == [7, 8]


def test_each_side_has_its_tokenizer(files):
    characters = DelimiterTokenizer(Vocabulary(["a", " "]), "")
    text = read(*files, target_tokenizer=characters)
    assert text.target(0).tolist() == [4, 5, 4]


def test_shards_are_paired_by_position(tmp_path):
    for name, lines in (("s1", "a\nb\n"), ("s2", "c\n"), ("t", "d\ne\nf\n")):
        write(tmp_path / name, lines)
    text = read(str(tmp_path / "s*"), tmp_path / "t")
    assert [int(text.source(i)[0]) for i in range(3)] == [4, 5, 6]


def test_unequal_line_counts_name_files_counts_and_lines(tmp_path):
    write(tmp_path / "s", "a\nb\n")
    write(tmp_path / "t", "a\nb\nc c\n\n")
    for limit in (0, 100):
        with pytest.raises(UserError) as error:
            read(
                tmp_path / "s", tmp_path / "t",
                in_memory_bytes=limit, cache_dir=tmp_path / "c",
            )  # fmt: skip
        said = str(error.value)
        assert f"{tmp_path}/s has 2 lines" in said
        assert f"{tmp_path}/t has 4" in said
        assert "3: 'c c', 4: ''" in said
    assert not indices(tmp_path / "c")


def test_equally_many_files_are_compared_one_by_one(tmp_path):
    for name, text in (("s1", "a\nb\n"), ("s2", "c\n"), ("t1", "a\n")):
        write(tmp_path / name, text)
    write(tmp_path / "t2", "b\nc\n")
    with pytest.raises(UserError, match="s1 has 2 lines and .*t1 has 1"):
        read(str(tmp_path / "s*"), str(tmp_path / "t*"))


def test_separators_inside_lines_shift_nothing(tmp_path):
    source = write(tmp_path / "s", "a\u2028b\x85\nc\n")
    target = write(tmp_path / "t", "d\ne\n")
    assert read(source, target).target(1).tolist() == [8]


@pytest.mark.parametrize("limit", [0, 10**9])
def test_bad_bytes_are_named(tmp_path, limit):
    source = write(tmp_path / "s", b"a\nb\n\xff\n")
    target = write(tmp_path / "t", "a\nb\nc\n")
    with pytest.raises(UserError, match="s:3: expected UTF-8"):
        read(source, target, in_memory_bytes=limit, cache_dir=tmp_path / "c")


def test_missing_input_is_explained(tmp_path, files):
    with pytest.raises(UserError, match="neither"):
        read(files[0])
    with pytest.raises(UserError, match="empty file"):
        read(files[0], write(tmp_path / "e", ""))
    with pytest.raises(UserError, match="none"):
        read(files[0], tmp_path / "none")


def test_mapped_files_hold_what_memory_holds(tmp_path, files):
    options = {"source_max_length": 5}
    memory = read(*files, **options)
    mapped = read(
        *files, **options, in_memory_bytes=0, cache_dir=tmp_path / "c"
    )
    for side in ("sources", "targets"):
        a, b = getattr(memory, side), getattr(mapped, side)
        assert isinstance(b.ids, np.memmap)
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.begins, b.begins)
        np.testing.assert_array_equal(a.unsliced_lengths, b.unsliced_lengths)
    assert memory.statistics == mapped.statistics
    assert memory.fingerprint == mapped.fingerprint
    indices = np.arange(len(memory))
    assert memory.places(indices) == mapped.places(indices)


def test_the_fingerprint_tells_pairs_and_their_order_apart():
    sources, targets = ["a b", "c", "a"], ["b", "a", "b"]
    texts = [
        (sources, targets),
        (sources[::-1], targets[::-1]),
        (targets, sources),
        (["a", "b c", "a"], targets),
    ]
    prints = [pairs(*text).fingerprint for text in texts]
    assert len(set(prints)) == len(texts)
    assert pairs(sources, targets).fingerprint == prints[0]


def test_places_are_lines_of_the_source_files(tmp_path):
    first = write(tmp_path / "1", "a\nb\n")
    second = write(tmp_path / "2", "a\nb\nc\n")
    text = read([first, second], [first, second])
    assert text.places([4, 0, 2]) == {str(first): [1], str(second): [1, 3]}
    assert pairs(["a"], ["a"]).places([0]) == {"the given texts": [1]}


def test_an_index_is_reused_until_something_changes(tmp_path, files):
    cache = tmp_path / "c"

    def build(**options):
        options |= {"in_memory_bytes": 0, "cache_dir": cache}
        text = read(*files, **options)
        return len(text), len(indices(cache))

    assert build() == (50, 1)
    (index,) = indices(cache)
    before = (index / "index.json").stat().st_mtime_ns
    assert build() == (50, 1)
    assert (index / "index.json").stat().st_mtime_ns == before
    assert build(source_max_length=2) == (50, 2)
    assert build(source_tokenizer=words("a b")) == (50, 3)
    with files[0].open("a") as a, files[1].open("a") as b:
        a.write("a\n")
        b.write("b\n")
    assert build() == (51, 4)


def test_a_damaged_index_is_built_again(tmp_path, files):
    cache = {"in_memory_bytes": 0, "cache_dir": tmp_path / "c"}
    expected = read(*files, **cache).source(2).tolist()
    (index,) = indices(tmp_path / "c")
    with (index / "source.ids").open("r+b") as file:
        file.truncate(10)
    assert read(*files, **cache).source(2).tolist() == expected


def test_an_index_that_another_process_has_finished_stays(
    tmp_path, files, monkeypatch
):
    cache = {"in_memory_bytes": 0, "cache_dir": tmp_path / "c"}
    opened, found = corpus_index.open_index, []

    def absent_at_first(directory, dtypes):
        found.append(opened(directory, dtypes))
        return None if len(found) == 1 else found[-1]

    read(*files, **cache)
    (index,) = indices(tmp_path / "c")
    before = index.stat().st_ino
    monkeypatch.setattr(corpus_index, "open_index", absent_at_first)
    read(*files, **cache)
    assert len(found) == 2
    assert index.stat().st_ino == before


def test_the_environment_names_the_cache(tmp_path, files, monkeypatch):
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", str(tmp_path / "mine"))
    read(*files, in_memory_bytes=0)
    assert len(indices(tmp_path / "mine")) == 1


def test_a_cache_that_cannot_be_written_is_explained(tmp_path, files):
    blocked = write(tmp_path / "file", "x")
    with pytest.raises(StorageError, match="KERAS_SEQ2SEQ_CACHE"):
        read(*files, in_memory_bytes=0, cache_dir=blocked)


def test_a_tokenizer_of_the_users_own_is_enough(tmp_path, files):
    class Lengths(Tokenizer):
        vocabulary_size = 99
        fingerprint = "lengths"

        def encode(self, text):
            return [4 + len(word) for word in text.split()]

    text = read(
        *files, source_tokenizer=Lengths(),
        in_memory_bytes=0, cache_dir=tmp_path / "c",
    )  # fmt: skip
    assert text.source(0).tolist() == [5, 3]


def test_a_script_without_main_guard_can_index(tmp_path, files):
    script = f"""
print("started")
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
pairs = ParallelText(
    {str(files[0])!r}, {str(files[1])!r}, in_memory_bytes=0,
    cache_dir={str(tmp_path / "c")!r},
    source_tokenizer=DelimiterTokenizer(Vocabulary(["a"])),
)
print(len(pairs))
"""
    path = os.pathsep.join(p or os.getcwd() for p in sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["started", "50"]


def test_unequal_texts_are_refused():
    for sources, targets in ((["a"], []), ([], [])):
        with pytest.raises(ValueError, match="Received"):
            pairs(sources, targets)
