import types

import numpy as np
import pytest

from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.tokenizer_protocol import Tokenizer
from keras_seq2seq.errors import UserError
from keras_seq2seq.tasks import DecodeText
from keras_seq2seq.tokens import END_NAME, UNKNOWN_NAME
from keras_seq2seq.zoo.generated import Generation

# Attention: the first unknown word looks at "hello", the second at END most
# and at "you" next.
GENERATION = Generation(
    text=f"{UNKNOWN_NAME} an {UNKNOWN_NAME}",
    tokens=(UNKNOWN_NAME, "an", UNKNOWN_NAME, END_NAME),
    source_tokens=("hello", "to", "you", END_NAME),
    log_prob=-1.0,
    score=-1.0,
    attention=np.array(
        [
            [0.7, 0.1, 0.1, 0.1],
            [0.1, 0.7, 0.1, 0.1],
            [0.0, 0.1, 0.3, 0.6],
            [0.0, 0.0, 0.0, 1.0],
        ]
    ),
)


def with_text(text):
    return Generation(text, tuple(text.split()), (), -1.0, -1.0)


def test_the_text_is_detokenised_by_default():
    assert DecodeText()(with_text("Hello, you")) == "Hello, you"


def test_a_delimiter_joins_tokens_without_the_end():
    found = DecodeText(delimiter="|")(GENERATION)
    assert found == f"{UNKNOWN_NAME}|an|{UNKNOWN_NAME}"


def test_unknown_words_are_copied_but_never_from_the_end():
    assert DecodeText(unk_replace=True)(GENERATION) == "hello an you"


def unknown(source, looks):
    """One unknown word, written while looking at the source so."""
    source = (*source, END_NAME)
    return Generation(
        text=UNKNOWN_NAME,
        tokens=(UNKNOWN_NAME, END_NAME),
        source_tokens=source,
        log_prob=-1.0,
        score=-1.0,
        attention=np.array([looks, looks]),
    )


def test_an_empty_source_has_nothing_to_copy():
    found = DecodeText(unk_replace=True)(unknown((), [1.0]))
    assert found == UNKNOWN_NAME


def test_a_source_word_that_looks_like_the_end_keeps_its_place():
    one = unknown((END_NAME, "b"), [0.1, 0.8, 0.1])
    assert DecodeText(unk_replace=True)(one) == "b"


def test_words_that_contain_the_name_of_the_end_are_kept():
    found = DecodeText(delimiter=" ")(with_text("a SEQUENCE_END_x b"))
    assert found == "a SEQUENCE_END_x b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(f"ab{UNKNOWN_NAME}c", "abZc"), ("ab \u2047 c", "ab Z c")],
)
def test_replacement_keeps_the_detokenised_text(text, expected):
    one = Generation(
        text=text,
        tokens=("a", "b", UNKNOWN_NAME, "c"),
        source_tokens=("Z",),
        log_prob=-1.0,
        score=-1.0,
        attention=np.ones((4, 1)),
    )
    assert DecodeText(unk_replace=True)(one) == expected


class Pieces(Tokenizer):
    """Marks words as SentencePiece does."""

    bare = SentencePieceTokenizer.bare


def copying_pieces(**options):
    """A task that has begun with subwords on both sides."""
    task = DecodeText(unk_replace=True, **options)
    task.begin(types.SimpleNamespace(tokenizers=(Pieces(), Pieces())), None)
    return task


# As SentencePiece decodes it: the sign brings two blanks of its own.
ZORK = Generation(
    text="Das ist  \u2047 ",
    tokens=("▁Das", "▁ist", "▁", UNKNOWN_NAME, END_NAME),
    source_tokens=("▁This", "▁is", "▁Zork", END_NAME),
    log_prob=-1.0,
    score=-1.0,
    attention=np.array([[0.0, 0.0, 1.0, 0.0]] * 5),
)


def test_a_copied_piece_leaves_its_mark_behind():
    assert copying_pieces()(ZORK) == "Das ist Zork"


def test_a_mapping_is_of_words_without_marks(tmp_path):
    path = tmp_path / "mapping.tsv"
    path.write_text("Zork\tSork\n")
    assert copying_pieces(unk_mapping=path)(ZORK) == "Das ist Sork"
    task = copying_pieces(unk_mapping=path, delimiter=" ")
    assert task(ZORK) == "▁Das ▁ist ▁ ▁Sork"


def test_joined_pieces_keep_their_marks():
    assert copying_pieces(delimiter=" ")(ZORK) == "▁Das ▁ist ▁ ▁Zork"


def test_only_replacement_needs_attention():
    assert DecodeText(unk_replace=True).needs_attention
    assert not DecodeText().needs_attention


def test_a_mapping_translates_and_ignores_further_columns(tmp_path):
    path = tmp_path / "mapping.tsv"
    path.write_text("hello\thallo\t0.3\n to \t zu \n")
    task = DecodeText(unk_replace=True, unk_mapping=path)
    assert task(GENERATION) == "hallo an you"


def test_a_mapping_line_without_a_tab_is_refused(tmp_path):
    path = tmp_path / "mapping.tsv"
    path.write_text("a\tb\nhello hallo\n")
    with pytest.raises(UserError, match=r"mapping.tsv:2: .*<TAB>"):
        DecodeText(unk_replace=True, unk_mapping=path)


def test_a_mapping_without_replacement_is_refused(tmp_path):
    with pytest.raises(UserError, match="unk_replace: true"):
        DecodeText(unk_mapping=tmp_path)


def test_a_blank_generation_is_a_blank_line():
    assert DecodeText(unk_replace=True, delimiter=" ")(with_text("")) == ""


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\u2028"])
def test_a_line_never_breaks(breaks):
    assert DecodeText()(with_text(f"one{breaks}two")) == "one two"


def test_post_processing_sees_the_whole_line():
    task = DecodeText(delimiter=" ", unk_replace=True, postproc_fn=str.title)
    assert task(GENERATION) == "Hello An You"
