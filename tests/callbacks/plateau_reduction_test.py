import keras
import numpy as np
import pytest

from keras_seq2seq.callbacks import LearningRateDecay, PlateauReduction
from keras_seq2seq.checkpoint.model_state import copy_slots, copy_weights
from keras_seq2seq.optimizers import Adagrad, Adam

X = np.ones((2, 2), "float32")


class Scores(keras.callbacks.Callback):
    """Logs given scores; None for an epoch without an evaluation."""

    def __init__(self, values, name):
        super().__init__()
        self.values, self.name = list(values), name

    def on_epoch_end(self, epoch, logs):
        value = self.values.pop(0)
        if value is not None:
            logs[self.name] = value


class Seen(keras.callbacks.Callback):
    """Notes rate, weights and slots as each epoch begins."""

    def __init__(self, decay):
        super().__init__()
        self.decay, self.rates, self.weights, self.slots = decay, [], [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.rates.append(self.decay.reduction)
        self.weights.append(copy_weights(self.model))
        self.slots.append(copy_slots(self.model))


def train(scores, name="val_perplexity", optimizer=None, **options):
    """Trains an epoch per score and one more; returns model, plateau, seen."""
    decay = LearningRateDecay("constant")
    options = {"patience": 3, "worst": None, **options}
    plateau = PlateauReduction(decay, 0.5, monitor=name, **options)
    seen = Seen(decay)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer or Adam(0.1), "mse", run_eagerly=True)
    model.optimizer.build(model.trainable_variables)
    callbacks = [seen, decay, Scores([*scores, 0.0], name), plateau]
    model.fit(
        X, X[:, :1], epochs=len(scores) + 1, verbose=0, callbacks=callbacks
    )
    return model, plateau, seen


def rates(scores, **options):
    """What multiplies the rate before each epoch, and after the last."""
    return train(scores, **options)[2].rates


def test_the_rate_falls_after_so_many_evaluations_and_the_count_begins_anew():
    # Better 1 to 4, never again: cuts at 7 and 10 and 13.
    scores = [9, 8, 7, 6, *[6] * 9]
    found = rates(scores)
    assert found[:8] == [1] * 7 + [0.5]
    assert found[8:] == [0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


def test_an_improvement_begins_the_count_anew():
    assert rates([9, 9, 9, 8, 9, 9, 8])[-1] == 0.5
    assert rates([9, 9, 9, 8, 9, 9, 7])[-1] == 1


def test_an_equal_value_and_none_at_all_are_no_improvement():
    nan = float("nan")
    assert rates([5, 5, nan, 5])[-1] == 0.5


def test_epochs_without_an_evaluation_do_not_count():
    assert rates([5, 5, None, None, 5])[-1] == 1


def test_larger_scores_are_better_where_the_name_says_so():
    scores = [1, 2, 3, 4]
    assert rates(scores, name="val_bleu")[-1] == 1
    assert rates(scores, name="val_perplexity")[-1] == 0.5


def test_a_score_as_bad_as_the_worst_counts_from_the_first():
    assert rates([0, 0, 0], name="val_bleu", worst=0.0)[-1] == 0.5
    assert rates([0, 0, 0], name="val_bleu")[-1] == 1


def test_the_best_weights_come_back_on_request():
    scores = [5, 4, 6, 6]
    _, _, seen = train(scores, patience=2, weights="best")
    best, others = seen.weights[2], seen.weights[3:]
    for name, array in best.items():
        np.testing.assert_array_equal(others[-1][name], array)
        assert not np.array_equal(others[0][name], array)


def test_weights_and_slots_stay_otherwise():
    _, _, seen = train([5, 5, 5], patience=2)
    assert seen.rates[3] == 0.5
    assert all(np.any(array) for array in seen.slots[3].values())


def test_the_best_slots_come_back_on_request():
    _, _, seen = train([5, 4, 6, 6], patience=2, slots="best")
    for name, array in seen.slots[2].items():
        np.testing.assert_array_equal(seen.slots[4][name], array)
        assert not np.array_equal(seen.slots[3][name], array)


@pytest.mark.parametrize(
    ("optimizer", "first"),
    [(Adam, 0.0), (Adagrad, 0.1)],
)
def test_slots_begin_anew_on_request_and_the_step_goes_on(optimizer, first):
    model, _, seen = train(
        [5, 5, 5], patience=2, slots="initial", optimizer=optimizer(0.1)
    )
    assert seen.slots[3]
    for array in seen.slots[3].values():
        assert np.all(array == np.float32(first))
    assert int(model.optimizer.iterations) == 4


def test_averages_of_the_weights_are_no_slots():
    optimizer = Adam(0.1, use_ema=True, ema_momentum=0.5)
    _, _, seen = train([5], optimizer=optimizer)
    assert not any("average" in name for name in seen.slots[1])


def test_a_resumed_plateau_goes_on_counting_and_goes_back():
    _, first, _ = train([5, 4, 6], patience=9, weights="best")
    twin = PlateauReduction(
        LearningRateDecay("constant"),
        monitor="val_perplexity",
        weights="best",
    )
    twin.set_arrays(first.get_arrays())
    twin.set_state(first.get_state())
    # `train` ends with an epoch of score 0.
    assert twin.rule.best == 0 and twin.rule.wait == 0
    assert twin.get_arrays().keys() == first.get_arrays().keys()


@pytest.mark.parametrize(
    "options",
    [{"factor": 0}, {"factor": 1.5}, {"patience": 0}, {"weights": "initial"}],
)
def test_wrong_arguments_are_refused(options):
    with pytest.raises(ValueError, match="Received"):
        PlateauReduction(LearningRateDecay("constant"), **options)
