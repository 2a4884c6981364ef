import pytest

from keras_seq2seq.data.corpus_index import BUILDING
from keras_seq2seq.data.own_pairs import OwnPairs
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.errors import StorageError, UserError
from tests.data.corpora import indices, pairs, words, write

PAIRS = [("a b", "c"), ("", "d\te"), ("f g", "")]


class Sized:
    """Pairs with a length that may lie."""

    def __init__(self, given, length):
        self.given = given
        self.length = length

    def __iter__(self):
        return iter(self.given)

    def __len__(self):
        return self.length


def corpus(own, cache, **options):
    with OwnPairs(own, "mine.Own").written(cache) as sides:
        return ParallelText(
            *sides, source_tokenizer=words(), cache_dir=cache, **options
        )


@pytest.mark.parametrize("limit", [0, 10**9])
def test_own_pairs_are_the_same_corpus_as_their_texts(tmp_path, limit):
    found = corpus(PAIRS, tmp_path / "c", in_memory_bytes=limit)
    same = pairs(*map(list, zip(*PAIRS, strict=True)))
    assert found.fingerprint == same.fingerprint
    assert found.places([2, 0]) == {"mine.Own": [1, 3]}


def test_a_large_corpus_is_found_again_by_its_content(tmp_path):
    cache = tmp_path / "c"
    for own in (PAIRS, list(PAIRS)):
        corpus(own, cache, in_memory_bytes=0)
        assert len(indices(cache)) == 1
    corpus(PAIRS[::-1], cache, in_memory_bytes=0)
    assert len(indices(cache)) == 2


def test_nothing_stays_beside_the_index(tmp_path):
    corpus(PAIRS, tmp_path)
    with pytest.raises(UserError):
        corpus([("a", "b"), 3], tmp_path)
    assert not list(tmp_path.glob(f"{BUILDING}*"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([("a", "b"), "cd"], r"pair 2: expected \(source, target\).*'cd'"),
        ([("a", "b", "c")], "pair 1"),
        ([("a", None)], "pair 1"),
        ([(b"a", "b")], "pair 1"),
        ([], "expected pairs. Received: none"),
        (Sized(PAIRS, 4), "says that it has 4 pairs. Received: 3"),
    ],
)
def test_what_is_no_pair_of_texts_is_told(tmp_path, given, told):
    with pytest.raises(UserError, match=f"mine.Own.*{told}"):
        corpus(given, tmp_path)


def test_sources_alone_need_no_targets():
    own = OwnPairs([("a", None), ("b", "c")], "mine.Own")
    assert list(own.sources()) == ["a", "b"]
    assert list(own.sources()) == ["a", "b"]
    assert list(OwnPairs(Sized(PAIRS, 3), "mine.Own")) == PAIRS


def test_a_place_that_cannot_be_written_is_explained(tmp_path):
    with pytest.raises(StorageError, match="KERAS_SEQ2SEQ_CACHE"):
        corpus(PAIRS, write(tmp_path / "file", "x"))
