import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.processes import python

SCRIPT = Path(__file__).with_name("run_portable_step.py")
CLIP_NORM = 0.1  # of the script
SLOW_TO_COMPILE = pytest.param("jax", marks=pytest.mark.slow)


@pytest.fixture(scope="module", params=[SLOW_TO_COMPILE, "torch"])
def found(request):
    backend = request.param
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = python(SCRIPT, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_norm_of_the_model_clips_with_any_optimizer(found):
    assert np.linalg.norm(found["clipped"]) == pytest.approx(CLIP_NORM, 1e-4)
    assert np.linalg.norm(found["unclipped"]) > 2 * CLIP_NORM


def test_of_two_norms_the_smaller_one_clips(found):
    assert np.linalg.norm(found["twice"]) == pytest.approx(CLIP_NORM, 1e-4)


def test_a_loss_of_the_users_own_is_not_clipped_by_the_model(found):
    assert np.linalg.norm(found["own_loss"]) > 2 * CLIP_NORM


def test_weights_that_the_loss_does_not_reach_stay_as_they_are(found):
    resting = [not each for each in found["unused"]]
    assert any(resting) and not all(resting)


def test_a_norm_for_each_table_is_refused(found):
    assert "clip_embedding_norm=0.1" in found["embeddings"]
    assert "TensorFlow" in found["embeddings"]


def test_an_optimizer_that_clips_in_another_way_is_refused(found):
    assert "`clip_norm=None`" in found["another"]
    assert "clipnorm=1.0" in found["another"]
