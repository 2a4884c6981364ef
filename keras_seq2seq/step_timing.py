"""How long training steps take on this machine."""

import time
from typing import NamedTuple

import tensorflow as tf

WARMUP_STEPS = 3


class Timed(NamedTuple):
    """Some training steps.

    Attributes:
        seconds: float. All of them together.
        batches: list of the batches they were made with.
    """

    seconds: float
    batches: list


def time_steps(model, bucketing, steps):
    """Trains a compiled model on the first batches, and times it.

    Some steps more come first, in which TensorFlow makes its graph.

    Args:
        model: `Seq2Seq`, compiled.
        bucketing: `Bucketing`.
        steps: int. Timed ones.

    Returns:
        `Timed`.
    """
    train = tf.function(model.train_step, reduce_retracing=True)
    stream = iter(bucketing.stream)
    given = [next(stream) for _ in range(WARMUP_STEPS + steps)]
    for data in given[:WARMUP_STEPS]:
        float(train(data)["loss"])
    began = time.perf_counter()
    for data in given[WARMUP_STEPS:]:
        float(train(data)["loss"])  # waits for the device
    return Timed(time.perf_counter() - began, given[WARMUP_STEPS:])
