"""Properties that every layer and every model must have, as functions."""

import json

import keras
import numpy as np
import tensorflow as tf


def array(*shape, seed=0, scale=1.0):
    """Normal float32 numbers."""
    drawn = np.random.default_rng(seed).normal(0, scale, shape)
    return drawn.astype("float32")


def randomise(layer, scale=0.5, seed=0):
    """Gives every weight, biases too, values that matter. Returns `layer`."""
    random = np.random.default_rng(seed)
    layer.set_weights(
        [random.normal(0, scale, w.shape) for w in layer.get_weights()]
    )
    return layer


def arrays(nest):
    """The tensors of a nest as float32 arrays, in one flat list."""
    return [
        np.asarray(keras.ops.cast(x, "float32"))
        for x in keras.tree.flatten(nest)
        if x is not None
    ]


def assert_close(actual, expected, tolerance=1e-5):
    """Two nests hold the same numbers."""
    actual, expected = arrays(actual), arrays(expected)
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance, rtol=tolerance)


def gradients(layer, call):
    """Gradients of a fixed mixture of outputs, one per weight."""
    variables = layer.trainable_variables
    with tf.GradientTape() as tape:
        outputs = keras.tree.flatten(call(layer))
        mixture = sum(
            tf.reduce_sum(tf.cast(x, "float32") * array(*x.shape, seed=9))
            for x in outputs
            if x.dtype.is_floating
        )
    found = tape.gradient(mixture, [each.value for each in variables])
    return dict(zip([each.path for each in variables], found, strict=True))


def check_layer(make, build, call, tolerance=0.1):
    """A layer keeps its configuration, trains wholly, and can do bfloat16.

    Args:
        make: callable `(**options) -> layer`, unbuilt.
        build: callable `(layer)` that builds it.
        call: callable `(layer) -> nest of tensors`.
        tolerance: float. How far bfloat16 may be off.
    """
    layer = make()
    build(layer)
    randomise(layer)
    outputs = call(layer)

    config = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(config)
    assert twin.get_config() == layer.get_config()
    build(twin)
    twin.set_weights(layer.get_weights())
    assert_close(call(twin), outputs, 0)

    for path, gradient in gradients(layer, call).items():
        assert gradient is not None, path
        assert np.abs(gradient).max() > 0, path

    half = make(dtype="mixed_bfloat16")
    build(half)
    half.set_weights(layer.get_weights())
    assert_close(call(half), outputs, tolerance)


def check_stepping(model, inputs, beams=3):
    """Stepping gives the logits of `decode`, for one beam and for several.

    Every source of `inputs` is decoded with `beams` targets at once.
    """
    (name,) = inputs.keys() - {"target"}
    source, target = inputs[name], inputs["target"]
    targets = np.stack([np.roll(target, i, axis=0) for i in range(beams)], 1)
    repeated = {
        name: np.repeat(source, beams, axis=0),
        "target": targets.reshape(-1, target.shape[1]),
    }
    expected = np.asarray(model(repeated))
    expected = expected.reshape(*targets.shape, -1)  # (B, K, T, V)
    for count in (1, beams):
        logits = step_through(model, source, targets[:, :count], name)
        assert_close(logits, expected[:, :count])


def step_through(model, source, targets, name="source"):
    """Logits `(B, K, T, V)` of K targets per source, token by token."""
    memory, carry = model.encode({name: source})
    count = targets.shape[1]
    carry = keras.tree.map_structure(
        lambda x: np.repeat(np.asarray(x), count, axis=1), carry
    )
    collected = []
    for time in range(targets.shape[2]):
        logits, carry, weights = model.step(targets[:, :, time], memory, carry)
        collected.append(np.asarray(logits))
        if weights is not None:
            assert weights.shape == (*targets.shape[:2], source.shape[1])
    return np.stack(collected, axis=2)


def check_model_config(model, inputs):
    """A configuration holds everything but the weights."""
    config = json.loads(json.dumps(model.get_config()))
    twin = type(model).from_config(config)
    assert json.loads(json.dumps(twin.get_config())) == config
    twin.set_weights(model.get_weights())
    assert_close(twin(inputs), model(inputs), 0)
