from hypothesis import example, given
from hypothesis import strategies as st

from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.yaml_writer import block, flow

LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(LETTERS | st.sampled_from("\n\r\t\x85\u2028")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(LETTERS), inner),
    max_leaves=8,
)


@example({"0E0": "1e3"})  # no numbers to PyYAML, but to our reader
@given(VALUES)
def test_what_is_written_in_one_line_comes_back(value):
    text = flow({"key": value})
    assert len(text.splitlines()) == 1
    assert yaml_reader.parse(text, "text")[0] == {"key": value}


@example({"0E0": "1e3"})
@given(VALUES)
def test_what_is_written_in_lines_comes_back(value):
    text = block({"key": value})
    assert yaml_reader.parse(text, "text")[0] == {"key": value}


def test_a_long_text_stays_in_its_line():
    text = "word " * 100 + "word"
    assert block({"a": text, "b": 1}) == f"a: {text}\nb: 1\n"
