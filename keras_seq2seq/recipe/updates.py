"""Optimizers and learning rates of a configuration."""

from keras_seq2seq import optimizers
from keras_seq2seq.callbacks import (
    LearningRateDecay,
    PlateauReduction,
)
from keras_seq2seq.errors import UserError
from keras_seq2seq.recipe.classes import arguments_of, find_class

OPTIMIZERS = {
    "Adam": optimizers.Adam,
    "SGD": optimizers.SGD,
    "Momentum": optimizers.SGD,
    "Adagrad": optimizers.Adagrad,
    "RMSprop": optimizers.RMSprop,
    "Ftrl": optimizers.Ftrl,
}
# Keras's longer names of optimizer arguments.
OPTIMIZER_ARGUMENTS = {
    "Ftrl": {
        "l1": "l1_regularization_strength",
        "l2": "l2_regularization_strength",
    }
}
DECAYS = {
    "exponential_decay": "exponential",
    "natural_exp_decay": "natural_exponential",
    "inverse_time_decay": "inverse_time",
    "polynomial_decay": "polynomial",
    "piecewise_constant_decay": "piecewise",
    "inverse_sqrt": "inverse_square_root",
    "plateau_reduce": "constant",  # and `PlateauReduction` beside it
    "fixed_rate_inv_t": "half_life_inverse",
    "fixed_rate_inv_sqrt_t": "half_life_inverse_square_root",
}
# They count updates from 1 and warm up as Sockeye did.
SOCKEYES_DECAYS = (
    "plateau_reduce",
    "fixed_rate_inv_t",
    "fixed_rate_inv_sqrt_t",
)


def optimizer(config, allowed=()):
    """The optimizer, with exponential averaging if the configuration asks.

    Args:
        config: Config.
        allowed: modules of the user's own that may be imported.
    """
    params = config.model_params
    kind = find_class(params.optimizer_name, OPTIMIZERS, allowed)
    names = OPTIMIZER_ARGUMENTS.get(params.optimizer_name, {})
    arguments = {
        names.get(name, name): value
        for name, value in arguments_of(params.optimizer_params).items()
    }
    if config.average.kind == "ema":
        arguments |= {"use_ema": True, "ema_momentum": config.average.decay}
    arguments |= _changes_of_gradients(params, kind)
    return kind(learning_rate=params.optimizer_learning_rate, **arguments)


def _changes_of_gradients(params, kind):
    """Arguments of `optimizers.CoupledDecay`, which our optimizers take."""
    given = {
        "coupled_decay": params.optimizer_weight_decay,
        "clip_value": max(params.optimizer_clip_value or 0.0, 0.0),
    }
    if issubclass(kind, optimizers.CoupledDecay):
        return given
    if any(given.values()):
        raise UserError(
            "optimizer.weight_decay and optimizer.clip_value are carried out "
            f"by the optimizers {', '.join(OPTIMIZERS)}. Received: "
            f"{params.optimizer_name}. Let that class do it, in "
            "optimizer.params."
        )
    return {}


def learning_rate_decay(params, clock):
    """The callback that sets the learning rate, always there to log it.

    Args:
        params: `model_params`.
        clock: `TimeLimit` of the training.
    """
    return LearningRateDecay(
        DECAYS.get(params.optimizer_lr_decay_type, "constant"),
        decay_steps=params.optimizer_lr_decay_steps,
        decay_rate=params.optimizer_lr_decay_rate,
        start=params.optimizer_lr_start_decay_at,
        stop=params.optimizer_lr_stop_decay_at,
        minimum=params.optimizer_lr_min_learning_rate,
        staircase=params.optimizer_lr_staircase,
        warmup_steps=params.optimizer_lr_warmup_steps,
        power=params.optimizer_lr_decay_power,
        end=params.optimizer_lr_end_learning_rate,
        boundaries=params.optimizer_lr_boundaries,
        values=params.optimizer_lr_values,
        half_life=params.optimizer_lr_half_life,
        gentle_warmup=params.optimizer_lr_decay_type in SOCKEYES_DECAYS,
        time=clock.share if params.optimizer_lr_decay_by_time else None,
    )


def plateau_reduction(params, decay, monitor, **options):
    """The callback that reduces the learning rate at plateaus, or None.

    Args:
        params: `model_params`.
        decay: `LearningRateDecay` of the training.
        monitor: str. The value in the logs that it watches.
        **options: of `PlateauReduction`.
    """
    factor = params.optimizer_lr_plateau_factor
    if params.optimizer_lr_decay_type != "plateau_reduce" or factor == 1:
        return None
    return PlateauReduction(
        decay,
        factor,
        params.optimizer_lr_plateau_patience,
        monitor,
        weights=params.optimizer_lr_plateau_weights,
        slots=params.optimizer_lr_plateau_slots,
        **options,
    )
