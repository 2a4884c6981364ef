import numpy as np
import pytest

from keras_seq2seq.data.length_ratio import length_ratio
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.selection import select_pairs
from keras_seq2seq.errors import UserError
from tests.data.corpora import pairs, words, write

SOURCES = ["a b", "", "a b c d", "c", "d x", "a"]
TARGETS = ["b", "b", "a", "a b c d e", "", "c d"]


def corpus(append_end=True, limit=3):
    return pairs(
        SOURCES,
        TARGETS,
        append_end=append_end,
        source_max_length=limit,
        target_max_length=limit,
    )


def sources(text):
    return [text.source(i).tolist() for i in range(len(text))]


@pytest.mark.parametrize("append_end", [True, False])
@pytest.mark.parametrize(
    ("overlength", "empty", "left", "counts"),
    [
        ("truncate", "keep", [0, 1, 2, 3, 4, 5], (0, 0, 2)),
        ("truncate", "drop", [0, 2, 3, 5], (2, 0, 2)),
        ("drop", "keep", [0, 1, 4, 5], (0, 2, 0)),
        ("drop", "drop", [0, 5], (2, 2, 0)),
    ],
)
def test_pairs_are_left_out_and_counted(
    overlength, empty, left, counts, append_end
):
    whole = corpus(append_end)
    found = select_pairs(whole, overlength, empty)
    assert (found.empty, found.long, found.cut) == counts
    assert found.read == 6
    everything = sources(whole)
    assert sources(found.pairs) == [everything[i] for i in left]
    assert found.pairs.source_lengths.tolist() == [
        len(everything[i]) for i in left
    ]


def test_counts_are_said():
    told = select_pairs(corpus(), "drop", "drop").told
    assert told == (
        "2 left out because a side is empty, 2 left out because a side is too "
        "long"
    )
    assert select_pairs(corpus()).told == "2 with a side cut off"
    assert select_pairs(pairs(["a"], ["b"]), "drop", "drop").told == ""


def test_over_long_pairs_can_be_refused_with_their_lines(tmp_path):
    for name, texts in (("s", SOURCES), ("t", TARGETS)):
        write(tmp_path / name, "".join(f"{text}\n" for text in texts))
    text = ParallelText(
        tmp_path / "s",
        tmp_path / "t",
        source_tokenizer=words(),
        source_max_length=3,
        target_max_length=3,
    )
    with pytest.raises(UserError, match=r"train: 2 of 6 .* lines 3, 4\. Type"):
        select_pairs(text, "error", name="train")
    assert text.take(np.array([1, 3, 5])).places([1, 2]) == {
        str(tmp_path / "s"): [4, 6]
    }


def test_nothing_left_is_an_error_with_the_reasons():
    text = pairs(["", "a b c"], ["a", "a"], source_max_length=2)
    with pytest.raises(
        UserError,
        match="no pair is left of 2: 1 left out because a side is empty, 1 "
        "left out because a side is too long",
    ):
        select_pairs(text, "drop", "drop")


def test_without_anything_to_leave_out_pairs_are_the_same_object():
    text = pairs(["a"], ["b"])
    assert select_pairs(text, "drop", "drop").pairs is text


def test_a_part_is_known_by_its_whole_and_by_what_was_taken():
    one, other = corpus(), corpus()
    first = one.take(np.array([0, 2])).fingerprint
    assert first == other.take(np.array([0, 2])).fingerprint
    assert first != other.take(np.array([0, 3])).fingerprint
    assert first != one.fingerprint


@pytest.mark.parametrize("append_end", [True, False])
def test_the_statistics_of_a_part_are_its_own(append_end):
    part = corpus(append_end).take(np.array([2, 4])).statistics
    # "a b c d" and "d x", whose x is unknown, to three tokens each.
    assert part["pairs"] == 2
    assert part["source"]["tokens"] == 6
    assert part["source"]["truncated_share"] == 1 / 6
    assert part["source"]["unknown_share"] == 1 / 5
    assert part["target"]["tokens"] == 1


@pytest.mark.parametrize("append_end", [True, False])
def test_the_length_ratio_counts_real_tokens_of_whole_pairs(append_end):
    found = corpus(append_end).length_ratio
    assert found == length_ratio(np.array([2, 1]), np.array([1, 2]))
    cut = corpus(append_end, limit=1).take(np.array([0, 5])).length_ratio
    assert cut == (1.0, 0.0)


def test_a_part_of_a_part_knows_where_it_came_from():
    part = corpus().take(np.array([1, 3, 5])).take(np.array([0, 2]))
    assert part.places([0, 1]) == {"the given texts": [2, 6]}
