import json
import shutil

import pytest

from tests.commands.small_run import basic_flags
from tests.processes import python

pytestmark = pytest.mark.slow  # processes that train three times

# TensorFlow splits a processor only before it starts: not in this process.
CODE = """
import json, sys
from keras_seq2seq.__main__ import main
from keras_seq2seq.selftest import make_logical_cpus
make_logical_cpus(2)
sys.exit(main(json.loads(sys.argv[1])))
"""
WEIGHTS = "ckpt-20/model.weights.h5"


def train(run):
    """Trains on two logical CPUs; returns what the process told."""
    flags = basic_flags(
        run, train_steps=20, eval_every_n_steps=10, save_checkpoints_steps=10
    )
    done = python("-c", CODE, json.dumps(flags))
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that was not interrupted, and what its process told."""
    run = tmp_path_factory.mktemp("replicas") / "run"
    return run, train(run)


def test_the_banner_tells_of_both_replicas(straight):
    assert "MirroredStrategy, 2 replicas" in straight[1]


def test_a_run_on_two_replicas_goes_on_as_if_never_interrupted(
    straight, tmp_path
):
    halved = tmp_path / "run"
    shutil.copytree(straight[0], halved)
    shutil.rmtree(halved / "ckpt-20")
    assert "Going on from ckpt-10" in train(halved)
    expected = (straight[0] / WEIGHTS).read_bytes()
    assert (halved / WEIGHTS).read_bytes() == expected
