"""The load test of the endpoint: small over a rule, whole over a model."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.processes import python
from tests.scripts import benchmark
from tests.serving.endpoints import running

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "serve_load.py"
PAIRS = [("a b", "b a"), ("c", "c"), ("d e f", "f e d"), ("", "")]


@pytest.fixture(scope="module")
def script():
    return benchmark("serve_load")


def load(script, endpoint, requests, clients):
    url = f"http://127.0.0.1:{endpoint.port}"
    return asyncio.run(script.load(url, requests, clients))


def test_every_request_of_many_clients_is_answered_rightly(script):
    requests = script.mixed_requests(PAIRS, 150, 1 / 3)
    with running(queue_size=2000, max_tokens=1000) as endpoint:
        tally = load(script, endpoint, requests, 20)
    assert tally.wrong == []
    assert tally.answers.total() == 150
    assert tally.answers[200] == 100
    assert set(tally.answers) == {200, 400, 404, 405, 413, 415}


def test_a_full_queue_is_tried_again(script):
    requests = [script.good_request([PAIRS[0]]) for _ in range(12)]
    with running(queue_size=1, max_sentences=1, batch_size=1) as endpoint:
        with endpoint.rule.held():
            threading.Timer(0.3, endpoint.rule.go_on).start()
            tally = load(script, endpoint, requests, 4)
    assert tally.retries > 0
    assert tally.answers == {200: 12}
    assert tally.wrong == []


def test_a_wrong_answer_is_found(script):
    requests = [script.good_request([("a b", "a b")])]
    with running() as endpoint:
        (told,) = load(script, endpoint, requests, 1).wrong
    assert told == "['b a'] instead of ['a b']"


MAKE_RUN = """
import sys
from tests.run_directories import untrained_attention_run, words
untrained_attention_run(sys.argv[1], (words("a b c d"), words("p q r")))
"""


@pytest.mark.slow
def test_five_thousand_requests_of_two_hundred_clients(tmp_path):
    assert python("-c", MAKE_RUN, tmp_path / "run").returncode == 0
    sentences = tmp_path / "sentences"
    letters = "a b c d x".split()
    sentences.write_text(
        "".join(
            " ".join(letters[(i * k) % 5] for k in range(1, 2 + i % 9)) + "\n"
            for i in range(300)
        )
    )
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "run", "--sentences", sentences],
        capture_output=True,
        text=True,
        cwd=SCRIPT.parents[1],
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert found["wrong"] == found["unanswered"] == 0
    assert found["growth_mib"] < 50
    assert sum(found["answers"].values()) == 5000
