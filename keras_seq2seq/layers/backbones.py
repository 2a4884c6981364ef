"""Networks that turn pictures into feature maps, by their names."""

import difflib
import inspect
import math
from pathlib import Path

import keras

from keras_seq2seq.errors import UserError
from keras_seq2seq.layers.efficientnet_lite import (
    BAD_WEIGHTS_FILE,
    EfficientNetLite0,
    load_arrays,
    preprocess_lite,
)

LITE = "EfficientNetLite0"
NO_WEIGHTS = (None, "", "none")
# Keras gives these one more layer where it loads ImageNet weights itself: they
# were trained on pixels that were divided by their variance.
SCALED_ONCE_MORE = frozenset(f"EfficientNetB{number}" for number in range(8))
VARIANCES = (0.229, 0.224, 0.225)


def backbone_names():
    """Names that `make_backbone` takes, sorted."""
    known = vars(keras.applications)
    return sorted([LITE, *(n for n in known if _is_class(n, known[n]))])


def make_backbone(name, height, width):
    """A network of random weights, without its layer of classes.

    Args:
        name: str. Of `keras.applications`, such as `"InceptionV3"`, or
            `"EfficientNetLite0"`.
        height, width: int. Of the pictures, in pixels.

    Returns:
        `keras.Model` from preprocessed pixels `(B, H, W, 3)` to a map
        `(B, h, w, D)`.

    Raises:
        ValueError: an unknown name, or pictures too small for the network.
    """
    _check_name(name)
    if name == LITE:
        return EfficientNetLite0(input_shape=(height, width, 3))
    network = getattr(keras.applications, name)(
        include_top=False, weights=None, input_shape=(height, width, 3)
    )
    return _scaled(network) if name in SCALED_ONCE_MORE else network


def identity(name):
    """What tells a known network from all others in fingerprints."""
    return f"{name}, scaled" if name in SCALED_ONCE_MORE else name


def preprocessing(name):
    """What a network was trained to see: function of pixels in 0 to 255.

    Raises:
        ValueError: an unknown name.
    """
    _check_name(name)
    if name == LITE:
        return preprocess_lite
    return inspect.getmodule(getattr(keras.applications, name)).preprocess_input


def load_weights(backbone, name, weights):
    """Gives a network the weights that it shall begin with.

    Args:
        backbone: `keras.Model` as `make_backbone` returns it, or of the
            user's own.
        name: str, or None for a model of the user's own.
        weights: `"imagenet"`, a file (`.weights.h5`, `.h5`, or `.npz` by
            names of layers), or None for none.

    Raises:
        UserError: no such file, one that does not fit, or ImageNet weights
            that can't be had.
    """
    if weights in NO_WEIGHTS:
        return
    if weights == "imagenet":
        _load_imagenet(backbone, name)
        return
    path = Path(weights).expanduser()
    if not path.is_file():
        raise UserError(
            f"{path}: expected the file of a backbone's weights. Received: "
            "no such file. Type its path, imagenet, or none."
        )
    if path.suffix == ".npz":
        load_arrays(backbone, path)
        return
    try:
        backbone.load_weights(path)
    except BAD_WEIGHTS_FILE as error:
        raise UserError(
            f"{path}: these are not the weights of {name or backbone.name} "
            f"without its layer of classes: {_first_line(error)}"
        ) from error


def _check_name(name):
    names = backbone_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise ValueError(
            f"There is no backbone {name!r}. {hint}Known: {LITE}, and of "
            f"keras.applications {', '.join(names)}"
        )


def _scaled(network):
    """The network with a layer behind the one that normalises pixels."""

    def call(layer, *inputs, **options):
        outputs = layer(*inputs, **options)
        if not isinstance(layer, keras.layers.Normalization):
            return outputs
        factors = [1.0 / math.sqrt(variance) for variance in VARIANCES]
        return keras.layers.Rescaling(factors)(outputs)

    return keras.models.clone_model(network, call_function=call)


def _load_imagenet(backbone, name):
    if name is None or name == LITE:
        raise UserError(
            f"Keras has no ImageNet weights of {name or 'your own model'}. "
            "Type the path of a file: weights: PATH. docs/image_captioning.md "
            "says where those of EfficientNetLite0 are at home."
        )
    try:
        with_weights = getattr(keras.applications, name)(
            include_top=False,
            weights="imagenet",
            input_shape=backbone.input_shape[1:],
        )
    except Exception as error:  # whatever a failed download raises
        raise UserError(
            f"The ImageNet weights of {name} can't be downloaded: "
            f"{_first_line(error)}. Download that file where there is a "
            "network, copy it here, and type weights: PATH in encoder.params; "
            "or put it into ~/.keras/models; or weights: none begins with "
            "random ones."
        ) from error
    backbone.set_weights(with_weights.get_weights())


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _is_class(name, value):
    return name[:1].isupper() and callable(value)
