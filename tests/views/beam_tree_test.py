import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.views.beam_tree import BeamSteps, beam_page, beam_tree

END = 3
# Step 0 writes a b; step 1: "b" goes on as d, "a" ends; step 2: the end waits
# in slot 1, and slot 2 is empty throughout.
STEPS = BeamSteps(
    np.array([[10, 11, 0], [13, END, 0], [14, END, 0]]),
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]]),
    np.array([[-1.0, -2, -9], [-2.5, -1.5, -9], [-3, -1.5, -9]]),
    np.array([[-1.0, -2, -math.inf], [-3, -1.5, -math.inf]]
             + [[-4, -1.5, -math.inf]]),
    (1, 1),
)  # fmt: skip
HOSTILE = '</script><script>alert(1)</script><!-- "&\u2028'


@pytest.fixture
def nodes():
    return beam_tree(STEPS, str, END)


def test_children_hang_below_the_slot_that_they_extend(nodes):
    ways = []
    for node in nodes:
        way = []
        while node["parent"] >= 0:
            way.insert(0, node["token"])
            node = nodes[node["parent"]]
        ways.append(" ".join(way))
    assert ways == ["", "10", "11", "11 13", "10 3", "11 13 14"]


def test_the_root_is_the_start(nodes):
    assert (nodes[0]["token"], nodes[0]["parent"]) == ("START", -1)


def test_the_chosen_way_is_marked(nodes):
    marked = [node["token"] for node in nodes if node["best"]]
    assert marked == ["START", "10", "3"]


def test_a_node_shows_token_score_and_log_probability(nodes):
    node = next(each for each in nodes if each["token"] == "13")
    assert (node["score"], node["log_prob"]) == (-2.5, -3.0)
    assert [n["token"] for n in nodes if n["ended"]] == ["3"]


def test_without_a_known_end_every_step_is_a_node():
    assert [n["token"] for n in beam_tree(STEPS, str)].count("3") == 2


def test_a_blank_line_has_a_root_only():
    empty = BeamSteps(*(table[:0] for table in STEPS[:4]), (-1, -1))
    assert len(beam_tree(empty, str, END)) == 1


def test_a_hypothesis_cannot_extend_an_empty_slot():
    parents = STEPS.parents.copy()
    parents[1, 0] = 2
    with pytest.raises(UserError, match="slot 0 of step 1"):
        beam_tree(STEPS._replace(parents=parents), str, END)


class Page(HTMLParser):
    """Tags of a page, and the text of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += data


def test_tokens_of_any_text_stay_text():
    nodes = beam_tree(STEPS, lambda word: HOSTILE, END)
    page = Page(beam_page(nodes, HOSTILE))
    assert [tag for tag, _ in page.tags].count("script") == 2
    read = json.loads(page.scripts[0])
    assert read == json.loads(json.dumps(nodes))
    assert read[1]["token"] == HOSTILE


def test_a_page_needs_nothing_from_elsewhere(nodes):
    text = beam_page(nodes, "Line 1")
    names = {"src", "href", "data", "action", "poster"}
    for _, attributes in Page(text).tags:
        assert names.isdisjoint(attributes)
    urls = re.findall(r"[a-z]+://[^\s\"']+|@import|url\(", text)
    assert urls == ["http://www.w3.org/2000/svg"]  # a name, never loaded
    assert "default-src 'none'" in text
