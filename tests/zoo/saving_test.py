"""`model.save("x.keras")` and `keras.models.load_model`."""

import keras
import numpy as np
import pytest

from keras_seq2seq.optimizers import Adam
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from tests.contracts import assert_close
from tests.zoo.tiny_models import (
    attention_model,
    basic_model,
    batch,
    conv_model,
    conv_s2s_model,
    pooling_model,
    sockeye_rnn_model,
    step,
)

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.mark.parametrize(
    "make",
    [
        attention_model,
        basic_model,
        pooling_model,
        conv_model,
        conv_s2s_model,
        sockeye_rnn_model,
    ],
)
def test_a_loaded_model_goes_on_where_the_saved_one_stood(make, tmp_path):
    data = batch()
    model = make(label_smoothing=0.1, clip_norm=2.0)
    model.compile(Adam(0.05, beta_2=0.9))
    step(model, data)
    model.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras")
    assert type(loaded) is type(model)
    assert_close(loaded(data[0]), model(data[0]), 0)
    assert isinstance(loaded.optimizer, Adam)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert int(loaded.optimizer.iterations) == 1
    # The slots are those of the saved one: the next steps are equal.
    assert step(loaded, data) == step(model, data)
    assert_close(loaded.get_weights(), model.get_weights(), 0)


@pytest.mark.parametrize(
    "search",
    [
        GreedySearch(ban_unknown=True),
        BeamSearch(width=3, length_penalty=0.6, n_best=2),
        SamplingSearch(top_k=2, seed=5),
    ],
    ids=lambda search: type(search).__name__,
)
def test_a_loaded_model_searches_as_the_saved_one(search, tmp_path):
    attention_model(search=search).save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras")
    assert loaded.generator.default_search == search


def test_a_search_that_moves_on_is_saved_with_its_seed(tmp_path):
    search = SamplingSearch(seed=keras.random.SeedGenerator(7))
    attention_model(search=search).save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras")
    seed = loaded.generator.default_search.seed
    assert seed.get_config() == search.seed.get_config()


def test_a_search_of_the_users_own_is_named_when_it_is_not_saved():
    class OwnSearch(GreedySearch):
        pass

    model = attention_model(search=OwnSearch())
    with pytest.warns(UserWarning, match="your own search OwnSearch"):
        config = model.get_config()
    loaded = type(model).from_config(config)
    assert type(loaded.generator.default_search) is GreedySearch


@pytest.mark.parametrize("sharing", [None, "target_output"])
def test_weights_alone_can_be_saved(sharing, tmp_path):
    model, other = (attention_model(share_embeddings=sharing) for _ in "ab")
    other.set_weights([0 * w for w in other.get_weights()])
    model.save_weights(tmp_path / "x.weights.h5")
    other.load_weights(tmp_path / "x.weights.h5")
    assert_close(other.get_weights(), model.get_weights(), 0)


def test_an_uncompiled_model_loads_uncompiled(tmp_path):
    model = attention_model()
    model.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras")
    assert not loaded.compiled
    assert_close(loaded.get_weights(), model.get_weights(), 0)


def test_a_loss_of_the_users_own_is_saved(tmp_path):
    model, (inputs, labels, _) = attention_model(), batch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss=loss, run_eagerly=True)
    model.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras")
    expected = model.evaluate(inputs, labels, verbose=0)
    assert loaded.evaluate(inputs, labels, verbose=0) == expected


def test_a_model_keeps_its_precision_under_another_policy(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = attention_model()
    model.save(tmp_path / "x.keras")
    keras.config.set_dtype_policy("float32")
    loaded = keras.models.load_model(tmp_path / "x.keras")
    inputs, _, _ = batch()
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
