import numpy as np
import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.tasks import DecodeText
from keras_seq2seq.tokens import END_NAME, UNKNOWN_NAME
from keras_seq2seq.zoo.generation import Generation

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
