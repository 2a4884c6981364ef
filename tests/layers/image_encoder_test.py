import inspect
import json

import keras
import numpy as np
import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.layers import ImageEncoder, InceptionV3Encoder
from keras_seq2seq.layers.backbones import (
    backbone_names,
    load_weights,
    make_backbone,
    preprocessing,
)
from tests.contracts import array, assert_close

H, W = 9, 13


def small_network(width=6):
    """A map of `(2, 3)` cells, whose statistics a training would change."""
    inputs = keras.Input((H, W, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(5, 3, 2, name="first")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Conv2D(width, 3, 2, padding="same", name="last")(x)
    return keras.Model(inputs, x, name="small")


def encoder(**options):
    given = {"backbone": small_network(), "weights": None}
    return ImageEncoder(
        **{**given, "resize_height": H, "resize_width": W, **options}
    )


def pictures(count=2, height=H, width=W):
    random = np.random.default_rng(1)
    return random.integers(0, 256, (count, height, width, 3), "uint8")


def test_a_configuration_holds_everything_but_the_weights():
    layer = encoder(units=7)
    layer.build()
    config = json.loads(json.dumps(layer.get_config()))
    twin = ImageEncoder.from_config(config)
    twin.build()
    twin.set_weights(layer.get_weights())
    assert json.loads(json.dumps(twin.get_config())) == config
    assert_close(twin(pictures())[:3], layer(pictures())[:3], 0)


def test_cells_stand_in_rows_and_the_state_is_their_mean():
    layer = encoder()
    layer.build()
    encoded = layer(pictures())
    cells = np.asarray(layer.backbone(pictures().astype("float32")))
    assert (layer.grid, layer.feature_shape) == ((2, 3), (6, 6))
    assert_close(encoded.outputs, cells.reshape(2, 6, 6))
    assert_close(encoded.attention_values, encoded.outputs, 0)
    assert_close(encoded.final_state[0][0], cells.mean((1, 2)))
    assert np.asarray(encoded.valid).all()
    assert encoded.valid.shape == (2, 6)


def test_features_stand_for_pictures():
    layer = encoder(units=4)
    layer.build()
    features = layer.features(pictures())
    assert_close(layer(features)[:3], layer(pictures())[:3], 0)


def test_pictures_of_another_size_are_resized():
    layer = encoder()
    same = np.full((1, 20, 40, 3), 77, "uint8")
    expected = layer.features(np.full((1, H, W, 3), 77, "uint8"))
    assert_close(layer.features(same), expected)


def test_one_pooled_cell_is_the_mean_of_all():
    layer, pooled = encoder(), encoder(pool=True)
    pooled.backbone.set_weights(layer.backbone.get_weights())
    expected = np.asarray(layer(pictures()).outputs).mean(1, keepdims=True)
    assert_close(pooled(pictures()).outputs, expected)


@pytest.mark.parametrize(
    ("start", "trained"),
    [(None, []), ("last", ["last"]), ("all", ["first", "norm", "last"])],
)
def test_what_is_trained_begins_at_a_layer(start, trained):
    layer = encoder(fine_tune_from=start)
    layer.build()
    names = {v.path.split("/")[-2] for v in layer.trainable_variables}
    assert names == set(trained)
    assert layer.frozen == (start is None)


def test_only_a_network_that_learns_wholly_gets_new_averages():
    for start, moves in (("last", False), ("all", True)):
        layer = encoder(fine_tune_from=start)
        layer.build()
        norm = layer.backbone.get_layer("norm")
        layer(pictures(), training=True)
        assert np.asarray(norm.moving_mean).any() == moves  # from zero


def test_dropout_changes_training_alone():
    layer = encoder(dropout=0.5, seed=1)
    features = array(2, 6, 6)
    assert_close(layer(features).outputs, features, 0)
    dropped = np.asarray(layer(features, training=True).outputs)
    assert (dropped == 0).any()


def test_dropout_takes_a_feature_from_all_cells_of_a_picture():
    layer = encoder(dropout=0.5, seed=1)
    features = 1 + abs(array(2, 6, 6))
    gone = np.asarray(layer(features, training=True).outputs) == 0
    assert gone.any() and not gone.all()
    assert (gone == gone[:, :1]).all()
    assert (gone[0] != gone[1]).any()


def test_the_stored_configuration_asks_for_no_weights():
    inception = InceptionV3Encoder(75, 76, weights=None)
    config = inception.get_config()
    assert config["weights"] is None and "backbone" not in config
    assert inception.feature_shape == (1, 2048)
    twin = InceptionV3Encoder.from_config(config)
    assert (twin.resize_height, twin.resize_width) == (75, 76)


def test_pixels_are_scaled_as_each_network_was_trained():
    pixels = np.array([[[[0.0, 127.5, 255.0]]]], "float32")
    for name in ("InceptionV3", "MobileNetV2", "ResNet50V2", "Xception"):
        assert_close(preprocessing(name)(pixels.copy()), pixels / 127.5 - 1)
    assert_close(preprocessing("EfficientNetB0")(pixels), pixels, 0)
    mean = np.array([103.939, 116.779, 123.68])  # blue first
    expected = pixels[..., ::-1] - mean
    assert_close(preprocessing("VGG16")(pixels.copy()), expected, 1e-3)


def test_names_of_networks():
    names = backbone_names()
    assert {"EfficientNetLite0", "InceptionV3", "MobileNetV2"} <= set(names)
    for name in names:
        assert callable(preprocessing(name)), name
    with pytest.raises(ValueError, match="Did you mean InceptionV3"):
        make_backbone("InceptionV4", 75, 75)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"fine_tune_from": "lost"}, "layer of small.*'lost'.*norm, last"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"units": 0}, "Received: 0"),
        ({"resize_width": 0}, "9 and 0"),
    ],
)
def test_wrong_arguments_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        encoder(**options)


def test_weights_come_from_a_file(tmp_path):
    network = small_network()
    path = tmp_path / "small.weights.h5"
    network.save_weights(path)
    layer = encoder(weights=str(path))
    assert_close(layer.backbone.get_weights(), network.get_weights(), 0)
    for name, text in (("absent.h5", "no such file"), ("bad.h5", "not the")):
        (tmp_path / "bad.h5").write_bytes(b"nothing")
        with pytest.raises(UserError, match=text):
            encoder(weights=str(tmp_path / name))


def test_a_damaged_file_of_a_whole_model_is_refused(tmp_path):
    network = small_network()
    path = tmp_path / "small.keras"
    network.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="small.keras: these are not the"):
        load_weights(network, None, path)


def test_without_a_network_one_learns_where_weights_are(monkeypatch):
    def fail(weights=None, **options):
        raise OSError("URL fetch failure on https://example.org/weights.h5")

    network = make_backbone("MobileNetV2", 32, 32)
    monkeypatch.setattr(keras.applications, "MobileNetV2", fail)
    with pytest.raises(UserError, match="example.org.*weights: PATH"):
        load_weights(network, "MobileNetV2", "imagenet")
    with pytest.raises(UserError, match="docs/image_captioning.md"):
        load_weights(network, "EfficientNetLite0", "imagenet")


def test_a_pretrained_efficientnet_computes_what_keras_computes(
    tmp_path, monkeypatch
):
    make = keras.applications.EfficientNetB0
    size = {"include_top": False, "input_shape": (32, 32, 3)}
    given = tmp_path / "given.weights.h5"
    make(**size, weights=None).save_weights(given)
    module = inspect.getmodule(make)
    monkeypatch.setattr(module.file_utils, "get_file", lambda *a, **b: given)
    theirs = make(**size, weights="imagenet")
    ours = make_backbone("EfficientNetB0", 32, 32)
    seen = pictures(1, 32, 32).astype("float32")
    for weights in (given, "imagenet"):
        load_weights(ours, "EfficientNetB0", weights)
        one, other = (
            keras.Model(each.input, each.get_layer("stem_conv").output)(seen)
            for each in (ours, theirs)
        )
        assert_close(one, other)


def described(scale=1 / 255, activation="relu", strides=2, order=1):
    """Fingerprint of a network whose layers Keras names, weights alike."""
    inputs = keras.Input((H, W, 3))
    x = keras.layers.Rescaling(scale)(inputs)
    first = keras.layers.Conv2D(
        3, 3, strides, "same", activation=activation, kernel_initializer="ones"
    )(x)
    second = keras.layers.Activation("tanh")(first)
    x = keras.layers.Subtract()([first, second][::order])
    x = keras.layers.Dropout(0.1)(x)
    network = keras.Model(inputs, x)
    return encoder(backbone=network).fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"scale": 1 / 127.5},
        {"activation": "elu"},
        {"strides": 1},
        {"order": -1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_fingerprint_tells_networks_of_equal_weights_apart(change):
    assert described(**change) != described()


def test_equal_networks_have_one_fingerprint_whatever_keras_calls_them():
    assert described() == described()


def test_a_fingerprint_outlives_a_configuration():
    layer = encoder()
    twin = ImageEncoder.from_config(layer.get_config())
    twin.set_weights(layer.get_weights())
    assert twin.fingerprint() == layer.fingerprint()


def test_a_known_network_is_told_by_its_name():
    known = encoder(backbone="MobileNetV2", resize_height=32, resize_width=32)
    assert known.fingerprint()[0] == "MobileNetV2"
    assert known.fingerprint()[2:] == [[32, 32], "float32"]
