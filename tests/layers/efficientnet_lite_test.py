import io

import keras
import numpy as np
import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.layers.efficientnet_lite import (
    EfficientNetLite0,
    load_arrays,
    preprocess_lite,
)
from tests.contracts import array, assert_close


@pytest.fixture(scope="module")
def network():
    return EfficientNetLite0(input_shape=(64, 64, 3))


def stored(model, path, **changes):
    """The weights of a model as a file for `load_arrays`."""
    arrays = {
        f"{layer.name}.{variable.name}": np.asarray(variable)
        for layer in model.layers
        for variable in layer.weights
    }
    changed = {name.replace("__", "."): x for name, x in changes.items()}
    arrays = {**arrays, **changed}
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def test_it_has_the_published_number_of_weights(network):
    assert network.count_params() == 3_413_024
    assert network.output_shape == (None, 2, 2, 1280)
    whole = EfficientNetLite0(include_top=True, input_shape=(32, 32, 3))
    assert whole.count_params() == 3_413_024 + 1281 * 1000


def test_names_and_shapes_are_those_of_the_published_file(network):
    layers = {layer.name: layer for layer in network.layers}
    assert layers["conv_stem"].kernel.shape == (3, 3, 3, 32)
    assert "block0.expand_conv" not in layers
    assert layers["block3.depthwise_conv"].kernel.shape == (5, 5, 144, 1)
    assert layers["block15.project_conv"].kernel.shape == (1, 1, 1152, 320)
    assert layers["conv_head"].kernel.shape == (1, 1, 320, 1280)
    assert len(network.weights) == 245  # and two of the classes


def test_pixels_are_scaled_as_in_training():
    assert preprocess_lite(np.array([127, 255])).tolist() == [0, 1]


def test_weights_of_a_file_make_the_same_network(network, tmp_path):
    path = stored(network, tmp_path / "lite.npz", fc__bias=np.zeros(3))
    twin = EfficientNetLite0(input_shape=(64, 64, 3), weights=path)
    pixels = array(1, 64, 64, 3)
    assert_close(twin(pixels), network(pixels), 0)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("bn0__gamma", np.zeros(5), r"bn0.gamma has the shape \(5,\), not"),
        ("bn1__beta", None, "bn1.beta is missing"),
        ("bn0__beta", np.full(32, np.nan), "no finite number"),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    network, tmp_path, name, value, text
):
    path = stored(network, tmp_path / "bad.npz", **{name: value})
    before = network.get_weights()
    with pytest.raises(UserError, match=text):
        load_arrays(network, path)
    assert_close(network.get_weights(), before, 0)


def test_a_file_of_something_else_is_refused(network, tmp_path):
    (tmp_path / "text.npz").write_text("no arrays")
    for name in ("text.npz", "absent.npz"):
        with pytest.raises(UserError, match=name):
            load_arrays(network, tmp_path / name)


def cut(data):
    return data[: len(data) // 2]


def flipped(data):
    """Without its checksum: the bytes of an array are others."""
    place = len(data) // 3
    return (
        data[:place]
        + bytes(b ^ 255 for b in data[place : place + 40])
        + (data[place + 40 :])
    )


def single_array(data):
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


@pytest.mark.parametrize("damage", [cut, flipped, single_array])
def test_a_damaged_archive_is_refused(tmp_path, damage):
    inputs = keras.Input((3,))
    small = keras.Model(inputs, keras.layers.Dense(64)(inputs))
    path = stored(small, tmp_path / "bad.npz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="bad.npz: expected an .npz file"):
        load_arrays(small, path)


def test_blocks_are_joined_by_sums_where_sizes_agree(network):
    sums = [x.name for x in network.layers if isinstance(x, keras.layers.Add)]
    assert sums == [f"block{n}.add" for n in (2, 4, 6, 7, 9, 10, 12, 13, 14)]
