import keras
import numpy as np
import pytest

from keras_seq2seq.metrics import Perplexity


def test_mean_is_over_tokens_not_over_batches():
    metric = Perplexity()
    metric.update_state([[1.0, 2.0], [3.0, 9.0]], [[1, 1], [1, 0]])
    metric.update_state([[6.0, 9.0]], [[1, 0]])
    assert float(metric.result()) == pytest.approx(np.exp(12 / 4))


def test_uniform_model_has_the_size_of_its_vocabulary():
    assert float(Perplexity()([np.log(32.0)] * 5)) == pytest.approx(32.0)


def test_padding_may_hold_anything():
    for junk in (np.nan, np.inf):
        found = Perplexity()(np.array([1.0, junk]), [1.0, 0.0])
        assert float(found) == pytest.approx(np.e)


def test_hopeless_model_is_capped_and_not_infinite():
    for nats in (1e4, 1e30, np.inf):
        found = float(Perplexity()(np.array([nats, 1.0], "float32")))
        assert found == pytest.approx(np.exp(88.0), rel=1e-4)


def test_not_a_number_stays_visible():
    assert np.isnan(float(Perplexity()(np.array([1.0, np.nan]))))


def test_no_tokens_is_one_and_reset_forgets():
    metric = Perplexity()
    assert float(metric.result()) == 1.0
    metric.update_state([5.0])
    metric.reset_state()
    assert float(metric.result()) == 1.0


def test_sums_stay_exact_beyond_the_range_of_float32():
    # Two tokens of ln 2 and 0 nats, after 2 ** 25 tokens of 1 nat each: a
    # float32 count would stay where it is.
    metric = Perplexity()
    metric.update_state(np.ones(1), [2.0**25])
    for _ in range(64):
        metric.update_state(np.zeros(1), [1.0])
    mean = 2.0**25 / (2.0**25 + 64)
    total = float(metric._weight[0]) + float(metric._weight[1])
    assert float(np.log(float(metric.result()))) == pytest.approx(mean, 1e-6)
    assert total == 2.0**25 + 64


def test_survives_its_configuration():
    metric = Perplexity(name="dev_perplexity")
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(metric)
    )
    assert again.name == "dev_perplexity"


def test_works_in_a_graph():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.function needs the TensorFlow backend")
    metric = Perplexity()
    update = tf.function(metric.update_state)
    for _ in range(2):
        update(tf.constant([[1.0, 3.0]]), tf.constant([[1.0, 1.0]]))
    assert float(metric.result()) == pytest.approx(np.exp(2.0))


def test_the_perplexity_of_sockeyes_example_is_the_root_of_eight():
    metric = Perplexity()
    metric.update_state(-np.log([0.5, 0.25, 0.1]), [1, 1, 0])
    assert float(metric.result()) == pytest.approx(8**0.5)
