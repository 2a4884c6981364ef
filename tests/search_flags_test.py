import argparse

import keras
import pytest

from keras_seq2seq.config.inference_flags import inference_flags
from keras_seq2seq.errors import UserError
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from keras_seq2seq.search_flags import asked_search

BEAM = BeamSearch(4, 0.6, coverage_penalty=0.2)


def asked(own=BEAM, **flags):
    given = {"model_dir": ["run"], **flags}
    return asked_search(own, inference_flags(argparse.Namespace(**given)))


def test_without_flags_the_search_is_the_models_own():
    assert asked() == BEAM
    assert asked(GreedySearch(ban_unknown=True)) == GreedySearch(True)


def test_flags_of_the_beam_change_what_they_name():
    assert asked(beam_size="7") == BeamSearch(7, 0.6, coverage_penalty=0.2)
    assert asked(GreedySearch(), beam_size=3) == BeamSearch(3)
    found = asked(beam_prune=2.5, beam_search_stop="first")
    assert (found.prune, found.stop_at_first) == (2.5, True)
    assert not asked(beam_search_stop="all").stop_at_first


def test_the_length_penalty_is_sockeyes():
    found = asked(GreedySearch(), beam_size=5, length_penalty_alpha=0.1)
    assert float(found.penalty()(20)) == pytest.approx(1.349, abs=1e-3)
    found = asked(length_penalty_beta=5)
    assert float(found.penalty()(20)) == pytest.approx(4.167, abs=1e-3)
    assert found.count_end
    assert float(asked(length_penalty_alpha=0).penalty()(20)) == 1


def test_a_temperature_goes_with_every_search():
    assert asked(softmax_temperature=0.5).temperature == 0.5
    assert asked(GreedySearch(), softmax_temperature=2).temperature == 2
    assert asked(sample=0, softmax_temperature=2).temperature == 2


def test_sampling_replaces_the_search():
    found = asked(sample="3", top_p=0.9, seed=5)
    assert isinstance(found, SamplingSearch)
    assert (found.top_k, found.top_p) == (3, 0.9)
    assert isinstance(found.seed, keras.random.SeedGenerator)
    assert asked(sample=0).top_k is None


@pytest.mark.parametrize(
    "flags",
    [
        {"sample": 0, "beam_size": 5},
        {"sample": 0, "length_penalty_alpha": 1},
        {"top_p": 0.5},
        {"seed": 1},
        {"beam_size": 0},
        {"softmax_temperature": 0},
        {"beam_search_stop": "never"},
        {"sure_align_threshold": 2},
        {"output_type": "translations"},
    ],
)
def test_what_does_not_fit_is_refused_by_name(flags):
    with pytest.raises(UserError, match=next(reversed(flags))):
        asked(**flags)
