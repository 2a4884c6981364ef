"""Recurrent cells and attention once more, in plain numpy.

Written from the formulas in the papers, with the weights of built layers.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, "float64")))


def gru_step(cell, x, h):
    """New state of a `GRUCell` without normalisation."""
    units = cell.units
    given = x @ np.asarray(cell.kernel) + np.asarray(cell.bias)
    recurrent = np.split(np.asarray(cell.recurrent_kernel), 3, axis=1)
    given = np.split(given, [units, 2 * units], axis=1)
    reset = sigmoid(given[0] + h @ recurrent[0])
    update = sigmoid(given[1] + h @ recurrent[1])
    if cell.reset_after:
        inner = reset * (h @ recurrent[2] + np.asarray(cell.recurrent_bias))
    else:
        inner = (reset * h) @ recurrent[2]
    return update * h + (1 - update) * np.tanh(given[2] + inner)


def lstm_step(cell, x, h, c):
    """New output and cell state of an `LSTMCell` without normalisation."""
    sums = x @ np.asarray(cell.kernel) + h @ np.asarray(cell.recurrent_kernel)
    i, j, f, o = np.split(sums + np.asarray(cell.bias), 4, axis=1)
    peep = np.asarray(cell.peepholes) if cell.peephole else np.zeros(3)
    new = c * sigmoid(f + cell.forget_bias + peep[0] * c)
    new = new + sigmoid(i + peep[1] * c) * np.tanh(j)
    if cell.cell_clip is not None:
        new = np.clip(new, -cell.cell_clip, cell.cell_clip)
    output = np.tanh(new) * sigmoid(o + peep[2] * new)
    if cell.projection:
        output = output @ np.asarray(cell.projection_kernel)
    if cell.projection_clip is not None:
        bound = cell.projection_clip
        output = np.clip(output, -bound, bound)
    return output, new


def dense(layer, x):
    """A linear layer, without its activation."""
    y = x @ np.asarray(layer.kernel)
    return y + np.asarray(layer.bias) if layer.use_bias else y


def softmax(scores, valid):
    """Along the last axis over valid entries."""
    scores = np.where(valid, scores, -np.inf)
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)
