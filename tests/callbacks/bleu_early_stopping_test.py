import keras
import numpy as np
import pytest

from keras_seq2seq.callbacks.bleu_early_stopping import BleuEarlyStopping
from keras_seq2seq.callbacks.corpus_score import CorpusScore

X = np.ones((2, 2), "float32")


class Weights(keras.callbacks.Callback):
    """Notes the weights at the end of each epoch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append([np.asarray(v) for v in self.model.weights])


def scorer(values, **options):
    values = iter(values)
    return CorpusScore(
        lambda model, sources: sources,
        ["a"],
        ["a"],
        lambda hypotheses, references: next(values),
        **options,
    )


def train(callbacks, epochs=10):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True)
    model.fit(X, X[:, :1], epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def test_training_stops_when_patience_ends():
    weights = Weights()
    train([BleuEarlyStopping(scorer([1, 3, 2, 2, 2, 9]), patience=2), weights])
    assert len(weights.seen) == 4


def test_a_gain_below_the_minimum_is_none():
    weights = Weights()
    stopping = BleuEarlyStopping(
        scorer([1.0, 1.4, 1.4, 9]), patience=2, min_delta=0.5
    )
    train([stopping, weights])
    assert len(weights.seen) == 3


def test_the_best_weights_are_restored():
    weights = Weights()
    stopping = BleuEarlyStopping(scorer([1, 3, 2, 2, 2]), patience=2)
    model = train([stopping, weights])
    assert all(map(np.array_equal, model.weights, weights.seen[1]))
    assert not np.array_equal(weights.seen[1][0], weights.seen[3][0])


def test_the_last_weights_stay_on_request():
    weights = Weights()
    stopping = BleuEarlyStopping(
        scorer([3, 2, 2]), patience=2, restore_best_weights=False
    )
    model = train([stopping, weights])
    assert all(map(np.array_equal, model.weights, weights.seen[-1]))


def test_an_error_rate_must_fall():
    weights = Weights()
    stopping = BleuEarlyStopping(
        scorer([9, 5, 6, 7], name="val_wer"), patience=2
    )
    train([stopping, weights])
    assert stopping.rule.best == 5 and len(weights.seen) == 4


def test_a_tie_is_no_improvement():
    # Better 1 to 4, never again: the third evaluation since then is the last.
    weights = Weights()
    perplexities = scorer([9, 8, 7, 6, 6, 7, 6, 1], name="val_perplexity")
    train([BleuEarlyStopping(perplexities, patience=3), weights])
    assert len(weights.seen) == 7


def test_patience_counts_evaluations_and_not_epochs():
    weights = Weights()
    stopping = BleuEarlyStopping(scorer([5, 4, 3], every=3), patience=2)
    train([stopping, weights], epochs=20)
    assert len(weights.seen) == 9


def test_a_score_that_is_no_number_is_no_improvement():
    nan = float("nan")
    stopping = BleuEarlyStopping(scorer([nan, 5, nan, nan]), patience=2)
    train([stopping])
    assert stopping.rule.best == 5 and stopping.stopped


def test_a_resumed_rule_goes_on_waiting():
    first = BleuEarlyStopping(scorer([5, 4]), patience=2)
    train([first], epochs=2)
    second, weights = BleuEarlyStopping(scorer([4]), patience=2), Weights()
    second.set_arrays(first.get_arrays())
    second.set_state(first.get_state())
    train([second, weights])
    assert len(weights.seen) == 1 and second.rule.best == 5


def test_the_score_is_in_the_history():
    model = train([BleuEarlyStopping(scorer([5, 6]))], epochs=2)
    assert model.history.history["val_bleu"] == [5, 6]


def test_patience_must_be_positive():
    with pytest.raises(ValueError, match="patience=0"):
        BleuEarlyStopping(scorer([]), patience=0)


def test_a_first_score_no_better_than_the_worst_is_no_improvement():
    weights = Weights()
    train([BleuEarlyStopping(scorer([0, 0, 9]), patience=2, worst=0), weights])
    assert len(weights.seen) == 2


def test_a_score_that_stays_zero_is_warned_of(caplog):
    train([BleuEarlyStopping(scorer([0, 0]), patience=2, worst=0)])
    assert "val_bleu is still 0 after 2 evaluations" in caplog.text


def test_a_score_that_was_better_is_not_warned_of(caplog):
    train([BleuEarlyStopping(scorer([1, 0, 0]), patience=2, worst=0)])
    assert not caplog.text


def test_without_patience_training_goes_on():
    weights = Weights()
    stopping = BleuEarlyStopping(scorer([5, 4, 3, 2]), patience=None)
    train([stopping, weights], epochs=4)
    assert len(weights.seen) == 4 and stopping.rule.best == 5


@pytest.mark.parametrize(
    ("scores", "epochs"),
    [([5, 4, 3, 2, 9], 4), ([5, 4, 3, 6, 5, 5, 9], 6)],
    ids=["still bad", "better just then"],
)
def test_patience_runs_on_while_training_may_not_end(scores, epochs):
    weights = Weights()  # before the rule, so it counts this epoch, too
    stopping = BleuEarlyStopping(
        scorer(scores), patience=2, may_stop=lambda: len(weights.seen) >= 4
    )
    train([weights, stopping])
    assert len(weights.seen) == epochs
