"""The text of every output type, from a fixed attention matrix."""

import collections
import dataclasses
import json
import types

import numpy as np
import pytest

from keras_seq2seq.search import BeamHistory
from keras_seq2seq.tasks import DecodeText, output_task
from keras_seq2seq.tasks.sockeye_outputs import CLASSES
from keras_seq2seq.zoo.generated import BLANK, Generation
from tests.tasks.generations import carry_out

# A row for each of: ein, Test, </s>; a column for: a, test, </s>.
LOOKS = [[0.95, 0.05, 0.0], [0.5, 0.45, 0.05], [0.02, 0.08, 0.9]]
SECOND = Generation(
    "Test",
    ("Test", "</s>"),
    ("a", "test", "</s>"),
    -3.0,
    -1.25,
    np.array([[0.1, 0.9, 0.0], [0.0, 1.0, 0.0]]),
)
FIRST = Generation(
    "ein Test",
    ("ein", "Test", "</s>"),
    ("a", "test", "</s>"),
    -1.5,
    -0.5,
    np.array(LOOKS),
    alternatives=(SECOND,),
    seconds=0.25,
)
PLAIN = {
    "translation": "ein Test",
    "text": "ein Test",
    "translation_with_score": "0.500\tein Test",
    "score": "0.500",
    "pair_with_score": "0.500\ta test\tein Test",
    "translation_with_alignments": "ein Test\t0-0",
    "benchmark": "input=a test\toutput=ein Test\tinput_tokens=2\t"
    "output_tokens=3\ttranslation_time=0.2500",
    "json": '{"score": 0.5, "sentence_id": 1, "translation": "ein Test"}',
    "nbest": '{"alignments": [[[0, 0]]], "scores": [0.5], "sentence_id": 1, '
    '"translations": ["ein Test"]}',
    "translation_with_alignment_matrix": (
        "1 ||| ein Test </s> ||| 0.500000 ||| a test ||| 2 ||| 3\n"
        "0.950000 0.500000 0.020000\n"
        "0.050000 0.450000 0.080000\n"
    ),
    "align_text": (
        "  ---------\n"
        " |(*)(?)    | a\n"
        " |   (?)    | test\n"
        "  ---------\n"
        "   e  T  < \n"
        "   i  e  / \n"
        "   n  s  s \n"
        "      t  > \n"
    ),
}
NOTHING = {
    "translation": "",
    "text": "",
    "translation_with_score": "-inf\t",
    "score": "-inf",
    "pair_with_score": "-inf\t\t",
    "translation_with_alignments": "\t",
    "benchmark": "input=\toutput=\tinput_tokens=0\toutput_tokens=0\t"
    "translation_time=0.0000",
    "json": '{"score": null, "sentence_id": 1, "translation": ""}',
    "nbest": '{"alignments": [[]], "scores": [null], "sentence_id": 1, '
    '"translations": [""]}',
    "translation_with_alignment_matrix": "1 |||  ||| -inf |||  ||| 0 ||| 0\n",
    "align_text": "  \n  \n",
    "beam_store": None,
}


def say(kind, *generations, **options):
    return carry_out(output_task(kind, DecodeText(), **options), generations)


@pytest.mark.parametrize("kind", PLAIN)
def test_each_output_type_has_its_text(kind):
    assert say(kind, FIRST) == [PLAIN[kind]]


@pytest.mark.parametrize("kind", sorted(set(NOTHING) - {"beam_store"}))
def test_a_blank_line_has_a_text_of_each_type_too(kind):
    assert say(kind, BLANK) == [NOTHING[kind]]


def test_sentences_are_counted():
    found = say("json", FIRST, BLANK, FIRST)
    assert [json.loads(line)["sentence_id"] for line in found] == [1, 2, 3]


def test_a_threshold_decides_what_is_an_alignment():
    # By source, then by target; those of END are none.
    low = say("translation_with_alignments", FIRST, threshold=0.4)
    assert low == ["ein Test\t0-0 0-1 1-1"]
    assert "(*)(*)" in say("align_text", FIRST, threshold=0.4)[0]


def test_an_n_best_list_is_best_first():
    (line,) = say("nbest", FIRST, n_best=2, threshold=0.8)
    assert json.loads(line) == {
        "sentence_id": 1,
        "translations": ["ein Test", "Test"],
        "scores": [0.5, 1.25],
        "alignments": [[[0, 0]], [[1, 0]]],
    }
    (line,) = say("nbest", FIRST, n_best=1)
    assert json.loads(line)["translations"] == ["ein Test"]


def test_a_model_without_attention_has_no_alignments():
    bare = dataclasses.replace(FIRST, attention=None)
    for kind in ("json", "nbest"):
        options = {"n_best": 2, "with_attention": False}
        assert not output_task(kind, DecodeText(), **options).needs_attention
        assert "alignments" not in json.loads(say(kind, bare, **options)[0])


def test_keys_of_the_input_are_passed_on_but_ours_win():
    passed = collections.deque(
        [{"text": "a", "id": 7, "score": "good"}, {"text": "b", "x": ["y"]}]
    )
    found = say("json", FIRST, FIRST, passed=passed)
    first, second = map(json.loads, found)
    assert (first["id"], first["text"], first["score"]) == (7, "a", 0.5)
    assert second["x"] == ["y"] and second["sentence_id"] == 2
    assert not passed


def test_pictures_are_numbered(tmp_path):
    prefix = tmp_path / "folder" / "align"
    assert say("align_plot", FIRST, BLANK, prefix=str(prefix)) == [None, None]
    names = sorted(path.name for path in prefix.parent.iterdir())
    assert names == ["align_1.png", "align_2.png"]


def beams(*generations):
    pieces = types.SimpleNamespace(pieces=lambda ids: [f"w{i}" for i in ids])
    model = types.SimpleNamespace(tokenizers=(None, pieces))
    task = output_task("beam_store", DecodeText())
    assert task.needs_history
    task.begin(model, None)
    return [task(each) for each in generations]


STEPS = BeamHistory(
    np.array([[4, 3], [3, 3]]),
    np.array([[0, 0], [0, 1]]),
    np.array([[-0.5, -np.inf], [-0.25, -2.0]]),
    np.array([[-0.5, -np.inf], [-0.5, -4.0]]),
    2,
    1,
    0,
)


def test_a_beam_is_stored_step_by_step():
    (line,) = beams(dataclasses.replace(FIRST, history=STEPS))
    assert json.loads(line) == {
        "id": 1,
        "number_steps": 2,
        "predicted_ids": [[4, 3], [3, 3]],
        "predicted_tokens": [["w4", "w3"], ["w3", "w3"]],
        "parent_ids": [[0, 0], [0, 1]],
        "scores": [[0.5, None], [0.5, 4.0]],
        "normalized_scores": [[0.5, None], [0.25, 2.0]],
    }


def test_each_piece_of_a_long_source_has_its_beam():
    part = dataclasses.replace(FIRST, history=STEPS)
    whole = dataclasses.replace(FIRST, parts=(part, part))
    blank, both = beams(BLANK, whole)
    assert blank is None
    assert [json.loads(x)["id"] for x in both.split("\n")] == [2, 2]


def test_what_shows_attention_asks_for_it():
    asking = {
        kind
        for kind in CLASSES
        if output_task(kind, DecodeText(), with_attention=False).needs_attention
    }
    assert asking == {
        "translation_with_alignments",
        "translation_with_alignment_matrix",
        "align_plot",
        "align_text",
    }
    task = output_task("score", DecodeText(unk_replace=True))
    assert task.needs_attention
