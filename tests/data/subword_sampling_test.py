import subprocess
import sys

import numpy as np
import pytest

from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.subword_sampling import SubwordSampling
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import UNKNOWN
from tests.data.corpora import words, write

LINES = [
    "the weather is better there",
    "their leather feathers wither",
    "whether the heather gathers",
    "another brother bothers mother",
] * 10
SIZES = {"bpe": 40, "unigram": 30}
COPIES = 3


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "lines"
    return write(path, "".join(f"{line}\n" for line in LINES))


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def tokenizer(request, file):
    path = file.with_suffix(f".{request.param}.model")
    return SentencePieceTokenizer(
        train_tokenizer(file, request.param, path, SIZES[request.param])
    )


def read(file, tokenizer, **options):
    options.setdefault("sampling", SubwordSampling(COPIES, 0.3, 0.3, seed=5))
    return ParallelText(file, file, source_tokenizer=tokenizer, **options)


def rows(pairs):
    return [tuple(pairs.target(i)) for i in range(len(pairs))]


def test_every_copy_says_the_same_in_other_pieces(file, tokenizer):
    pairs = read(file, tokenizer)
    assert len(pairs) == COPIES * len(LINES)
    found = rows(pairs)
    assert [tokenizer.decode(ids) for ids in found] == COPIES * LINES
    assert len(set(found)) > 2 * len(set(LINES))


def test_both_sides_are_drawn_apart(file, tokenizer):
    pairs = read(file, tokenizer, append_end=False)
    sources = [tuple(pairs.source(i)) for i in range(len(pairs))]
    assert sources != rows(pairs)


def test_the_seed_alone_decides_the_pieces(file, tokenizer):
    first, again = (rows(read(file, tokenizer)) for _ in range(2))
    assert first == again
    other = SubwordSampling(COPIES, 0.3, 0.3, seed=6)
    assert rows(read(file, tokenizer, sampling=other)) != first


def test_every_process_draws_the_same(file, tokenizer):
    code = (
        "import sys\n"
        "from keras_seq2seq.data.tokenizer import load_tokenizer\n"
        "drawn = load_tokenizer(sys.argv[1]).sample_all([sys.argv[2]], .3, 7)\n"
        "print(drawn)"
    )
    path = tokenizer.save(file.parent / "own")
    found = subprocess.run(
        [sys.executable, "-c", code, str(path), " ".join(LINES)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert found.strip() == str(tokenizer.sample_all([" ".join(LINES)], 0.3, 7))


def test_unknown_letters_and_own_symbols_stay_as_they_are(file, tokenizer):
    line = "the 漢 weather 漢字x"
    drawn = tokenizer.sample_all([line], 0.5, 0)[0]
    assert drawn.count(UNKNOWN) == tokenizer.encode(line).count(UNKNOWN) > 0


def test_nothing_left_out_is_the_usual_segmentation(file):
    path = file.with_suffix(".usual.model")
    usual = SentencePieceTokenizer(train_tokenizer(file, "bpe", path, 40))
    drawn = usual.sample_all(LINES, 0.0, 0)
    assert drawn == usual.encode_all(LINES)


def test_a_corpus_in_files_has_the_same_pieces(file, tokenizer, tmp_path):
    stored = read(file, tokenizer, in_memory_bytes=0, cache_dir=tmp_path)
    assert rows(stored) == rows(read(file, tokenizer))


def test_strength_zero_cuts_a_side_as_inference_does(file, tokenizer):
    pairs = read(file, tokenizer, sampling=SubwordSampling(2, 0.3, 0.0))
    assert rows(pairs) == [tuple(tokenizer.encode(s)) for s in 2 * LINES]


def test_places_name_the_lines_of_the_file_once(file, tokenizer):
    pairs = read(file, tokenizer)
    both = np.array([1, 1 + len(LINES), 4])
    assert pairs.places(both) == {str(file): [2, 5]}


def test_words_cannot_be_sampled(file):
    with pytest.raises(UserError, match="needs a SentencePiece model"):
        read(file, words())


@pytest.mark.parametrize(
    "wrong", [{"copies": 0}, {"source": 1.0}, {"target": -0.1}]
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SubwordSampling(**wrong)
