import pytest

from keras_seq2seq.data.json_lines import JsonLines
from keras_seq2seq.errors import UserError


def test_texts_come_in_order_and_all_keys_are_kept():
    lines = ['{"text": "a b", "id": 1}', "", ' {"text": "", "x": [2]}']
    source = JsonLines(lines)
    assert list(source) == ["a b", "", ""]
    assert list(source.passed) == [
        {"text": "a b", "id": 1},
        {"text": ""},
        {"text": "", "x": [2]},
    ]


def test_a_text_is_one_line():
    assert list(JsonLines(['{"text": "a\\nb\\u2028c"}'])) == ["a b c"]


def test_what_nobody_takes_is_not_kept():
    source = JsonLines(['{"text": "a"}'] * 3, keep=False)
    assert list(source) == ["a"] * 3
    assert not source.passed


@pytest.mark.parametrize(
    "line",
    ["a b", "[1]", "3", '{"txt": "a"}', '{"text": 3}', '{"text": NaN}', "{"],
)
def test_another_line_is_refused_with_its_number(line):
    with pytest.raises(UserError, match="f.json:2"):
        list(JsonLines(['{"text": "a"}', line], "f.json"))


def test_keys_that_would_be_ignored_are_refused():
    line = '{"text": "a", "constraints": ["b"]}'
    with pytest.raises(UserError, match="`constraints`"):
        list(JsonLines([line]))
    assert list(JsonLines(['{"text": "a", "avoid": []}'])) == ["a"]
