import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.metrics import ROUGE_TYPES, rouge

FOX = (
    [
        "The brown fox jumps over the dog 笑",
        "The brown fox jumps over the dog 2 笑",
    ],
    ["The quick brown fox jumps over the lazy dog 笑"] * 2,
)
LETTERS = (["A B C D E F"] * 2, ["A B C D E F", "A B A D E F"])
GOLDENS = {
    "rouge_1/f_score": (0.865497, 0.954545),
    "rouge_1/p_score": (0.944444, 0.916667),
    "rouge_1/r_score": (0.8, 1.0),
    "rouge_2/f_score": (0.547794, 0.8),
    "rouge_2/p_score": (0.607143, 0.8),
    "rouge_2/r_score": (0.5, 0.8),
    "rouge_l/f_score": (0.852602, 0.916667),
    "rouge_l/p_score": (0.944444, 0.916667),
    "rouge_l/r_score": (0.8, 0.916667),
}


@pytest.mark.parametrize("rouge_type", ROUGE_TYPES)
def test_goldens(rouge_type):
    fox, letters = GOLDENS[rouge_type]
    assert rouge(*FOX, rouge_type).value == pytest.approx(fox, abs=2e-6)
    assert rouge(*LETTERS, rouge_type).value == pytest.approx(letters, abs=2e-6)
    assert rouge(["A"], ["B"], rouge_type).value == 0.0


def test_empty_text_equals_empty_text_but_has_no_pair_of_words():
    assert rouge([""], [""], "rouge_1/f_score").value == pytest.approx(1.0)
    assert rouge([""], [""], "rouge_2/f_score").value == 0.0
    assert rouge([""], [""], "rouge_l/f_score").value == pytest.approx(1.0)


def test_unknown_type_suggests_the_nearest():
    with pytest.raises(UserError, match="Did you mean `rouge_2/f_score`"):
        rouge(["a"], ["a"], "rouge_2/fscore")


def test_repeated_words_count_once():
    # Sets: {a, b} and {a, c}; multisets would find 2 of 3 words.
    assert rouge(["a a b"], ["a a c"], "rouge_1/p_score").value == 0.5


def test_rouge_l_weighs_with_precision_over_recall():
    # P = 2/2, R = 2/4, beta = 2: F = (1 + 4) R P / (R + 4 P) = 2.5 / 4.5;
    # with beta = 1 it were 2/3.
    found = rouge(["a b"], ["a x b y"], "rouge_l/f_score").value
    assert found == pytest.approx(2.5 / 4.5)


def test_no_lines_score_zero():
    for kind in ROUGE_TYPES:
        assert rouge([], [], kind).value == 0.0
