"""Generations as a model would make them."""

import numpy as np

from keras_seq2seq.search import BeamHistory
from keras_seq2seq.zoo.generated import BLANK as BLANK
from keras_seq2seq.zoo.generated import Generation


def attending(source, target, seed=0):
    """A generation of given words whose attention is random."""
    source, target = (*source.split(), "</s>"), (*target.split(), "</s>")
    weights = np.random.default_rng(seed).dirichlet(
        np.ones(len(source)), len(target)
    )
    return Generation(
        " ".join(target[:-1]), target, source, -1.0, -1.0, weights
    )


def with_history(steps, width=3, seed=0):
    """A generation with a random history."""
    random = np.random.default_rng(seed)
    shape = (steps, width)
    history = BeamHistory(
        random.integers(4, 9, shape),
        random.integers(0, width if steps else 1, shape),
        -random.random(shape),
        -random.random(shape),
        steps,
        steps - 1,
        1,
    )
    return Generation("a", ("a",), ("a",), -1.0, -1.0, history=history)


def carry_out(task, generations, search=None):
    """What a task says of each generation, from begin to end."""
    task.begin(None, search)
    said = [task(each) for each in generations]
    task.end()
    return said
