"""One replica against two; the script beside this file does the training."""

import json
import os
from pathlib import Path

import pytest

from tests.processes import python

pytestmark = pytest.mark.slow  # trains models, with one and two replicas


@pytest.fixture(scope="module")
def found():
    script = Path(__file__).with_name("run_two_replicas.py")
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    done = python(script, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_weights_are_equal_after_50_steps(found):
    assert found["steps"] == [50, 50]
    assert found["weights"] < 1e-6


def test_other_encoders_and_optimizers_have_equal_weights(found):
    differences = found["weights_of_others"]
    assert set(differences) == {
        "pooling",
        "convolutions",
        "decayed",
        "shards",
    }
    assert max(differences.values()) < 1e-6


def test_logs_are_exact_token_averages(found):
    one, two = found["history"]
    assert set(one) == set(two)
    for name in one:
        assert two[name] == pytest.approx(one[name], rel=1e-5), name


def test_evaluations_are_exact_token_averages(found):
    one, two = found["evaluation"]
    assert two == pytest.approx(one, rel=1e-5)


def test_clipping_acted_in_some_steps_and_the_log_is_unclipped(found):
    norms = found["history"][0]["gradient_norm"]
    assert max(norms) > found["clip_norm"]
