"""Settings about when training ends, and on what."""

import json

import pytest

from keras_seq2seq.config.files import from_json, load, to_json
from keras_seq2seq.errors import UserError


def config(**settings):
    settings = {name: json.dumps(value) for name, value in settings.items()}
    return load("", settings, complete=False)


ACCURACY = {"metric": "accuracy", "patience": 3}
SCORED = {"metric": "sockeye_bleu"}


def test_early_stopping_is_off_where_passes_are_given():
    assert config(early_stopping=ACCURACY).patience == 3
    assert config(early_stopping=ACCURACY, train_passes=2).patience is None
    assert config().patience is None


def test_a_metric_without_patience_tells_the_best_alone():
    given = config(early_stopping={**ACCURACY, "patience": None})
    assert given.patience is None and given.early_stopping is not None


@pytest.mark.parametrize(
    ("sample", "stopping", "decodes"),
    [
        (0, None, False),
        (0, ACCURACY, False),
        (0, SCORED, True),
        (-1, None, True),
        (5, None, True),
        (None, None, True),
    ],
)
def test_a_sample_of_nothing_is_decoded_only_if_it_is_watched(
    sample, stopping, decodes
):
    decoding = {"metric": ["sockeye_bleu"], "sample": sample}
    found = config(dev_decoding=decoding, early_stopping=stopping).decoding
    assert (found is not None) == decodes


def test_a_sample_and_a_maximum_are_refused():
    with pytest.raises(UserError, match="sample can not be given with max"):
        config(dev_decoding={"sample": 3, "max_sentences": 3})


def test_plateaus_need_evaluations():
    params = {"optimizer.lr_decay_type": "plateau_reduce"}
    assert config(model_params=params).measures_dev
    assert not config().measures_dev


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"width": 0}, "width must be an integer >= 1 or null"),
        ({"max_buckets": 0}, "max_buckets must be an integer >= 1"),
        ({"widht": 10}, "Did you mean 'width'"),
        ("wide", "must be rising lengths"),
    ],
)
def test_wrong_buckets_are_refused(given, told):
    with pytest.raises(UserError, match=told):
        config(buckets=given)


def test_pair_buckets_come_back_from_a_stored_configuration():
    given = config(
        buckets={"width": 7, "max_buckets": 3},
        model_params={"inference.max_length_ratio": "auto"},
    )
    stored = from_json(to_json(given, "google_seq2seq", {}), "config.json")
    assert stored == given and stored.buckets.width == 7


@pytest.mark.parametrize("value", [0, -1.5, "automatic", [1]])
def test_ratios_are_positive_numbers_or_auto(value):
    with pytest.raises(UserError, match="a number > 0, 'auto' or null"):
        config(model_params={"inference.max_length_ratio": value})


@pytest.mark.parametrize("name", ["Adam", "Adagrad", "Ftrl"])
def test_only_descent_takes_a_momentum(name):
    params = {"optimizer.name": name, "optimizer.params": {"momentum": 0.9}}
    with pytest.raises(UserError, match="has no key 'momentum'"):
        config(model_params=params)


@pytest.mark.parametrize("momentum", [-0.1, 1.0])
def test_a_momentum_lies_between_zero_and_one(momentum):
    params = {"optimizer.name": "SGD"}
    with pytest.raises(UserError, match="momentum must be a number >= 0 and"):
        config(
            model_params={
                **params,
                "optimizer.params": {"momentum": momentum},
            }
        )
