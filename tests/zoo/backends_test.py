"""TensorFlow, JAX and torch give the same numbers."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from tests.processes import python
from tests.zoo.run_on_backend import SIDE, models, run
from tests.zoo.tiny_models import batch

pytestmark = pytest.mark.slow  # JAX compiles for a minute
SCRIPT = Path(__file__).with_name("run_on_backend.py")
OTHERS = ("jax", "torch")


@pytest.fixture(scope="module")
def inputs():
    (given, labels, _), random = batch(), np.random.default_rng(5)
    weights = {
        f"{name}/{index}": random.normal(0, 0.4, weight.shape)
        for name, model in models().items()
        for index, weight in enumerate(model.get_weights())
    }
    image = random.integers(0, 256, (len(labels), SIDE, SIDE, 3), "uint8")
    return {**given, **weights, "labels": labels, "image": image}


@pytest.fixture(scope="module")
def expected(inputs):
    return run(inputs)  # on TensorFlow, in this process


@pytest.mark.parametrize("backend", OTHERS)
def test_backends_agree_with_tensorflow(backend, inputs, expected, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: pip install {backend}")
    np.savez(tmp_path / "inputs.npz", **inputs)
    done = python(
        SCRIPT,
        tmp_path / "inputs.npz",
        tmp_path / "outputs.npz",
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # compiles faster
        },
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "outputs.npz")
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(
            found[name], values, atol=1e-5, rtol=1e-5, err_msg=name
        )
