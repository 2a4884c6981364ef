import dataclasses
import json

from keras_seq2seq.tasks import DecodeText, RankedText
from tests.tasks.generations import BLANK, attending, carry_out


def records(said):
    return [[json.loads(line) for line in text.split("\n")] for text in said]


def test_hypotheses_are_ranked_and_lines_counted():
    second = dataclasses.replace(attending("a", "z"), score=-2.0)
    first = dataclasses.replace(attending("a", "笑"), alternatives=(second,))
    task = RankedText(DecodeText(), 3)
    one, other = records(carry_out(task, [first, BLANK]))
    assert [each["text"] for each in one] == ["笑", "z"]
    assert [each["rank"] for each in one] == [1, 2]
    assert [each["score"] for each in one] == [-1.0, -2.0]
    assert [(each["line"], each["text"]) for each in other] == [(2, "")]
    assert records(carry_out(task, [BLANK]))[0][0]["line"] == 1


def test_it_needs_of_the_search_what_its_text_needs():
    task = RankedText(DecodeText(unk_replace=True), 4)
    assert task.needs_attention and task.n_best == 4
