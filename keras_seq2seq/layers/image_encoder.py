"""Encoders of pictures: a network's feature map, cell by cell."""

import copy
import functools
import hashlib
import json

import keras
from keras import ops

from keras_seq2seq.layers.backbones import (
    identity,
    load_weights,
    make_backbone,
    preprocessing,
)
from keras_seq2seq.layers.encoder_output import EncoderOutput
from keras_seq2seq.layers.part import Part

WHOLE = "all"  # `fine_tune_from` of a network that is trained as a whole
# Of a network's configuration: what decides no feature of a frozen one.
IMMATERIAL = ("shared_object_id", "seed", "build_config", "compile_config")
HOLDING_NAMES = ("name", "keras_history", "input_layers", "output_layers")


@keras.saving.register_keras_serializable("keras_seq2seq")
class ImageEncoder(Part):
    """Encodes pictures as the cells of a convolutional network's last map.

    Keys and values of the attention are the cells, in rows from the top left;
    the final state is their mean, the state of a single layer of cells that
    have one state, such as `GRUCell`.

    A frozen network sees every picture the same way each time, so that its
    features may be computed once: give them in place of pictures.

    Args:
        backbone: str, a name for `make_backbone`, or a built `keras.Model`
            of your own, from pixels in 0 to 255, float32 `(B, H, W, 3)`, to a
            map `(B, h, w, D)` or cells `(B, C, D)`.
        weights: `"imagenet"`, the path of a file, or None: what the network
            begins with. A model of your own is left as it is by None.
        resize_height, resize_width: int. Size that pictures are brought to,
            in pixels.
        fine_tune_from: None for a frozen network; the name of the layer from
            which on weights are trained; or `"all"`. Batch normalisation
            keeps its averages in any layer unless all are trained.
        units: int or None. Width `D` of cells behind a dense relu layer;
            None: the network's own.
        dropout: float in [0, 1). Dropped share of the network's features; of
            a picture the same in every cell, or else the mean of the cells
            would keep what each of them lost.
        pool: bool. If True, there is one cell, the mean of all: a model that
            can't choose where to look.
        seed: int or None. Of the dropout masks.

    Call arguments:
        inputs: pictures `(B, H, W, 3)`, integers or floats in 0 to 255, or
            features `(B, C, D)` as `features` gives them.

    Returns:
        `EncoderOutput`.

    Raises:
        ValueError: an unknown network or layer, arguments out of range.
        UserError: weights that can't be had.

    Source:
        [Xu et al., 2015](https://arxiv.org/abs/1502.03044), section 3.1.1.
    """

    def __init__(
        self,
        backbone="InceptionV3",
        weights="imagenet",
        resize_height=299,
        resize_width=299,
        fine_tune_from=None,
        units=None,
        dropout=0.0,
        pool=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if resize_height < 1 or resize_width < 1:
            raise ValueError(
                "`resize_height` and `resize_width` must be positive. "
                f"Received: {resize_height} and {resize_width}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(
                f"`dropout` must lie in [0, 1). Received: dropout={dropout}"
            )
        if units is not None and units < 1:
            raise ValueError(f"`units` must be positive. Received: {units}")
        if keras.config.image_data_format() != "channels_last":
            raise ValueError(
                "Pictures are (H, W, 3) here. Received: Keras's image data "
                "format channels_first. Set it to channels_last."
            )
        self.name_of_backbone = None
        if isinstance(backbone, str):
            self.name_of_backbone = backbone
            self._prepare = preprocessing(backbone)
            backbone = make_backbone(backbone, resize_height, resize_width)
        self.backbone = backbone
        self.weights_file = weights
        self.resize_height = resize_height
        self.resize_width = resize_width
        self.fine_tune_from = fine_tune_from
        self.units = units
        self.dropout = dropout
        self.pool = pool
        self.seed = seed
        self.drop = keras.layers.SpatialDropout1D(
            dropout, seed=seed, dtype=self.dtype_policy
        )
        self.projection = None
        if units is not None:
            self.projection = keras.layers.Dense(
                units,
                activation="relu",
                dtype=self.dtype_policy,
                name="projection",
            )
        self._freeze()
        self.load_backbone(weights)

    def _freeze(self):
        """Marks what is trained of the network."""
        start = self.fine_tune_from
        self.backbone.trainable = start is not None
        if start in (None, WHOLE):
            return
        names = [layer.name for layer in self.backbone.layers]
        if start not in names:
            raise ValueError(
                f"`fine_tune_from` must be a layer of {self.backbone.name}, "
                f"{WHOLE!r} or None. Received: {start!r}. Its last layers are "
                + ", ".join(names[-8:])
            )
        for layer in self.backbone.layers[: names.index(start)]:
            layer.trainable = False

    def load_backbone(self, weights):
        """Gives the network its first weights; see `load_weights`."""
        load_weights(self.backbone, self.name_of_backbone, weights)

    @property
    def frozen(self):
        """Whether no weight of the network is ever trained."""
        return self.fine_tune_from is None

    @functools.cached_property
    def map_shape(self):
        """Shape of the network's output, without the batch."""
        size = (None, self.resize_height, self.resize_width, 3)
        pixels = keras.KerasTensor(size, "float32")
        shape = self.backbone.compute_output_spec(pixels).shape[1:]
        if len(shape) not in (2, 3) or None in shape:
            raise ValueError(
                "`backbone` must give a map (B, h, w, D) or cells (B, C, D) "
                f"of pictures {size}. Received: {(None, *shape)}"
            )
        return tuple(shape)

    @property
    def grid(self):
        """Rows and columns of cells that a picture has; `(1, C)` if they are
        cells without places."""
        shape = self.map_shape
        return shape[:2] if len(shape) == 3 else (1, shape[0])

    @property
    def map_cells(self):
        """Cells of the network's map."""
        rows, columns = self.grid
        return rows * columns

    @property
    def feature_shape(self):
        """Shape of the features of one picture, `(C, D)`."""
        return self.map_cells, self.map_shape[-1]

    @property
    def output_size(self):
        """Width of a cell."""
        return self.units or self.map_shape[-1]

    @property
    def value_size(self):
        """Width of what attention sums."""
        return self.output_size

    @property
    def final_state_sizes(self):
        """Widths of the final state, nested as it is."""
        return ((self.output_size,),)

    def fingerprint(self):
        """What decides the features of a picture, as JSON."""
        digest = hashlib.sha256()
        for weight in self.backbone.get_weights():
            digest.update(repr((weight.shape, weight.dtype)).encode())
            digest.update(weight.tobytes())
        known = self.name_of_backbone
        return [
            identity(known) if known else _digest_of_structure(self.backbone),
            digest.hexdigest(),
            [self.resize_height, self.resize_width],
            self.compute_dtype,
        ]

    def build(self, inputs_shape=None):
        if self.projection is not None and not self.projection.built:
            self.projection.build((None, *self.feature_shape))

    def features(self, images, training=False):
        """The network's cells.

        Args:
            images: tensor `(B, H, W, 3)` in 0 to 255.
            training: bool. Only what is trained behaves otherwise.

        Returns:
            tensor `(B, C, D)`.
        """
        pixels = ops.cast(images, "float32")
        size = (self.resize_height, self.resize_width)
        if tuple(pixels.shape[1:3]) != size:
            pixels = ops.image.resize(
                pixels, size, interpolation="bilinear", antialias=True
            )
        if self.name_of_backbone is not None:
            pixels = self._prepare(pixels)
        # Batches are small and weights pretrained: no new averages, unless
        # the network learns from the beginning.
        learns = training and self.fine_tune_from == WHOLE
        cells = self.backbone(pixels, training=learns)
        return ops.reshape(cells, (-1, *self.feature_shape))

    def call(self, inputs, training=False):
        if len(inputs.shape) == 4:
            inputs = self.features(inputs, training)
        cells = ops.cast(inputs, self.compute_dtype)
        if self.pool:
            cells = ops.mean(cells, axis=1, keepdims=True)
        cells = self.drop(cells, training=training)
        if self.projection is not None:
            cells = self.projection(cells)
        valid = ops.ones(ops.shape(cells)[:2], "bool")
        state = ops.mean(cells, axis=1)
        return EncoderOutput(cells, ((state,),), cells, valid)

    def get_config(self):
        backbone = self.name_of_backbone
        if backbone is None:
            backbone = keras.saving.serialize_keras_object(self.backbone)
        return {
            **super().get_config(),
            "backbone": backbone,
            # A stored model has its weights beside its configuration.
            "weights": None,
            "resize_height": self.resize_height,
            "resize_width": self.resize_width,
            "fine_tune_from": self.fine_tune_from,
            "units": self.units,
            "dropout": self.dropout,
            "pool": self.pool,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config):
        if not isinstance(config.get("backbone", ""), str):
            # Keras takes apart what it is given.
            described = copy.deepcopy(config["backbone"])
            model = keras.saving.deserialize_keras_object(described)
            config = {**config, "backbone": model}
        return cls(**config)


def _digest_of_structure(network):
    """Digest of what a network computes, apart from its weights."""
    try:
        told = keras.saving.serialize_keras_object(network)
    except NotImplementedError:  # a class of the user's own
        told = [type(layer).__name__ for layer in network.layers]
    plain = _renamed(told, {})
    text = json.dumps(plain, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _renamed(told, numbers, named=False):
    """A configuration with its layers' names replaced by their order.

    Keras numbers the names of layers as a process makes them.

    Args:
        told: JSON.
        numbers: dict from names to numbers, which grows.
        named: bool. Whether each text is a name.
    """
    if isinstance(told, str):
        return numbers.setdefault(told, len(numbers)) if named else told
    if isinstance(told, list | tuple):
        return [_renamed(each, numbers, named) for each in told]
    if not isinstance(told, dict) or "DTypePolicy" in str(
        told.get("class_name")
    ):
        return told
    return {
        key: _renamed(value, numbers, named or key in HOLDING_NAMES)
        for key, value in told.items()
        if key not in IMMATERIAL
    }


@keras.saving.register_keras_serializable("keras_seq2seq")
class InceptionV3Encoder(ImageEncoder):
    """`ImageEncoder` over Inception-v3, google/seq2seq's encoder of pictures.

    Args:
        resize_height, resize_width: int. At least 75 pixels.
        weights: as for `ImageEncoder`.
        **options: as `ImageEncoder` has them, apart from `backbone`.

    Source:
        [Szegedy et al., 2016](https://arxiv.org/abs/1512.00567).
    """

    def __init__(
        self,
        resize_height=299,
        resize_width=299,
        weights="imagenet",
        **options,
    ):
        super().__init__(
            "InceptionV3",
            weights,
            resize_height,
            resize_width,
            **options,
        )

    def get_config(self):
        config = super().get_config()
        del config["backbone"]
        return config
