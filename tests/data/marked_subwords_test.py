import io
import random

import pytest

from keras_seq2seq.data.marked_subwords import (
    learn_codes,
    seeded,
    segmenter,
    subwords,
)
from keras_seq2seq.tasks.postprocessing import strip_bpe

LINES = ["low low lower newest", "wide widest newest", "笑 笑笑 笑笑"]


@pytest.fixture
def codes(tmp_path):
    path = tmp_path / "codes"
    path.write_text(learn_codes(LINES, 9), encoding="utf-8")
    return path


def test_codes_and_cuts_are_those_of_subword_nmt(codes):
    apply_bpe = pytest.importorskip("subword_nmt.apply_bpe")
    learn_bpe = pytest.importorskip("subword_nmt.learn_bpe")
    written = io.StringIO()
    learn_bpe.learn_bpe(LINES, written, 9)
    assert written.getvalue() == codes.read_text(encoding="utf-8")
    theirs = apply_bpe.BPE(io.StringIO(written.getvalue()))
    cut = segmenter(codes)
    assert [cut(line) for line in LINES] == [
        theirs.process_line(line) for line in LINES
    ]


def test_stripping_undoes_cutting(codes):
    cut = segmenter(codes)
    for line in (*LINES, "", "unseen wörds 笑ab"):
        assert strip_bpe(cut(line)) == line


def test_codes_with_windows_line_ends_mean_the_same(codes, tmp_path):
    other = tmp_path / "windows"
    other.write_bytes(codes.read_bytes().replace(b"\n", b"\r\n"))
    for line in LINES:
        assert segmenter(other)(line) == segmenter(codes)(line)


def test_a_seed_leaves_other_random_numbers_alone(codes):
    random.seed(5)
    expected = [random.random() for _ in range(2)]
    random.seed(5)
    found = [random.random()]
    cut = segmenter(codes, dropout=0.5)
    with seeded(1):
        first = [cut(line) for line in LINES]
    found.append(random.random())
    assert found == expected
    with seeded(1):
        assert [cut(line) for line in LINES] == first


def test_equally_frequent_subwords_stay_in_their_order():
    assert subwords(["b a", "c b"]) == [("b", 2), ("a", 1), ("c", 1)]
