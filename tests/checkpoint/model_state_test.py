import keras
import numpy as np
import pytest

from keras_seq2seq.checkpoint.model_state import (
    assign_weights,
    read_metrics,
    read_model,
    snapshot,
    write_model,
)
from keras_seq2seq.checkpoint.variable_names import (
    optimizer_names,
    weight_names,
)
from keras_seq2seq.errors import UserError

WORDS, WIDTH = 7, 5
TOKENS = np.arange(6, dtype="int32").reshape(2, 3)


class Classifier(keras.Model):
    """Two equal layers, a shared one, a list, a seed; names by Keras."""

    def __init__(self, width=WIDTH, extra=False):
        super().__init__()
        self.embed = keras.layers.Embedding(WORDS, width)
        self.first = keras.layers.Dense(width)
        self.second = keras.layers.Dense(width)
        self.stack = [keras.layers.Dense(width) for _ in range(2)]
        self.rnn = keras.layers.SimpleRNN(3)
        self.again = self.first
        self.dropout = keras.layers.Dropout(0.5)
        self.to_logits = keras.layers.Dense(1, use_bias=extra)

    def call(self, tokens, training=False):
        x = self.second(self.again(self.first(self.embed(tokens))))
        for layer in self.stack:
            x = self.dropout(layer(x), training=training)
        return self.to_logits(self.rnn(x))


def compiled(optimizer="adam", use_ema=True, **options):
    model = Classifier(**options)
    optimizer = keras.optimizers.get(
        {"class_name": optimizer, "config": {"use_ema": use_ema}}
    )
    model.compile(optimizer, "mse", metrics=["mae"], run_eagerly=True)
    model(TOKENS)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model, steps=2):
    for _ in range(steps):
        model.train_on_batch(TOKENS, np.ones((2, 1)))


def weights(model):
    return [np.asarray(variable) for variable in model.weights]


def slots(model):
    return [np.asarray(variable) for variable in model.optimizer.variables]


def equal(first, second):
    return all(map(np.array_equal, first, second))


def test_names_are_those_of_the_attributes():
    names = list(weight_names(compiled()))
    assert names[:3] == ["embed/embeddings", "first/kernel", "first/bias"]
    assert "stack/1/kernel" in names
    assert "rnn/cell/recurrent_kernel" in names


def test_names_do_not_depend_on_what_the_process_made_before():
    first, second = compiled(), compiled()
    train(second)
    assert list(weight_names(first)) == list(weight_names(second))
    assert list(optimizer_names(first)) == list(optimizer_names(second))


def test_names_do_not_depend_on_who_built_the_layers():
    whole, piecemeal = compiled(), Classifier()
    piecemeal.second.build((None, WIDTH))
    piecemeal.to_logits.build((None, 3))
    piecemeal(TOKENS)
    assert weight_names(whole).keys() == weight_names(piecemeal).keys()


def test_every_weight_has_a_name_in_sequential_and_functional_models():
    inputs = keras.Input((2,))
    outputs = keras.layers.Dense(1)(keras.layers.Dense(3)(inputs))
    functional = keras.Model(inputs, outputs)
    sequential = keras.Sequential(
        [keras.layers.Dense(3), keras.layers.Dense(1)]
    )
    sequential.build((None, 2))
    expected = [f"layers/{i}/{n}" for i in (0, 1) for n in ("kernel", "bias")]
    assert list(weight_names(functional)) == expected
    assert list(weight_names(sequential)) == expected


def test_a_slot_is_named_after_its_weight():
    names = optimizer_names(compiled())
    assert {"iteration", "first/kernel/momentum", "stack/1/bias/velocity",
            "second/kernel/average"} <= names.keys()  # fmt: skip


@pytest.mark.parametrize("optimizer", ["adam", "SGD", "rmsprop", "adagrad"])
def test_training_goes_on_to_equal_bits_in_another_model(tmp_path, optimizer):
    first = compiled(optimizer)
    train(first)
    write_model(first, tmp_path)
    train(first)
    second = compiled(optimizer)
    read_model(second, tmp_path)
    train(second)
    assert equal(weights(first), weights(second))
    assert equal(slots(first), slots(second))


def test_dropout_would_differ_without_the_seeds(tmp_path):
    model = compiled()
    write_model(model, tmp_path)
    before = {name: array for name, array in snapshot(model).training.items()}
    train(model)
    after = snapshot(model).training
    seeds = [name for name in before if name.startswith("seeds/")]
    assert seeds
    assert any(not np.array_equal(before[n], after[n]) for n in seeds)


def test_the_weights_alone_fit_a_model_that_is_not_compiled(tmp_path):
    first = compiled()
    write_model(first, tmp_path)
    second = Classifier()
    second(TOKENS)
    read_model(second, tmp_path, training=False)
    assert equal(weights(first), weights(second))


def test_another_width_is_refused_and_nothing_changes(tmp_path):
    write_model(compiled(), tmp_path)
    other = compiled(width=6)
    before = weights(other)
    with pytest.raises(UserError, match="first/kernel: model"):
        read_model(other, tmp_path)
    assert equal(before, weights(other))


def test_a_weight_too_many_is_refused_by_name(tmp_path):
    write_model(compiled(), tmp_path)
    with pytest.raises(UserError, match="not in the file .1.: to_logits/bias"):
        read_model(compiled(extra=True), tmp_path)


def test_another_optimizer_is_refused_and_nothing_changes(tmp_path):
    first = compiled()
    train(first)
    write_model(first, tmp_path)
    other = compiled("SGD")
    before = weights(other)
    with pytest.raises(UserError, match="first/kernel/velocity"):
        read_model(other, tmp_path)
    assert equal(before, weights(other))


def test_running_metrics_come_back(tmp_path):
    first, second = compiled(), compiled()
    train(first)
    train(second, steps=1)
    write_model(first, tmp_path)
    second.reset_metrics()
    read_metrics(second, tmp_path)
    assert second.get_metrics_result() == first.get_metrics_result()


def test_a_snapshot_does_not_follow_the_training():
    model = compiled()
    state = snapshot(model)
    before = {name: array.copy() for name, array in state.weights.items()}
    train(model)
    assert all(np.array_equal(state.weights[n], a) for n, a in before.items())


def test_weights_are_assigned_by_name():
    model = compiled()
    arrays = {n: np.full(v.shape, 2, v.dtype) for n, v in
              weight_names(model).items()}  # fmt: skip
    assign_weights(model, arrays)
    assert all(np.all(array == 2) for array in weights(model))
