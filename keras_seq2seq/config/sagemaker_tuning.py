"""Ranges that SageMaker published for tuning seq2seq."""

import math
from typing import NamedTuple


class Whole(NamedTuple):
    """Integers from `low` to `high`, both included."""

    low: int
    high: int

    def draw(self, random):
        """An integer of the range, all alike."""
        return int(random.integers(self.low, self.high + 1))


class Real(NamedTuple):
    """Numbers from `low` to `high`, `logarithmic` where scales matter."""

    low: float
    high: float
    logarithmic: bool = False

    def draw(self, random):
        """A number of the range, uniform in itself or in its logarithm."""
        if not self.logarithmic:
            return float(random.uniform(self.low, self.high))
        log = random.uniform(math.log(self.low), math.log(self.high))
        return min(max(math.exp(log), self.low), self.high)


class Choice(NamedTuple):
    """One of some values."""

    values: tuple

    def draw(self, random):
        """One of the values, all alike."""
        return self.values[random.integers(len(self.values))]


WIDTHS = Choice((128, 256, 512, 1024, 2048))
DROPOUTS = Real(0.0, 0.5)
TUNING_RANGES = {
    "num_layers_encoder": Whole(1, 10),
    "num_layers_decoder": Whole(1, 10),
    "batch_size": Choice((16, 32, 64, 128, 256, 512, 1024, 2048)),
    "optimizer_type": Choice(("adam", "sgd", "rmsprop")),
    "weight_init_type": Choice(("xavier", "uniform")),
    # Of xavier. For uniform they published -1 to 1, of which half is
    # meaningless.
    "weight_init_scale": Real(2.0, 3.0),
    "learning_rate": Real(0.00005, 0.2, logarithmic=True),
    "weight_decay": Real(0.0, 0.1),
    "momentum": Real(0.5, 0.9),
    "clip_gradient": Real(1.0, 5.0),
    "rnn_num_hidden": WIDTHS,
    "cnn_num_hidden": WIDTHS,
    "num_embed_source": Whole(256, 512),
    "num_embed_target": Whole(256, 512),
    "embed_dropout_source": DROPOUTS,
    "embed_dropout_target": DROPOUTS,
    "rnn_decoder_hidden_dropout": DROPOUTS,
    "cnn_hidden_dropout": DROPOUTS,
    "lr_scheduler_type": Choice(
        ("plateau_reduce", "fixed_rate_inv_t", "fixed_rate_inv_sqrt_t")
    ),
    "plateau_reduce_lr_factor": Real(0.1, 0.5),
    "plateau_reduce_lr_threshold": Whole(1, 5),
    "fixed_rate_lr_half_life": Whole(10, 30),
}


def draw(names, random):
    """Hyperparameters drawn from their ranges.

    Args:
        names: iterable of keys of `TUNING_RANGES`.
        random: `numpy.random.Generator`.

    Returns:
        dict from names to values.

    Raises:
        KeyError: no range was published for a name.
    """
    return {name: TUNING_RANGES[name].draw(random) for name in names}
