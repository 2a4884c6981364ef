import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import (
    AttentionDecoder,
    BidirectionalRNNEncoder,
    FixedAttention,
    GRUCell,
    InitialStateBridge,
    LSTMCell,
    RecurrentStack,
    ZeroBridge,
)
from keras_seq2seq.optimizers import Adam
from keras_seq2seq.zoo.tensorflow_step import cross_entropy, cut, filled_up
from tests.contracts import array, assert_close
from tests.zoo.tiny_models import (
    TARGET_LENGTHS,
    TARGET_SIZE,
    B,
    E,
    T,
    attention_model,
    basic_model,
    batch,
    conv_model,
    step,
    tensors,
)

TOKENS = TARGET_LENGTHS.sum()


def compiled(model, optimizer=None, **options):
    model.compile(optimizer or keras.optimizers.SGD(1.0), **options)
    return model


def evaluate(model, data):
    logs = model.test_step(tensors(data))
    model.reset_metrics()
    return {name: float(value) for name, value in logs.items()}


def weights_of(model):
    return [w.copy() for w in model.get_weights()]


def nats_by_hand(model, data):
    """Cross-entropies `(B, T)`, 0 at padding, and all log-probabilities."""
    inputs, labels, weights = data
    logits = np.asarray(model(inputs), "float64")
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    nats = -np.take_along_axis(log_probs, labels[..., None], -1)[..., 0]
    return nats * (weights > 0), log_probs


# Shards -------------------------------------------------------------------


def of_shards(make, count):
    model = compiled(make())
    model.batch_shards = count
    return model


@pytest.mark.parametrize(
    "make, shards",  # of three rows
    [(attention_model, 2), (attention_model, 4), (conv_model, 2)],
)
def test_a_batch_in_shards_makes_the_step_of_the_whole(make, shards):
    whole, cut = of_shards(make, 1), of_shards(make, shards)
    cut.set_weights(weights_of(whole))
    assert evaluate(cut, batch()) == pytest.approx(evaluate(whole, batch()))
    assert step(cut, batch()) == pytest.approx(step(whole, batch()), rel=1e-5)
    for one, other in zip(weights_of(whole), weights_of(cut), strict=True):
        assert_close(one, other)


def test_a_loss_by_rows_counts_those_of_all_shards():
    losses = [weights_after(shards) for shards in (1, 2)]
    for one, other in zip(*losses, strict=True):
        assert_close(one, other)


def weights_after(shards):
    model = of_shards(
        lambda: attention_model(loss_normalization="batch"), shards
    )
    step(model, batch())
    return weights_of(model)


def test_each_shard_draws_masks_of_its_own():
    model = of_shards(lambda: attention_model(embedding_dropout=0.5), 2)
    inputs, labels, weights = batch()
    # Both shards get the same row.
    twice = tf.nest.map_structure(
        lambda x: x[[0, 0]], (inputs, labels, weights)
    )
    shards = [model._shard_sums(*x, True) for x in cut(tensors(twice), 2)]
    assert float(shards[0].loss) != float(shards[1].loss)


# Loss ---------------------------------------------------------------------


@pytest.mark.parametrize("make", [attention_model, basic_model])
def test_the_loss_is_the_sum_over_real_tokens_by_their_count(make):
    model, data = compiled(make()), batch()
    expected = nats_by_hand(model, data)[0].sum() / TOKENS
    found = evaluate(model, data)
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    assert found["perplexity"] == pytest.approx(np.exp(expected), rel=1e-5)
    assert found["tokens"] == TOKENS
    assert step(model, data)["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_accuracy_is_the_share_of_tokens_that_are_the_argmax():
    model, data = compiled(attention_model()), batch()
    inputs, labels, weights = data
    right = np.argmax(model(inputs), -1) == labels
    expected = (right * weights).sum() / TOKENS
    assert evaluate(model, data)["accuracy"] == pytest.approx(expected)


def test_label_smoothing_by_hand():
    model, data = compiled(attention_model(label_smoothing=0.3)), batch()
    nats, log_probs = nats_by_hand(model, data)
    uniform = -log_probs.mean(-1) * (data[2] > 0)
    expected = (0.7 * nats + 0.3 * uniform).sum() / TOKENS
    found = step(model, data)
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    # The perplexity stays that of the model.
    perplexity = np.exp(nats.sum() / TOKENS)
    assert found["perplexity"] == pytest.approx(perplexity, rel=1e-5)


def test_evaluation_is_not_smoothed():
    model, data = compiled(attention_model(label_smoothing=0.3)), batch()
    expected = nats_by_hand(model, data)[0].sum() / TOKENS
    assert evaluate(model, data)["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("empty", [0, 1])
def test_the_loss_may_be_divided_by_pairs(empty):
    """Only for the gradient: the logs stay nats per token."""
    inputs, labels, weights = batch()
    weights[:empty] = 0  # a dummy is no pair
    moved, logs = [], []
    for way in ("tokens", "batch"):
        model = compiled(attention_model(loss_normalization=way, clip_norm=0))
        before = weights_of(model)
        logs.append(step(model, (inputs, labels, weights)))
        after = weights_of(model)
        moved.append([b - a for a, b in zip(after, before, strict=True)])
    factor = weights.sum() / (B - empty)
    for by_tokens, by_pairs in zip(*moved, strict=True):
        assert_close(by_pairs, factor * by_tokens, 1e-4)
    assert logs[1]["loss"] == pytest.approx(logs[0]["loss"])


def test_another_normalization_is_refused():
    with pytest.raises(ValueError, match="Received: 'pairs'"):
        attention_model(loss_normalization="pairs")


LABELS = np.array([0, 4, 2, 2])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_cross_entropy_against_a_one_hot_product(smoothing, scale):
    logits = tf.constant(array(4, 5, scale=scale))
    target = (1 - smoothing) * np.eye(5)[LABELS] + smoothing / 5
    upstream = array(4, seed=1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        loss, nats, right = cross_entropy(
            logits, tf.constant(LABELS), smoothing
        )
        mixture = tf.reduce_sum(loss * upstream)
        log_probs = tf.nn.log_softmax(logits)
        expected = -tf.reduce_sum(target * log_probs, axis=-1)
        expected_mixture = tf.reduce_sum(expected * upstream)
    assert_close(loss, expected)
    assert_close(nats, -log_probs.numpy()[np.arange(4), LABELS])
    assert right.numpy().tolist() == (np.argmax(logits, -1) == LABELS).tolist()
    assert_close(
        tape.gradient(mixture, logits), tape.gradient(expected_mixture, logits)
    )


def test_token_weights_multiply_the_loss_and_not_the_count():
    model = compiled(attention_model())
    inputs, labels, weights = batch()
    weights = weights * np.array([[2.0], [0.5], [1.0]], "float32")
    nats, _ = nats_by_hand(model, (inputs, labels, weights))
    expected = (nats * weights).sum() / TOKENS
    found = evaluate(model, (inputs, labels, weights))
    assert found["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_weight_per_row_serves_all_its_tokens():
    model = compiled(attention_model())
    inputs, labels, weights = batch()
    per_row = np.array([2.0, 0.0, 1.0], "float32")
    found = evaluate(model, (inputs, labels, per_row))
    per_token = weights * per_row[:, None]
    assert found == evaluate(model, (inputs, labels, per_token))


def test_weights_at_padding_count_for_nothing():
    model = compiled(attention_model())
    inputs, labels, weights = batch()
    expected = evaluate(model, (inputs, labels, weights))
    ones = np.ones_like(weights)
    assert evaluate(model, (inputs, labels, ones)) == expected
    assert evaluate(model, (inputs, labels)) == expected


def test_dummy_rows_change_nothing():
    data = batch()
    filled = (
        {
            "source": np.concatenate(
                [data[0]["source"], [[3] + [0] * 5]]
            ).astype("int32"),
            "target": np.concatenate(
                [data[0]["target"], [[2] + [0] * 4]]
            ).astype("int32"),
        },
        np.concatenate([data[1], [[3] + [0] * 4]]).astype("int32"),
        np.concatenate([data[2], np.zeros((1, T), "float32")]),
    )
    one, other = compiled(attention_model()), compiled(attention_model())
    logs, filled_logs = step(one, data), step(other, filled)
    assert filled_logs == pytest.approx(logs, rel=1e-5)
    assert_close(other.get_weights(), one.get_weights(), 1e-6)


def test_a_batch_of_dummy_rows_changes_no_weight():
    model = compiled(attention_model())
    inputs, labels, weights = batch()
    before = weights_of(model)
    assert step(model, (inputs, labels, 0 * weights))["loss"] == 0
    assert_close(model.get_weights(), before, 0)


# Filling up ---------------------------------------------------------------


def bfloat16_model():
    keras.config.set_dtype_policy("mixed_bfloat16")
    return compiled(attention_model())


def projected_rows(model, data):
    """How many features an evaluation projects."""
    project, seen = model.to_logits, []

    def to_logits(features):
        seen.append(features.shape[0])
        return project(features)

    model.to_logits = to_logits
    evaluate(model, data)
    (rows,) = seen
    return rows


@pytest.mark.parametrize("times", [1, 2, 6])  # 9, 18 and 54 tokens
def test_tokens_are_projected_in_multiples_of_sixteen_in_bfloat16(times):
    data = tf.nest.map_structure(lambda x: np.concatenate([x] * times), batch())
    tokens = times * TOKENS
    assert projected_rows(compiled(attention_model()), data) == tokens
    rounded = math.ceil(tokens / 16) * 16
    assert projected_rows(bfloat16_model(), data) == rounded


def test_what_is_filled_in_has_no_weight():
    places, weights = tf.constant([[3, 1], [4, 1], [5, 9]]), tf.ones(3)
    filled, weighted = filled_up(places, weights)
    assert filled.numpy().tolist() == [*places.numpy().tolist(), *[[3, 1]] * 13]
    assert weighted.numpy().tolist() == [1.0] * 3 + [0.0] * 13
    assert filled_up(places[:0], weights[:0])[0].shape == (0, 2)


def test_what_is_filled_in_is_no_token():
    model, (inputs, _, weights) = bfloat16_model(), batch()
    likeliest = np.argmax(np.asarray(model(inputs), "float32")[..., 1:], -1)
    labels = (likeliest + 1) * (weights > 0)  # never PAD
    found = evaluate(model, (inputs, labels, weights))
    assert found["tokens"] == TOKENS
    assert 0.8 < found["accuracy"] <= 1.0


@pytest.mark.slow
def test_a_step_in_bfloat16_may_be_compiled_by_xla():
    model = bfloat16_model()
    inputs, labels, weights = batch()
    expected = evaluate(model, batch())["loss"]
    model.compile("sgd", jit_compile=True)
    found = model.test_on_batch(inputs, labels, weights, return_dict=True)
    assert found["loss"] == pytest.approx(expected, rel=0.02)
    model.train_on_batch(inputs, labels, weights)


# Gradients and clipping ---------------------------------------------------


def true_gradients(model, data):
    """Of the loss by hand, dense, one per variable."""
    inputs, labels, weights = tensors(data)
    with tf.GradientTape() as tape:
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, model(inputs)
        )
        loss = tf.reduce_sum(nats * weights) / TOKENS
    found = tape.gradient(loss, [v.value for v in model.trainable_variables])
    return [np.asarray(tf.convert_to_tensor(each)) for each in found]


def norm_of(gradients):
    return np.sqrt(sum((g.astype("float64") ** 2).sum() for g in gradients))


def moved(model, data):
    """Steps of the weights under SGD with rate 1, and the logs."""
    before = [v.numpy().copy() for v in model.trainable_variables]
    logs = step(model, data)
    after = [v.numpy() for v in model.trainable_variables]
    return [b - a for a, b in zip(after, before, strict=True)], logs


@pytest.mark.parametrize("make", [attention_model, basic_model])
def test_an_unclipped_step_follows_the_gradient_of_the_loss(make):
    model, data = compiled(make(clip_norm=None)), batch()
    expected = true_gradients(model, data)
    steps, logs = moved(model, data)
    assert_close(steps, expected)
    assert logs["gradient_norm"] == pytest.approx(norm_of(expected), rel=1e-5)


def test_clipping_is_by_the_global_norm_and_the_log_is_unclipped():
    model, data = compiled(attention_model(clip_norm=0.1)), batch()
    expected = true_gradients(model, data)
    norm = norm_of(expected)
    steps, logs = moved(model, data)
    assert norm > 0.1
    assert logs["gradient_norm"] == pytest.approx(norm, rel=1e-5)
    assert norm_of(steps) == pytest.approx(0.1, rel=1e-4)
    assert_close(steps, [g * 0.1 / norm for g in expected])


def test_gradients_below_the_norm_are_left_alone():
    model, data = compiled(attention_model(clip_norm=1e3)), batch()
    expected = true_gradients(model, data)
    assert_close(moved(model, data)[0], expected)


def test_tables_are_clipped_after_that_each_by_its_own_norm():
    model = compiled(attention_model(clip_norm=1.0, clip_embedding_norm=0.01))
    data = batch()
    expected = true_gradients(model, data)
    scale = min(1.0, 1.0 / norm_of(expected))
    steps, _ = moved(model, data)
    tables = (model.embed_source.table, model.embed_target.table)
    for variable, one, gradient in zip(
        model.trainable_variables, steps, expected, strict=True
    ):
        if any(variable is table for table in tables):
            assert norm_of([one]) == pytest.approx(0.01, rel=1e-3)
        else:
            assert_close(one, gradient * scale)


@pytest.mark.parametrize(
    "optimizer_class",
    [
        keras.optimizers.Adam,
        keras.optimizers.Adagrad,
        keras.optimizers.RMSprop,
    ],
)
def test_repeated_tokens_train_as_with_dense_gradients(optimizer_class):
    data = batch()
    data[0]["source"][data[0]["source"] > 0] = 5  # one token, many times
    model = compiled(attention_model(clip_norm=None), optimizer_class(0.1))
    twin = attention_model(clip_norm=None)
    optimizer = optimizer_class(0.1)
    for _ in range(2):
        step(model, data)
        optimizer.apply(
            [tf.constant(g) for g in true_gradients(twin, data)],
            twin.trainable_variables,
        )
    assert_close(model.get_weights(), twin.get_weights(), 1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: basic_model(bridge=ZeroBridge()),
        lambda: conv_model(attention=FixedAttention(), reverse_source=False),
    ],
)
def test_weights_that_the_loss_does_not_reach_stay_as_they_are(make):
    model, data = compiled(make()), batch()
    steps, logs = moved(model, data)
    assert np.isfinite(logs["gradient_norm"])
    resting = [not each.any() for each in steps]
    assert any(resting) and not all(resting)


# What is not finite -------------------------------------------------------


def test_a_loss_that_is_not_finite_raises_and_changes_nothing():
    model, data = compiled(attention_model(), Adam(0.1)), batch()
    step(model, data)
    model.to_logits.bias.assign(model.to_logits.bias * np.nan)
    before = weights_of(model)
    slots = [v.numpy().copy() for v in model.optimizer.variables]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not a finite"):
        step(model, data)
    assert_close(model.get_weights(), before, 0)
    assert_close([v.value for v in model.optimizer.variables], slots, 0)


# Compile ------------------------------------------------------------------


def test_compile_without_arguments_uses_adam_of_1e_4():
    model = attention_model()
    model.compile()
    optimizer = model.optimizer
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)
    assert (optimizer.epsilon, model.clip_norm) == (1e-8, 5.0)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_loss_of_the_users_own_has_keras_s_meaning(weighted):
    model, (inputs, labels, weights) = attention_model(), batch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss=loss, run_eagerly=True)
    given = weights if weighted else None
    expected = float(loss(labels, model(inputs), given))
    logs = model.evaluate(
        inputs, labels, sample_weight=given, verbose=0, return_dict=True
    )
    assert logs == {"loss": pytest.approx(expected, rel=1e-5)}


def test_stock_training_moves_by_the_gradient_of_that_loss():
    model, (inputs, labels, weights) = attention_model(), batch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1.0), loss=loss, run_eagerly=True)
    with tf.GradientTape() as tape:
        value = loss(labels, model(inputs), weights)
    variables = model.trainable_variables
    slopes = tape.gradient(value, [v.value for v in variables])
    expected = [v.numpy() - g for v, g in zip(variables, slopes, strict=True)]
    model.train_on_batch(inputs, labels, sample_weight=weights)
    assert_close([v.value for v in variables], expected)


def test_metrics_of_the_users_own_go_with_a_loss_of_the_users_own():
    model, (inputs, labels, _) = attention_model(), batch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=loss, metrics=["accuracy"], run_eagerly=True)
    logs = model.train_on_batch(inputs, labels, return_dict=True)
    assert set(logs) == {"loss", "accuracy"}


def test_metrics_of_the_users_own_are_refused_without_one():
    with pytest.raises(ValueError, match=r"`metrics`.*loss.*\['accuracy'\]"):
        attention_model().compile(metrics=["accuracy"])


def test_float16_is_refused_since_the_own_loss_is_not_scaled():
    keras.config.set_dtype_policy("mixed_float16")
    model = attention_model()
    with pytest.raises(ValueError, match=r"mixed_bfloat16.*'mixed_float16'"):
        model.compile(Adam(0.1))
    with pytest.raises(ValueError, match="mixed_bfloat16"):
        model.compile(Adam(0.1), auto_scale_loss=False)


def test_an_optimizer_that_scales_losses_is_refused():
    optimizer = keras.optimizers.LossScaleOptimizer(Adam(0.1))
    with pytest.raises(ValueError, match="optimizer LossScaleOptimizer"):
        attention_model().compile(optimizer)


def test_float16_with_a_loss_of_the_users_own_is_keras_s_affair():
    keras.config.set_dtype_policy("mixed_float16")
    model, (inputs, labels, _) = attention_model(), batch()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss=loss, run_eagerly=True)
    before = weights_of(model)
    model.train_on_batch(inputs, labels)
    assert any(
        (one != other).any()
        for one, other in zip(model.get_weights(), before, strict=True)
    )


# Fit ----------------------------------------------------------------------


@pytest.mark.slow
def test_fit_learns_and_logs_token_averages():
    model, data = attention_model(seed=3, embedding_dropout=0.1), batch()
    model.compile(Adam(0.02))
    inputs, labels, weights = data
    first = evaluate(model, data)["loss"]
    history = model.fit(
        inputs,
        labels,
        sample_weight=weights,
        validation_data=data,
        epochs=20,
        verbose=0,
    ).history
    names = {"loss", "perplexity", "accuracy", "tokens"}
    validation = {f"val_{name}" for name in names}
    assert set(history) == names | {"gradient_norm"} | validation
    assert history["tokens"][0] == history["val_tokens"][0] == TOKENS
    assert history["loss"][-1] < 0.5 * first
    expected = nats_by_hand(model, data)[0].sum() / TOKENS
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-4)

    # The compiled step too stops in front of what is not finite.
    before, infinite = weights_of(model), np.inf * np.maximum(weights, 1e-9)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not a finite"):
        model.fit(inputs, labels, sample_weight=infinite, verbose=0)
    assert_close(model.get_weights(), before, 0)


@pytest.mark.parametrize("cell", [GRUCell, LSTMCell])
@pytest.mark.parametrize("bridge", [ZeroBridge, InitialStateBridge])
def test_bfloat16_trains_on_finite_losses(cell, bridge):
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = attention_model(
        encoder=BidirectionalRNNEncoder(RecurrentStack(cell(4))),
        bridge=bridge(),
        decoder=AttentionDecoder(RecurrentStack(cell(8))),
    )
    model, data = compiled(model, Adam(0.05)), batch()
    losses = [step(model, data)["loss"] for _ in range(6)]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.8 * losses[0]
    assert {v.dtype for v in model.trainable_variables} == {"float32"}


def test_shapes_of_this_file_all_differ():
    assert len({B, T, E, TARGET_SIZE}) == 4
