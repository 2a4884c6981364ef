import numpy as np
import pytest

from keras_seq2seq.checkpoint.model_state import copy_weights
from keras_seq2seq.checkpoint.variable_names import optimizer_names
from keras_seq2seq.errors import UserError
from keras_seq2seq.freezing import freeze
from tests.zoo.tiny_models import attention_model, batch, step

PATTERNS = ("encoder/*", "embed_?ource/table")


@pytest.fixture(scope="module")
def trained():
    """A model with frozen variables, its weights before, and after a step."""
    model = attention_model()
    freeze(model, PATTERNS)
    model.compile()
    before = copy_weights(model)
    step(model, batch())
    return model, before, copy_weights(model)


def is_frozen(name):
    return name.startswith("encoder/") or name == "embed_source/table"


def test_frozen_variables_stay_equal_to_the_bit(trained):
    _, before, after = trained
    for name in before:
        equal = before[name].tobytes() == after[name].tobytes()
        assert equal == is_frozen(name), name


def test_the_optimizer_has_no_state_of_them(trained):
    model, before, _ = trained
    slots = optimizer_names(model)
    for name in before:
        has_slots = any(slot.startswith(f"{name}/") for slot in slots)
        assert has_slots != is_frozen(name), name


def test_what_is_frozen_is_told():
    told = freeze(attention_model(), ["attention/*", "to_logits/bias"])
    assert told[0] == "Frozen:     attention/*, 5 variables, 171 parameters"
    assert len(told) == 2


def test_a_pattern_without_a_match_brings_near_names_to_mind():
    for pattern, near in (
        ("encoder", "encoder/*"),
        ("embed_sorce/*", "embed_"),
    ):
        with pytest.raises(UserError, match="freeze: no variable") as error:
            freeze(attention_model(), [pattern])
        assert near in str(error.value)


def test_freezing_everything_is_refused():
    with pytest.raises(UserError, match="nothing is left to train"):
        freeze(attention_model(), ["*"])


def test_without_patterns_everything_is_trained():
    model = attention_model()
    assert freeze(model, ()) == []
    assert len(model.trainable_variables) == len(copy_weights(model))
    assert np.all([v.trainable for v in model.weights])
