import numpy as np
import pytest

from keras_seq2seq.config.sagemaker import parse
from keras_seq2seq.config.sagemaker_schema import ROWS
from keras_seq2seq.config.sagemaker_tuning import TUNING_RANGES, Choice, draw


def test_ranges_are_of_hyperparameters():
    assert set(TUNING_RANGES) < set(ROWS)


@pytest.mark.parametrize("name", TUNING_RANGES)
def test_what_is_drawn_stays_in_its_range_and_is_taken(name):
    random = np.random.default_rng(1)
    published = TUNING_RANGES[name]
    drawn = [draw([name], random)[name] for _ in range(50)]
    if isinstance(published, Choice):
        assert set(drawn) <= set(published.values)
    else:
        assert published.low <= min(drawn) < max(drawn) <= published.high
    others = {"optimizer_type": "sgd"} if name == "momentum" else {}
    for value in drawn:
        assert getattr(parse({**others, name: value}), name) == value


def test_both_ends_of_a_range_are_drawn():
    random = np.random.default_rng(1)
    name = "plateau_reduce_lr_threshold"
    drawn = {draw([name], random)[name] for _ in range(200)}
    assert drawn == {1, 2, 3, 4, 5}


def test_equal_seeds_draw_equal_values():
    first, second = (
        draw(TUNING_RANGES, np.random.default_rng(3)) for _ in range(2)
    )
    assert first == second


def test_learning_rates_are_spread_over_their_magnitudes():
    random = np.random.default_rng(1)
    drawn = [draw(["learning_rate"], random) for _ in range(400)]
    small = sum(one["learning_rate"] < 3.2e-3 for one in drawn)
    assert 150 < small < 250  # the middle of the logarithms
