"""Settings of optimizers, under Keras's names and with Keras's defaults."""

from pydantic import Field

from keras_seq2seq.config.section import Section
from keras_seq2seq.config.values import Flag, Real


class MomentumParams(Section):
    """Arguments of SGD with momentum."""

    momentum: Real = Field(
        0.9, ge=0, lt=1, description="Share of the last step that goes on."
    )
    nesterov: Flag = Field(
        False, description="Look ahead along the momentum (Nesterov)."
    )


class SGDParams(MomentumParams):
    """Arguments of plain stochastic gradient descent."""

    momentum: Real = Field(
        0.0, ge=0, lt=1, description="Share of the last step that goes on."
    )


class AdamParams(Section):
    """Arguments of Adam."""

    beta_1: Real = Field(
        0.9, ge=0, lt=1, description="Decay of the gradient's mean."
    )
    beta_2: Real = Field(
        0.999, ge=0, lt=1, description="Decay of the mean square."
    )
    epsilon: Real = Field(1e-7, gt=0, description="Added to the root.")


class AdagradParams(Section):
    """Arguments of Adagrad."""

    initial_accumulator_value: Real = Field(
        0.1, ge=0, description="Start of the sum of squares."
    )
    epsilon: Real = Field(1e-7, gt=0, description="Added to the root.")


class RMSpropParams(Section):
    """Arguments of RMSprop."""

    rho: Real = Field(0.9, ge=0, lt=1, description="Decay of the mean square.")
    momentum: Real = Field(
        0.0, ge=0, lt=1, description="Share of the last step that goes on."
    )
    epsilon: Real = Field(1e-7, gt=0, description="Added to the root.")
    centered: Flag = Field(
        False, description="Subtract the squared mean of the gradient."
    )


class FtrlParams(Section):
    """Arguments of Ftrl."""

    learning_rate_power: Real = Field(
        -0.5, le=0, description="Exponent of the falling learning rate."
    )
    initial_accumulator_value: Real = Field(
        0.1, ge=0, description="Start of the sum of squares."
    )
    l1: Real = Field(0.0, ge=0, description="Strength of the L1 penalty.")
    l2: Real = Field(0.0, ge=0, description="Strength of the L2 penalty.")


OPTIMIZERS = {
    "Adam": AdamParams,
    "SGD": SGDParams,
    "Momentum": MomentumParams,
    "Adagrad": AdagradParams,
    "RMSprop": RMSpropParams,
    "Ftrl": FtrlParams,
}
