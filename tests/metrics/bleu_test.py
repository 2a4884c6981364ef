import collections
import math

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from keras_seq2seq.metrics import (
    NO_REFERENCE,
    corpus_bleu,
    multi_bleu,
    multi_bleu_line,
    score,
    sockeye_bleu,
)
from keras_seq2seq.metrics.bleu import bleu_up_to

FOX = [
    "The brown fox jumps over the dog 笑",
    "The brown fox jumps over the dog 2 笑",
]
FOX_REFERENCES = ["The quick brown fox jumps over the lazy dog 笑"] * 2
FOX_LINE = (
    "BLEU = 46.51, 94.1/60.0/46.2/36.4 "
    "(BP=0.838, ratio=0.850, hyp_len=17, ref_len=20)"
)
LETTERS = ["A B C D E F"] * 2
LETTERS_REFERENCES = ["A B C D E F", "A B A D E F"]


def test_fox_golden():
    assert multi_bleu_line(FOX, FOX_REFERENCES) == FOX_LINE
    assert multi_bleu(FOX, FOX_REFERENCES).value == 46.51


def test_fox_golden_regardless_of_case():
    capitals = [
        text.replace("dog", "Dog").replace("the", "The") for text in FOX
    ]
    line = multi_bleu_line(capitals, FOX_REFERENCES, lowercase=True)
    assert line == FOX_LINE
    assert multi_bleu(capitals, FOX_REFERENCES).value < 46.51


def test_letters_golden():
    line = multi_bleu_line(LETTERS, LETTERS_REFERENCES)
    assert line.startswith("BLEU = 69.19, 91.7/80.0/62.5/50.0 (")
    assert multi_bleu(LETTERS[:1], LETTERS_REFERENCES[:1]).value == 100.0


def test_order_without_a_match_makes_unsmoothed_bleu_zero():
    line = multi_bleu_line(["a b"], ["a b c"])
    assert line.startswith("BLEU = 0.00, 100.0/100.0/0.0/0.0 (BP=0.607, ")


def test_default_equals_multi_bleu_where_every_order_matches():
    found = corpus_bleu(FOX, FOX_REFERENCES)
    assert round(found.value, 2) == 46.51
    assert "tok:none" in found.signature and "smooth:exp" in found.signature


def test_hand_arithmetic_with_the_closest_reference_length():
    # 1-grams 4/4, 2-grams 2/3 (b x and x c are in no reference; a b, c d ...).
    # Lengths 3 and 5 are equally near to 4: the shorter counts, no penalty.
    hypotheses, references = ["a b c d"], [["a b c"], ["a b c d e"]]
    found = multi_bleu(hypotheses, references)
    assert found.value == 100.0
    assert "ref_len=3" in multi_bleu_line(hypotheses, references)


def test_brevity_penalty_of_hand_arithmetic():
    # All precisions are 1; exp(1 - 6 / 5) = 0.8187.
    found = corpus_bleu(["a b c d e"], ["a b c d e f"])
    assert found.value == pytest.approx(100 * np.exp(-0.2))


def test_tokenizer_separates_punctuation_only_when_asked():
    hypotheses, references = ["so it is , yes !"], ["so it is, yes!"]
    assert corpus_bleu(hypotheses, references, "13a").value > 99.9
    assert corpus_bleu(hypotheses, references).value < 50


def test_every_empty_case_of_the_script_is_zero():
    assert multi_bleu([], []).value == 0.0
    assert multi_bleu(["", ""], ["a b c d", "e"]).value == 0.0
    assert multi_bleu(["a b c d"], ["x y z w"]).value == 0.0
    assert multi_bleu_line(["a"], [""]) == NO_REFERENCE
    assert multi_bleu_line([], []) == NO_REFERENCE


def test_only_ascii_blanks_separate_words_in_multi_bleu():
    # Perl reads bytes: of four words with a no-break space in one and an
    # ideographic one in another, all four orders match.
    text = "a\u00a0b c\u3000d e\x0bf"
    line = multi_bleu_line([text], [text])
    assert "hyp_len=4, ref_len=4" in line
    assert line.startswith("BLEU = 100.00")
    assert multi_bleu([text], [text.replace("\u00a0", "\u3000")]).value == 0


def test_multi_bleu_lowers_ascii_letters_only():
    # `lc` of bytes leaves umlauts as they are.
    assert multi_bleu(["A B C D"], ["a b c d"], lowercase=True).value == 100
    assert multi_bleu(["Ä b c d"], ["ä b c d"], lowercase=True).value == 0
    signature = multi_bleu(["a"], ["a"], lowercase=True).signature
    assert "case:lc[ascii]|eff:no|tok:none|smooth:none" in signature


def test_bleu_of_sacrebleu_stands_beside_with_its_own_signature():
    # Of four orders the longest has no match, which is smoothed or is not.
    pair = ["a b c d e"], ["a b c x e"]
    found = [function(*pair) for function in (corpus_bleu, multi_bleu)]
    assert found[0].value > found[1].value == 0
    assert "smooth:exp" in found[0].signature
    assert "smooth:none" in found[1].signature


def by_definition(hypotheses, sets):
    """Papineni's BLEU of word lists, unsmoothed, in percent."""

    def grams(words, order):
        return collections.Counter(
            tuple(words[i : i + order]) for i in range(len(words) - order + 1)
        )

    matches, totals, length, closest = [0] * 4, [0] * 4, 0, 0
    for words, *others in zip(hypotheses, *sets, strict=True):
        length += len(words)
        distances = [(abs(len(o) - len(words)), len(o)) for o in others]
        closest += min(distances)[1]
        for order in range(1, 5):
            most = collections.Counter()
            for other in others:
                most |= grams(other, order)
            found = grams(words, order)
            matches[order - 1] += (found & most).total()
            totals[order - 1] += found.total()
    if not all(matches):
        return 0.0
    logs = np.log(matches) - np.log(totals)
    penalty = min(0.0, 1 - closest / length)
    return 100 * np.exp(logs.mean() + penalty)


@pytest.mark.parametrize("seed", range(8))
def test_multi_bleu_is_the_definition_on_any_corpus(seed):
    random = np.random.default_rng(seed)

    def corpus():
        lengths = random.integers(0, 12, 30)
        return [list(random.choice(["a", "b", "c"], n)) for n in lengths]

    hypotheses, sets = corpus(), [corpus() for _ in range(1 + seed % 3)]
    texts = [[" ".join(words) for words in c] for c in (hypotheses, *sets)]
    found = multi_bleu(texts[0], texts[1:]).value
    assert found == pytest.approx(by_definition(hypotheses, sets), abs=0.0051)
    assert found > 0


def test_sockeyes_bleu_of_known_pairs():
    assert sockeye_bleu(["a b c d e"], ["a b c d e"]).value == pytest.approx(1)
    assert sockeye_bleu([""], ["a b"]).value == 0
    assert sockeye_bleu([], []).value == 0
    # 3/4, 1/3, and 0.01 over 2 and 1 in place of no match; no penalty.
    orders = (3 / 4, 1 / 3, 0.01 / 2, 0.01 / 1)
    expected = math.exp(sum(map(math.log, orders)) / 4)
    found = sockeye_bleu(["a b x c"], ["a b c"]).value
    assert found == pytest.approx(expected)


def test_sockeyes_bleu_leaves_out_orders_that_are_too_long():
    # Both words match and make one pair; the reference is twice as long.
    found = sockeye_bleu(["a b"], ["a b c d"]).value
    assert found == pytest.approx(math.exp(1 - 4 / 2))


def test_sockeyes_bleu_is_sacrebleus_with_its_options():
    options = {"smooth_method": "floor", "smooth_value": 0.01, "force": True}
    theirs = BLEU(tokenize="none", effective_order=True, **options)
    texts = [*FOX, "x y", "The fox"], [*FOX_REFERENCES, "y z", "The brown fox"]
    expected = theirs.corpus_score(texts[0], [texts[1]]).score / 100
    found = score("sockeye_bleu", *texts)
    assert found.value == pytest.approx(expected) and 0 < found.value < 1
    assert "smooth:floor[0.01]" in found.signature


def test_orders_up_to_four_by_hand():
    hypotheses, references = ["a b c d"], [["a b x d"], ["c a b c"]]
    found = [
        bleu_up_to(order, hypotheses, references) for order in (1, 2, 3, 4)
    ]
    # Clipped matches: a b c d, "a b" "b c", "a b c", none (half of one).
    shares = [4 / 4, 2 / 3, 1 / 2, 1 / 2]
    for order, one in enumerate(found, start=1):
        mean = math.prod(shares[:order]) ** (1 / order)
        assert one.value == pytest.approx(100 * mean)
        assert one.name == f"bleu_{order}"
        assert one.signature.startswith("nrefs:2|")
    whole = corpus_bleu(hypotheses, references).value
    assert found[3].value == pytest.approx(whole)
