import pytest
import tensorflow as tf

from keras_seq2seq import distribution
from keras_seq2seq.errors import UserError


@pytest.fixture
def switched(monkeypatch):
    """Names of the settings that were made, with a GPU that is not there."""
    made = []
    experimental = tf.config.experimental
    monkeypatch.setattr(
        experimental,
        "enable_op_determinism",
        lambda: made.append("deterministic"),
    )
    monkeypatch.setattr(
        experimental,
        "set_memory_growth",
        lambda gpu, grow: made.append(f"{gpu} grows: {grow}"),
    )
    return made


def test_gpus_compute_deterministically_unless_told_otherwise(
    switched, monkeypatch
):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["gpu"])
    distribution.configure_devices()
    assert switched == ["deterministic", "gpu grows: True"]
    switched.clear()
    distribution.configure_devices(deterministic=False)
    assert switched == ["gpu grows: True"]


def test_a_processor_alone_needs_no_setting(switched, monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    distribution.configure_devices()
    assert switched == []


def test_the_nearest_sizes_that_divide_are_named():
    distribution.check_divides(12, 4)
    with pytest.raises(UserError, match="Type --batch_size 8 or 12"):
        distribution.check_divides(10, 4)
    with pytest.raises(UserError, match="Type --batch_size 4$"):
        distribution.check_divides(3, 4)


def test_an_unknown_strategy_is_refused_with_those_that_exist():
    with pytest.raises(UserError, match="auto, mirrored, default"):
        distribution.choose_strategy("mirored")


def test_one_processor_gets_the_default_strategy():
    strategy = distribution.choose_strategy()
    assert "default strategy" in distribution.describe(strategy)
    assert strategy.num_replicas_in_sync == 1
