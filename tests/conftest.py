"""What holds for every test: same random numbers, no policy left behind."""

import os
import sys

import pytest

from tests.graphs import running_eagerly

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(autouse=True)
def independent():
    """Each test begins with the same seed and ends with float32."""
    keras = sys.modules.get("keras")  # tests without Keras stay fast
    if keras is not None and hasattr(keras, "utils"):
        keras.utils.set_random_seed(1)
    yield
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module")
def eagerly():
    """Runs a module's `tf.function`s without tracing them.

    For tests of what surrounds a model: five tokens of a tiny one take less
    time than their graph. What graphs do, the tests of models show.
    """
    with running_eagerly(True):
        yield
