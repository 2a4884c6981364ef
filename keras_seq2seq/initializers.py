"""How the weights of a whole model begin, in the manner of MXNet."""

import dataclasses
import logging
import math

import numpy as np

from keras_seq2seq.layers.cell import Cell

KINDS = ("xavier", "uniform")
FACTORS = ("in", "out", "avg")
RECURRENT = ("orthogonal", "orthogonal_stacked", "default")
ORTHOGONAL_GAIN = 1.414  # MXNet's default
TABLES = ("table", "embeddings")  # weights with a row per token or position
DIAGONALS = ("peepholes",)  # vectors that are stored as rows
LARGE_RANGE = 1.0
LOGGER = logging.getLogger("keras_seq2seq")


@dataclasses.dataclass(frozen=True)
class WeightInitializer:
    """Draws weights of two or more dimensions, and leaves biases and gains.

    `xavier` draws uniformly from ±`sqrt(scale / n)`. A linear layer has the
    fans of its inputs and its outputs, a convolution both times its window,
    all gates of a cell share one kernel, and an embedding counts as a layer
    from vectors to tokens: MXNet stores it `(outputs, inputs)`. `uniform`
    draws from ±`scale`. Recurrent kernels are orthogonal with a gain of 1.414
    unless `recurrent` says otherwise.

    What is drawn depends on the seed and on the model's weights in their
    order, but not on backend, device or process.

    A layer with a method `weights_drawn()` has it called afterwards, to fit
    what follows from its weights, as the gain of weight normalisation does.

    Args:
        kind: `"xavier"` or `"uniform"`.
        scale: float above 0. Xavier's magnitude, or the range.
        factor: Xavier's `n`: the fan `"in"`, `"out"`, or their mean, `"avg"`.
        recurrent: `"orthogonal"`, one block for all gates,
            `"orthogonal_stacked"`, a block for each gate, or `"default"`, as
            other weights.
        seed: int.

    Source:
        [Glorot and Bengio, 2010]
        (https://proceedings.mlr.press/v9/glorot10a.html), eq. 16, which is
        `xavier` with magnitude 3 and `avg`;
        [Saxe et al., 2014](https://arxiv.org/abs/1312.6120).
    """

    kind: str = "xavier"
    scale: float = 2.34
    factor: str = "in"
    recurrent: str = "orthogonal"
    seed: int = 0

    def __post_init__(self):
        for name, known in (
            ("kind", KINDS),
            ("factor", FACTORS),
            ("recurrent", RECURRENT),
        ):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(
                    f"`{name}` must be one of {known}. Received: {value!r}"
                )
        if not 0 < self.scale < math.inf:
            raise ValueError(
                f"`scale` must be positive. Received: scale={self.scale}"
            )
        if self.kind == "uniform" and self.scale > LARGE_RANGE:
            LOGGER.warning(
                "Weights begin uniform in plus or minus %g, which saturates "
                "gates; 0.07 to 0.1 is usual.",
                self.scale,
            )

    def __call__(self, model):
        """Gives the weights of a model that are trained their first values.

        Args:
            model: built `keras.Model` or layer.
        """
        layers = list(model._flatten_layers())
        gates = {
            id(layer.recurrent_kernel): layer.gates
            for layer in layers
            if isinstance(layer, Cell) and layer.built
        }
        for index, weight in enumerate(model.weights):
            if weight.trainable and _is_matrix(weight):
                # Each weight has a stream of its own, whatever others draw.
                random = np.random.default_rng([self.seed % 2**32, index])
                values = self._values(
                    weight.name, weight.shape, gates.get(id(weight), 1), random
                )
                weight.assign(values.astype("float32"))
        for layer in layers:
            if hasattr(layer, "weights_drawn"):
                layer.weights_drawn()

    def _values(self, name, shape, gates, random):
        """The values of a weight; `gates` are how many share it."""
        if name == "recurrent_kernel" and self.recurrent != "default":
            stacked = self.recurrent == "orthogonal_stacked"
            return orthogonal_blocks(shape, gates if stacked else 1, random)
        bound = self.bound(shape, name)
        return random.uniform(-bound, bound, shape)

    def bound(self, shape, name="kernel"):
        """The largest value of a weight that is drawn uniformly.

        Args:
            shape: of the weight, `(*window, inputs, outputs)`; `(rows,
                width)` of a table.
            name: str. The weight's own name, by which tables are known.
        """
        if self.kind == "uniform":
            return self.scale
        if name in TABLES:
            outputs, inputs = shape
        elif len(shape) == 1:  # a layer with one output
            inputs, outputs = shape[0], 1
        else:
            window = math.prod(shape[:-2])
            inputs, outputs = window * shape[-2], window * shape[-1]
        fans = {"in": inputs, "out": outputs, "avg": (inputs + outputs) / 2}
        return math.sqrt(self.scale / fans[self.factor])


def _is_matrix(weight):
    """Whether a weight maps vectors to vectors, or to one number."""
    if len(weight.shape) < 2:
        return weight.name == "vector"
    return weight.name not in DIAGONALS


def orthogonal_blocks(shape, blocks, random):
    """A matrix of blocks beside each other, each of orthogonal rows.

    Args:
        shape: pair of ints.
        blocks: int. Divides the number of columns.
        random: `numpy.random.Generator`.

    Returns:
        float64 array. For a block `W`, no higher than wide, `W Wᵀ` is
        `ORTHOGONAL_GAIN ** 2` times the identity; else `Wᵀ W` is.
    """
    rows, columns = shape[0], shape[1] // blocks
    parts = []
    for _ in range(blocks):
        drawn = random.normal(size=(max(rows, columns), min(rows, columns)))
        block, triangle = np.linalg.qr(drawn)
        block = block * np.sign(np.diag(triangle))  # or it is not uniform
        parts.append(block.T if rows < columns else block)
    return ORTHOGONAL_GAIN * np.concatenate(parts, axis=1)
