import json
import types

import pytest

from keras_seq2seq.config.files import load
from keras_seq2seq.training_remarks import training_remarks

PLATEAU = {"optimizer.lr_decay_type": "plateau_reduce"}


def remarks(
    params=None, steps=1000, buckets=3, pairs=99, ruled=False, **settings
):
    settings = {name: json.dumps(value) for name, value in settings.items()}
    config = load(
        "",
        {"model_params": json.dumps(params or {}), **settings},
        complete=False,
    )
    bucketing = types.SimpleNamespace(
        steps_per_epoch=steps,
        batch_sizes=[1] * buckets,
        shapes=[(2, 2)] * buckets,
        pairs=range(pairs),
    )
    return training_remarks(config, bucketing, ruled)


def stopping(patience):
    return {"metric": "perplexity", "patience": patience}


def test_there_is_nothing_to_say_about_usual_settings():
    assert remarks(PLATEAU, early_stopping=stopping(8)) == []
    assert remarks() == []


def test_patience_that_ends_before_the_rate_falls_is_told():
    (line,) = remarks(PLATEAU, early_stopping=stopping(3))
    assert "patience 3 is not more than optimizer.lr_plateau_patience 3" in line
    assert remarks({}, early_stopping=stopping(3)) == []
    assert remarks(PLATEAU, early_stopping=stopping(None)) == []


def test_early_stopping_that_is_off_is_told():
    (line,) = remarks(PLATEAU, early_stopping=stopping(3), train_passes=2)
    assert "early stopping is off" in line and "perplexity" in line


def test_a_factor_without_effect_is_told():
    params = {**PLATEAU, "optimizer.lr_plateau_factor": 1}
    (line,) = remarks(params, early_stopping=stopping(3))
    assert "leaves the learning rate as it is" in line


def test_periods_longer_than_a_pass_are_told_with_its_steps():
    (line,) = remarks(steps=12)
    assert line.startswith("A pass has 12 steps") and "83.3 passes" in line
    assert remarks(steps=12, eval_every_n_steps=12) == []


def test_a_training_without_an_evaluation_in_it_is_told():
    (line,) = remarks(train_steps=50)
    assert line.startswith("train_steps 50 comes before")


@pytest.mark.parametrize(("count", "lines"), [(32, 0), (33, 1)])
def test_many_buckets_are_told(count, lines):
    assert len(remarks(buckets=count)) == lines


def test_a_batch_that_is_mostly_copies_is_told():
    settings = {"batch_size": 100, "fill_up": "resample"}
    (line,) = remarks(**settings)
    assert "the 99 pairs" in line
    assert remarks(**{**settings, "fill_up": "dummies"}) == []
    assert remarks(**settings, batch_type="tokens") == []


@pytest.mark.parametrize(
    ("params", "settings"),
    [
        (PLATEAU, {"early_stopping": stopping(3)}),
        ({**PLATEAU, "optimizer.lr_plateau_factor": 1}, {}),
        ({}, {"train_steps": 50}),
        ({}, {"batch_size": 100, "fill_up": "resample"}),
    ],
)
def test_what_the_rules_of_hyperparameters_tell_is_left_to_them(
    params, settings
):
    assert len(remarks(params, **settings)) == 1
    assert remarks(params, ruled=True, **settings) == []
