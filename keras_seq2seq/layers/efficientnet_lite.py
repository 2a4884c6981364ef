"""EfficientNet-Lite0, which `keras.applications` lacks."""

import zipfile
import zlib

import keras
import numpy as np

from keras_seq2seq.errors import BAD_ARRAY_FILE, UserError

# Repeats, kernel, stride of the first, expansion and channels of each stage.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD, CLASSES = 32, 1280, 1000
# What is raised where a file of weights is damaged, or holds something else.
BAD_WEIGHTS_FILE = (
    *BAD_ARRAY_FILE,
    OSError,
    LookupError,
    AttributeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


def EfficientNetLite0(  # noqa: N802, named as in keras.applications
    include_top=False, weights=None, input_shape=(224, 224, 3)
):
    """EfficientNet-Lite0: no squeeze-excite, relu6, fixed stem and head.

    Args:
        include_top: bool. If True, with global pooling and the layer of 1000
            classes, as logits.
        weights: path of an `.npz` file for `load_arrays`, or None.
        input_shape: `(H, W, 3)`. Pixels as `preprocess_lite` returns them.

    Returns:
        `keras.Model` from `(B, H, W, 3)` to `(B, H / 32, W / 32, 1280)`,
        rounded up, or to `(B, 1000)`.

    Source:
        [Tan and Le, 2019](https://arxiv.org/abs/1905.11946), in the form of
        tensorflow/tpu, `efficientnet/lite`.
    """
    inputs = keras.Input(input_shape)
    x = _conv(inputs, STEM, 3, 2, "conv_stem")
    x = _normalised(x, "bn0")
    number = 0
    for repeats, kernel, stride, expansion, channels in STAGES:
        for index in range(repeats):
            first = stride if index == 0 else 1
            x = _block(x, f"block{number}", kernel, first, expansion, channels)
            number += 1
    x = _conv(x, HEAD, 1, 1, "conv_head")
    x = _normalised(x, "bn1")
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dense(CLASSES, name="fc")(x)
    model = keras.Model(inputs, x, name="efficientnet_lite0")
    if weights is not None:
        load_arrays(model, weights)
    return model


def preprocess_lite(pixels):
    """Pixels in 0 to 255 as EfficientNet-Lite was trained on them."""
    return (pixels - 127.0) / 128.0


def load_arrays(model, path):
    """Fills a model from an `.npz` file, layer by layer.

    The arrays are named after layer and variable, `block3.bn1.gamma`, and
    have Keras's layouts, in any floating type; those of other layers, such as
    the classes' of a model without them, are left out.

    Raises:
        UserError: no such file, an array that is missing, or of another
            shape or kind.
    """
    try:
        with open(path, "rb") as content, _archive(content) as file:
            _fill(model, file, path)
    except UserError:
        raise
    except BAD_WEIGHTS_FILE as error:
        raise UserError(
            f"{path}: expected an .npz file of the weights of {model.name}. "
            f"Received: {error}"
        ) from error


def _archive(content):
    file = np.load(content, allow_pickle=False)
    if isinstance(file, np.ndarray):
        raise ValueError("a single array, an .npy file")
    return file


def _fill(model, file, path):
    found, faults = {}, []
    for layer in model.layers:
        for variable in layer.weights:
            name = f"{layer.name}.{variable.name}"
            if name not in file:
                faults.append(f"{name} is missing")
                continue
            array = file[name]
            if array.shape != tuple(variable.shape):
                faults.append(
                    f"{name} has the shape {array.shape}, not "
                    f"{tuple(variable.shape)}"
                )
            elif array.dtype.kind != "f" or not np.isfinite(array).all():
                faults.append(f"{name} holds what is no finite number")
            found[name] = (variable, array)
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise UserError(
            f"{path}: these are not the weights of {model.name}: "
            + "; ".join(faults[:3])
            + more
        )
    for variable, array in found.values():
        variable.assign(array.astype("float32"))


def _block(inputs, name, kernel, stride, expansion, channels):
    x = inputs
    if expansion > 1:
        width = inputs.shape[-1] * expansion
        x = _conv(x, width, 1, 1, f"{name}.expand_conv")
        x = _normalised(x, f"{name}.bn0")
    x = keras.layers.DepthwiseConv2D(
        kernel,
        stride,
        padding="same",
        use_bias=False,
        name=f"{name}.depthwise_conv",
    )(x)
    x = _normalised(x, f"{name}.bn1")
    x = _conv(x, channels, 1, 1, f"{name}.project_conv")
    x = _normalised(x, f"{name}.bn2", activation=False)
    if stride == 1 and inputs.shape[-1] == channels:
        x = keras.layers.Add(name=f"{name}.add")([x, inputs])
    return x


def _conv(x, channels, kernel, stride, name):
    return keras.layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, name=name
    )(x)


def _normalised(x, name, activation=True):
    x = keras.layers.BatchNormalization(epsilon=1e-3, name=name)(x)
    if activation:
        x = keras.layers.ReLU(6.0, name=f"{name}.relu6")(x)
    return x
