import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_seq2seq.serving import json_body
from keras_seq2seq.serving.exchange import Answer, Instance
from keras_seq2seq.serving.refusal import Refusal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["instances", "data", "configuration", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def read(value):
    return list(json_body.read(json.dumps(value).encode()))


@pytest.mark.parametrize("wanted", ["true", "True", True])
def test_attention_is_asked_for_by_text_or_boolean(wanted):
    configuration = {"attention_matrix": wanted}
    one = {"data": "a b", "configuration": configuration}
    assert read({"instances": [one]}) == [Instance("a b", True)]


@pytest.mark.parametrize("wanted", ["false", False])
def test_attention_may_be_declined(wanted):
    configuration = {"attention_matrix": wanted}
    one = {"data": "a b", "configuration": configuration}
    assert read({"instances": [one, {"data": "c"}]}) == [
        Instance("a b"),
        Instance("c"),
    ]


@pytest.mark.parametrize("wanted", [1, 0, None, "1", "", [], {}])
def test_nothing_else_is_taken_for_a_boolean(wanted):
    configuration = {"attention_matrix": wanted}
    with pytest.raises(Refusal, match="attention_matrix"):
        read({"instances": [{"data": "a", "configuration": configuration}]})


def test_targets_and_matrices_are_written_as_documented():
    answers = [Answer("b a"), Answer("é", (4,), np.array([[0.25, 0.75]]))]
    assert json_body.write(answers).decode() == (
        '{"predictions": [{"target": "b a"}, '
        '{"target": "é", "matrix": [[0.25, 0.75]]}]}'
    )


def test_no_call_of_json_writes_more_than_a_row(monkeypatch):
    sizes = []

    def dumps(value, original=json.dumps, **options):
        text = original(value, **options)
        sizes.append(len(text))
        return text

    matrix = [[0.125] * 10] * 50
    whole = json.dumps({"predictions": [{"target": "a", "matrix": matrix}] * 3})
    monkeypatch.setattr(json_body.json, "dumps", dumps)
    answers = [Answer("a", (4,), np.array(matrix, "float32"))] * 3
    assert json_body.write(answers).decode() == whole
    assert max(sizes) == len(str(matrix[0]))


def test_attention_is_written_with_six_digits():
    answer = Answer("a", (4,), np.array([[1 / 3, 2 / 3]], "float32"))
    matrix = json.loads(json_body.write([answer]))["predictions"][0]["matrix"]
    assert matrix == [[0.333333, 0.666667]]


def test_matrices_take_little_more_memory_than_their_text():
    answers = [Answer("a", (4,), np.full((400, 500), 1 / 3, "float32"))] * 5
    tracemalloc.start()
    size = len(json_body.write(answers))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 9e6
    assert peak < 3 * size


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_whatever_is_posted_is_read_or_refused(value):
    try:
        found = read(value)
    except Refusal as refused:
        assert refused.status == 400
        assert len(refused.message) < 1000
    else:
        assert all(isinstance(each, Instance) for each in found)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_whatever_bytes_are_posted_are_read_or_refused(body):
    try:
        list(json_body.read(body))
    except Refusal as refused:
        assert refused.status == 400
