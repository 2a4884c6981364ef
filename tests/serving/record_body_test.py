import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import frame
from keras_seq2seq.serving import record_body
from keras_seq2seq.serving.exchange import Answer, Instance
from keras_seq2seq.serving.refusal import Refusal

# The documented record: source 4, 5, 300 and target 7, 8.
GOLDEN = bytes.fromhex(
    "0a23d7ce26000000"
    "0a120a06736f7572636512083a060a040405ac02"
    "0a100a0674617267657412063a040a0207080000"
)
WORDS = st.lists(st.integers(4, 2**31 - 1), max_size=6)


def test_of_the_golden_record_the_source_is_read():
    assert list(record_body.read(GOLDEN)) == [Instance((4, 5, 300))]


@settings(max_examples=50, deadline=None)
@given(st.lists(WORDS, max_size=4))
def test_ids_go_in_and_out(rows):
    body = b"".join(frame(write_record({"source": row})) for row in rows)
    instances = list(record_body.read(body))
    assert instances == [Instance(tuple(row)) for row in rows]
    answers = [Answer("", each.source) for each in instances]
    expected = [frame(write_record({"target": row})) for row in rows]
    assert record_body.write(answers) == b"".join(expected)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"abcd", "byte 0"),
        (GOLDEN + GOLDEN[:-10], f"byte {len(GOLDEN)}"),
        (GOLDEN + frame(write_record({"src": [4]})), "record 1 has features"),
        (frame(write_record({"source": [4, 2]})), "<s>, at position 1"),
        (frame(write_record({"source": [3]})), "</s>, at position 0"),
        (frame(b"\xff"), "record 0"),
    ],
)
def test_what_is_no_record_of_a_source_is_explained(body, told):
    with pytest.raises(Refusal) as refused:
        list(record_body.read(body))
    assert refused.value.status == 400
    assert told in refused.value.message


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(GOLDEN)))
def test_whatever_is_posted_is_read_or_refused(noise, at):
    for body in (noise, GOLDEN[:at] + noise + GOLDEN[at:]):
        try:
            list(record_body.read(body))
        except Refusal as refused:
            assert refused.status == 400
