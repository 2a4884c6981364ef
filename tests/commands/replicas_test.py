import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.small_run import train_flags

REPOSITORY = Path(__file__).parents[2]
# TensorFlow splits a processor only before it starts: not in this process.
CODE = """
import json, sys
from keras_seq2seq.__main__ import main
from keras_seq2seq.selftest import make_logical_cpus
make_logical_cpus(2)
sys.exit(max(main(command) for command in json.loads(sys.argv[1])))
"""
WEIGHTS = "ckpt-40/model.weights.h5"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs on two logical CPUs, by name, and what the process told."""
    place = tmp_path_factory.mktemp("replicas")
    commands = [
        train_flags(place / "straight", train_steps=40),
        train_flags(place / "halved", train_steps=25),
        train_flags(place / "halved", train_steps=40),
    ]
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(commands)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return place, done.stderr


def test_the_banner_tells_of_both_replicas(runs):
    assert "MirroredStrategy, 2 replicas" in runs[1]


def test_a_run_on_two_replicas_goes_on_as_if_never_interrupted(runs):
    straight, halved = (
        (runs[0] / name / WEIGHTS).read_bytes()
        for name in ("straight", "halved")
    )
    assert straight == halved
