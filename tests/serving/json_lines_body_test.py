import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_seq2seq.serving import json_lines_body
from keras_seq2seq.serving.exchange import Answer, Instance
from keras_seq2seq.serving.refusal import Refusal


@pytest.mark.parametrize(
    ("body", "sources"),
    [
        (b"", []),
        (b'{"source": "a b"}', ["a b"]),
        (b'{"source": "a"}\n{"source": "b"}\n', ["a", "b"]),
        (b'{"source": "a"}\r\n\r\n{"source": "b"}\r\n', ["a", "", "b"]),
        (b"\n\n", ["", ""]),
        ('{"source": "a\u2028b"}'.encode(), ["a\u2028b"]),
    ],
)
def test_each_line_is_a_sentence(body, sources):
    expected = [Instance(source) for source in sources]
    assert list(json_lines_body.read(body)) == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=5))
def test_there_are_as_many_lines_in_the_answer(texts):
    body = json_lines_body.write([Answer(text) for text in texts])
    assert body.count(b"\n") == len(texts)
    found = [json.loads(line)["target"] for line in body.split(b"\n")[:-1]]
    assert found == texts


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_is_posted_is_read_or_refused(body):
    try:
        list(json_lines_body.read(body))
    except Refusal as refused:
        assert refused.status == 400
        assert refused.instance is not None
