import keras
import numpy as np
import pytest

from keras_seq2seq.optimizers import Adam
from tests.contracts import array, assert_close

SHAPES = ((3, 4), (5,))


def after_steps(optimizer, steps=5, dtype="float32"):
    variables = [
        keras.Variable(array(*shape, seed=i), dtype=dtype, name=f"v{i}")
        for i, shape in enumerate(SHAPES)
    ]
    for step in range(steps):
        gradients = [
            keras.ops.cast(array(*shape, seed=10 * step + i), dtype)
            for i, shape in enumerate(SHAPES)
        ]
        optimizer.apply(gradients, variables)
    return variables, optimizer


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3},
        {"weight_decay": 0.01},
        {"clipnorm": 0.5},
        {"global_clipnorm": 0.5},
        {"use_ema": True, "ema_momentum": 0.5},
        {"amsgrad": True},
    ],
    ids=str,
)
def test_equals_keras_after_some_steps(options):
    ours, our_optimizer = after_steps(Adam(**options))
    theirs, their_optimizer = after_steps(keras.optimizers.Adam(**options))
    assert_close([v.value for v in ours], [v.value for v in theirs], 1e-5)
    names = [v.name for v in their_optimizer.variables]
    assert [v.name for v in our_optimizer.variables] == names
    for one, other in zip(
        our_optimizer.variables, their_optimizer.variables, strict=True
    ):
        assert_close(one.value, other.value, 1e-6)


def test_a_first_step_moves_by_the_learning_rate():
    (before, _), _ = after_steps(Adam(0.1), steps=0)
    before = np.asarray(before)
    (after, _), _ = after_steps(Adam(0.1), steps=1)
    moved = np.asarray(after) - before
    assert_close(moved, -0.1 * np.sign(array(*SHAPES[0])), 1e-4)


def test_a_schedule_sets_the_rate_of_each_step():
    def schedule():
        return keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)

    ours, _ = after_steps(Adam(schedule()))
    theirs, _ = after_steps(keras.optimizers.Adam(schedule()))
    assert_close([v.value for v in ours], [v.value for v in theirs], 1e-5)


def test_state_passes_from_keras_to_ours():
    _, theirs = after_steps(keras.optimizers.Adam(), steps=3)
    _, ours = after_steps(Adam(), steps=1)
    values = {str(i): v.numpy() for i, v in enumerate(theirs.variables)}
    ours.load_own_variables(values)
    assert int(ours.iterations) == 3


def test_the_configuration_round_trip():
    optimizer = Adam(0.1, beta_2=0.9, epsilon=1e-5)
    twin = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(optimizer)
    )
    assert isinstance(twin, Adam)
    assert twin.get_config() == optimizer.get_config()
