import math

import keras
import numpy as np
import pytest

from keras_seq2seq.callbacks.learning_rate_decay import LearningRateDecay

KINDS = (
    "constant",
    "exponential",
    "natural_exponential",
    "inverse_time",
    "polynomial",
    "inverse_square_root",
)


def google(**options):
    return LearningRateDecay(
        "exponential", 10, 0.9, start=100, stop=1000, initial=1.0, **options
    )


class Rates(keras.callbacks.Callback):
    """Notes the optimizer's rate while each batch is under way."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def small_model(learning_rate=1.0):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate), "mse")
    return model


def train(model, callbacks, steps):
    x = np.ones((steps, 2), "float32")
    model.fit(
        x, x[:, :1], batch_size=1, verbose=0, callbacks=callbacks, shuffle=False
    )


@pytest.mark.parametrize(
    ("step", "rate"),
    [(50, 1.0), (100, 1.0), (115, 0.853815), (1000, 7.6177e-5),
     (5000, 7.6177e-5)],
)  # fmt: skip
def test_exponential_has_the_rates_of_google_seq2seq(step, rate):
    assert google().decayed(step) == pytest.approx(rate, rel=1e-4)


def test_the_rate_never_falls_below_the_minimum():
    assert google(minimum=0.01).decayed(900) == 0.01


def test_a_staircase_decays_only_at_whole_multiples():
    rates = [google(staircase=True).decayed(step) for step in (109, 110, 119)]
    assert rates == pytest.approx([1.0, 0.9, 0.9])


def test_natural_exponential_equals_hand_arithmetic():
    decay = LearningRateDecay("natural_exponential", 4, 0.5, initial=2.0)
    assert decay.decayed(8) == pytest.approx(2 * math.exp(-1))


def test_inverse_time_equals_hand_arithmetic():
    decay = LearningRateDecay("inverse_time", 4, 0.5, initial=2.0)
    assert decay.decayed(8) == pytest.approx(2 / (1 + 0.5 * 2))


def test_polynomial_falls_to_its_end_and_stays():
    decay = LearningRateDecay("polynomial", 10, initial=1.0, end=0.2, power=2.0)
    rates = [decay.decayed(step) for step in (5, 10, 99)]
    assert rates == pytest.approx([0.8 * 0.25 + 0.2, 0.2, 0.2])


def test_piecewise_changes_after_each_boundary():
    decay = LearningRateDecay(
        "piecewise", boundaries=[3, 6], values=[0.3, 0.2, 0.1], initial=0.3
    )
    rates = [decay.decayed(step) for step in (0, 3, 4, 6, 7)]
    assert rates == [0.3, 0.3, 0.2, 0.2, 0.1]


def test_inverse_square_root_peaks_at_the_end_of_the_warmup():
    decay = LearningRateDecay(
        "inverse_square_root", warmup_steps=4, initial=0.8
    )
    rates = [decay.decayed(step) for step in (0, 1, 3, 15)]
    # The n-th update has min(n / 4, sqrt(4 / n)) of the peak.
    assert rates == pytest.approx([0.2, 0.4, 0.8, 0.4])


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_has_a_rate_of_zero_or_more_than_the_initial(kind):
    decay = LearningRateDecay(kind, 5, 0.5, warmup_steps=3, initial=0.5)
    assert all(0 < decay.decayed(step) <= 0.5 for step in range(60))


def test_where_time_is_ahead_of_the_steps_the_rate_follows_the_time():
    shares, rates = iter([0.0, 0.1, 0.9, 1.0]), Rates()
    decay = LearningRateDecay(
        "polynomial", 4, initial=1.0, end=0.2, time=lambda: next(shares)
    )
    train(small_model(), [decay, rates], steps=4)
    # Steps alone give 1.0, 0.8, 0.6, 0.4.
    assert rates.seen == pytest.approx([1.0, 0.8, 0.4, 0.2])


def test_time_does_not_shorten_the_warm_up():
    decay = LearningRateDecay("polynomial", 100, initial=1.0, warmup_steps=10)
    assert decay.decayed(0, share=0.5) == pytest.approx(0.05)


def test_the_optimizer_really_has_the_decayed_rate():
    decay, rates = LearningRateDecay("exponential", 1, 0.5), Rates()
    train(small_model(0.8), [decay, rates], steps=4)
    assert rates.seen == pytest.approx([0.8, 0.4, 0.2, 0.1])


def test_a_second_callback_goes_on_from_the_optimizers_step():
    model, rates = small_model(), Rates()
    train(model, [LearningRateDecay("exponential", 1, 0.5, initial=1.0)], 3)
    resumed = LearningRateDecay("exponential", 1, 0.5, initial=1.0)
    train(model, [resumed, rates], 2)
    assert rates.seen == pytest.approx([0.125, 0.0625])


def test_the_state_brings_the_initial_rate_to_another_callback():
    model, rates = small_model(0.8), Rates()
    first = LearningRateDecay("exponential", 1, 0.5)
    train(model, [first], 2)
    second = LearningRateDecay("exponential", 1, 0.5)
    second.set_state(first.get_state())
    train(model, [second, rates], 1)
    assert rates.seen == pytest.approx([0.2])


def test_the_rate_is_in_the_logs_of_the_epoch():
    model = small_model(0.8)
    train(model, [LearningRateDecay("exponential", 1, 0.5)], 3)
    assert model.history.history["learning_rate"] == pytest.approx([0.2])


def test_a_scale_halves_every_rate():
    decay = google()
    decay.scale = 0.5
    assert decay.decayed(50) == 0.5


def test_a_misspelt_kind_gets_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean 'exponential'"):
        LearningRateDecay("exponental")


def test_piecewise_without_enough_values_is_refused():
    with pytest.raises(ValueError, match="one entry more"):
        LearningRateDecay("piecewise", boundaries=[3], values=[0.1])


@pytest.mark.parametrize(
    ("updates", "inverse", "square_root"),
    [
        (1000, 2.727e-4, 2.631e-4),
        (5000, 2.000e-4, 1.897e-4),
        (10000, 1.500e-4, 1.500e-4),
        (20000, 1.000e-4, 1.134e-4),
        (30000, 7.500e-5, 9.487e-5),
        (50000, 5.000e-5, 7.500e-5),
        (100000, 2.727e-5, 5.388e-5),
    ],
)
def test_half_lives_have_the_rates_of_sockeye(updates, inverse, square_root):
    for ending, rate in (("", inverse), ("_square_root", square_root)):
        decay = LearningRateDecay(
            f"half_life_inverse{ending}", half_life=10_000, initial=3e-4
        )
        # The update after `updates - 1` others is number `updates`.
        assert decay.decayed(updates - 1) == pytest.approx(rate, rel=2e-4)


@pytest.mark.parametrize("kind", ["", "_square_root"])
def test_a_half_life_halves_the_rate_and_begins_at_the_first_update(kind):
    decay = LearningRateDecay(
        f"half_life_inverse{kind}", half_life=7, initial=1.0
    )
    assert decay.decayed(6) == pytest.approx(0.5)
    assert decay.decayed(0) < 1.0


def test_a_gentle_warm_up_ends_where_it_meets_the_rate():
    decay = LearningRateDecay(
        "half_life_inverse",
        half_life=10,
        initial=1.0,
        warmup_steps=9,
        gentle_warmup=True,
    )
    rates = [decay.decayed(step) for step in range(12)]
    rising = [(t + 1) / 10 for t in range(1, 13)]
    falling = [1 / (1 + t / 10) for t in range(1, 13)]
    assert rates == pytest.approx(list(map(min, rising, falling)))


def test_a_reduction_multiplies_the_rate_and_is_resumed():
    decay = google(minimum=0.3)
    decay.reduction = 0.5
    assert decay.decayed(50) == 0.5
    assert decay.decayed(900) == 0.3
    twin = google(minimum=0.3)
    twin.set_state(decay.get_state())
    assert twin.decayed(50) == 0.5


def test_a_state_of_an_older_version_has_no_reduction():
    decay = google()
    decay.set_state({"initial": 1.0, "scale": 0.5})
    assert decay.reduction == 1.0 and decay.decayed(0) == 0.5


def test_a_half_life_must_be_positive():
    with pytest.raises(ValueError, match="`half_life` must be positive"):
        LearningRateDecay("half_life_inverse", half_life=0)
