"""The tree of a beam search as a page that a browser shows offline."""

import html
import json
import math
from importlib import resources
from typing import Any, NamedTuple

from keras_seq2seq.errors import UserError

START_LABEL = "START"
PAGE = resources.files("keras_seq2seq.views") / "beam_tree.html"


class BeamSteps(NamedTuple):
    """The steps of a beam search over one source; arrays `(T, K)`.

    Attributes:
        words: int. What each slot wrote.
        parents: int, in `[0, K)`. The slot that it extended.
        scores: float. What the slots were ranked by.
        log_probs: float. Nats; -inf in a slot without a hypothesis.
        best: pair of int. Step and slot of the chosen hypothesis's last token.
    """

    words: Any
    parents: Any
    scores: Any
    log_probs: Any
    best: tuple


def beam_tree(steps, label, end=None):
    """The hypotheses of a beam search as the nodes of a tree.

    A finished hypothesis that waits in the beam is one node, not one for each
    step that it waits.

    Args:
        steps: BeamSteps.
        label: callable. Text of an id.
        end: int or None. The id that finishes a hypothesis.

    Returns:
        list of dicts, the root first and parents before their children:
        `parent` (index, -1 for the root), `token`, `score`, `log_prob`, `best`
        (whether the chosen hypothesis passes here) and `ended`.

    Raises:
        UserError: if a hypothesis extends an empty slot.
    """
    nodes = [_node(-1, START_LABEL, 0.0, 0.0)]
    above = dict.fromkeys(range(steps.words.shape[1]), 0)
    for time, words in enumerate(steps.words):
        row = {}
        for slot, word in enumerate(words.tolist()):
            log_prob = float(steps.log_probs[time, slot])
            if log_prob == -math.inf:
                continue
            parent = above.get(int(steps.parents[time, slot]))
            if parent is None:
                raise UserError(
                    f"slot {slot} of step {time} must extend a hypothesis"
                )
            row[slot] = parent
            if not nodes[parent]["ended"]:
                row[slot] = len(nodes)
                score = float(steps.scores[time, slot])
                nodes.append(_node(parent, label(word), score, log_prob))
                nodes[-1]["ended"] = word == end
        if time == steps.best[0]:
            _mark(nodes, row.get(int(steps.best[1]), -1))
        above = row
    return nodes


def _node(parent, token, score, log_prob):
    return {
        "parent": parent,
        "token": token,
        "score": round(score, 6),
        "log_prob": round(log_prob, 6),
        "best": False,
        "ended": False,
    }


def _mark(nodes, index):
    """Marks the way from a node back to the root."""
    while index >= 0:
        nodes[index]["best"] = True
        index = nodes[index]["parent"]


def beam_page(nodes, title):
    """The page of a tree: HTML text that needs nothing but a browser.

    Args:
        nodes: what `beam_tree` returns. Tokens may be any text.
        title: str.
    """
    data = json.dumps(nodes, ensure_ascii=True, allow_nan=False)
    # Inside of a script only these could end it or begin another.
    for sign in "<>&":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    page = PAGE.read_text(encoding="utf-8")
    title = html.escape(title)
    return page.replace("@TITLE@", title).replace("@NODES@", data)
