"""What follows a convolution: gated linear units and plain activations."""

from keras import ops


def gated_linear_unit(x):
    """Half of the features `(..., 2D)`, each gated by one of the other half.

    Source:
        [Dauphin et al., 2017](https://arxiv.org/abs/1612.08083), eq. 1.
    """
    value, gate = ops.split(x, 2, axis=-1)
    return value * ops.sigmoid(gate)


# Under Sockeye's names; `softrelu` is the softplus, log(1 + exp(x)).
ACTIVATIONS = {
    "glu": gated_linear_unit,
    "relu": ops.relu,
    "softrelu": ops.softplus,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
}


def features_in(activation, units):
    """How many features an activation needs in order to give `units`."""
    return 2 * units if activation == "glu" else units
