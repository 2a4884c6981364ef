"""Settings of the optimizer and its learning rate in `model_params`."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from keras_seq2seq.config.initializer_schema import InitializerParams
from keras_seq2seq.config.optimizer_schema import (
    AdagradParams,
    AdamParams,
    FtrlParams,
    MomentumParams,
    RMSpropParams,
    SGDParams,
)
from keras_seq2seq.config.values import Flag, Free, Real, Whole, name_of

DECAYS = Literal[
    "",
    "exponential_decay",
    "natural_exp_decay",
    "inverse_time_decay",
    "polynomial_decay",
    "piecewise_constant_decay",
    "inverse_sqrt",
    "plateau_reduce",
    "fixed_rate_inv_t",
    "fixed_rate_inv_sqrt_t",
]


def params_of(role):
    """A setting `<role>.params`, typed by the class beside it."""
    return Field(
        {},
        alias=f"{role}.params",
        description=f"Arguments of the {role}.",
        validate_default=True,
    )


def _decay_name(value):
    """Null means none; `piecewise_constant` is TensorFlow's own name."""
    return {None: "", "piecewise_constant": "piecewise_constant_decay"}.get(
        value if isinstance(value, str | None) else 0, value
    )


class TrainingParams(InitializerParams):
    """How the weights are trained."""

    optimizer_name: name_of("optimizer") = Field(
        "Adam", alias="optimizer.name", description="Kind of optimizer."
    )
    optimizer_learning_rate: Real = Field(
        1e-4,
        gt=0,
        alias="optimizer.learning_rate",
        description="Learning rate at the start, or after the warm-up.",
    )
    optimizer_params: (
        AdamParams
        | SGDParams
        | MomentumParams
        | AdagradParams
        | RMSpropParams
        | FtrlParams
        | Free
    ) = params_of("optimizer")
    optimizer_clip_gradients: Real | None = Field(
        5.0,
        ge=0,
        alias="optimizer.clip_gradients",
        description="Largest global norm of the gradients; null or 0: any.",
    )
    optimizer_clip_embed_gradients: Real | None = Field(
        None,
        ge=0,
        alias="optimizer.clip_embed_gradients",
        description="Largest norm of each embedding's gradient, after the "
        "global clipping; null or 0: any. google/seq2seq had 0.1.",
    )
    optimizer_clip_value: Real | None = Field(
        None,
        alias="optimizer.clip_value",
        description="Largest absolute value of an element of a gradient, "
        "after the other clipping; null, 0 or less: any.",
    )
    optimizer_weight_decay: Real = Field(
        0.0,
        ge=0,
        alias="optimizer.weight_decay",
        description="Share of each weight that is added to its gradient, "
        "before the elements are clipped, with SGD after that; biases have "
        "none.",
    )
    optimizer_lr_decay_type: Annotated[DECAYS, BeforeValidator(_decay_name)] = (
        Field(
            "",
            alias="optimizer.lr_decay_type",
            description="How the learning rate falls; empty: it stays.",
        )
    )
    optimizer_lr_decay_steps: Whole = Field(
        100,
        ge=1,
        alias="optimizer.lr_decay_steps",
        description="Steps per application of the decay rate.",
    )
    optimizer_lr_decay_rate: Real = Field(
        0.99,
        gt=0,
        alias="optimizer.lr_decay_rate",
        description="Factor or rate of the decay.",
    )
    optimizer_lr_start_decay_at: Whole = Field(
        0,
        ge=0,
        alias="optimizer.lr_start_decay_at",
        description="Step at which the decay starts.",
    )
    optimizer_lr_stop_decay_at: Whole = Field(
        1_000_000_000,
        ge=0,
        alias="optimizer.lr_stop_decay_at",
        description="Step at which the decay stops.",
    )
    optimizer_lr_min_learning_rate: Real = Field(
        1e-12,
        ge=0,
        alias="optimizer.lr_min_learning_rate",
        description="The decay never goes below; 0: no limit.",
    )
    optimizer_lr_staircase: Flag = Field(
        False,
        alias="optimizer.lr_staircase",
        description="Decay once every lr_decay_steps, not at every step.",
    )
    optimizer_lr_warmup_steps: Whole = Field(
        0,
        ge=0,
        alias="optimizer.lr_warmup_steps",
        description="Steps in which the learning rate rises from 0.",
    )
    optimizer_lr_decay_power: Real = Field(
        1.0,
        gt=0,
        alias="optimizer.lr_decay_power",
        description="Exponent of polynomial_decay.",
    )
    optimizer_lr_end_learning_rate: Real = Field(
        1e-4,
        ge=0,
        alias="optimizer.lr_end_learning_rate",
        description="Learning rate at which polynomial_decay ends.",
    )
    optimizer_lr_boundaries: tuple[Whole, ...] = Field(
        (),
        alias="optimizer.lr_boundaries",
        description="Steps at which piecewise_constant_decay changes.",
    )
    optimizer_lr_values: tuple[Real, ...] = Field(
        (),
        alias="optimizer.lr_values",
        description="Learning rates between them, one more than boundaries.",
    )
    optimizer_lr_half_life: Whole = Field(
        10_000,
        ge=1,
        alias="optimizer.lr_half_life",
        description="Updates after which fixed_rate_inv_t and "
        "fixed_rate_inv_sqrt_t have halved the learning rate.",
    )
    optimizer_lr_decay_by_time: Flag = Field(
        False,
        alias="optimizer.lr_decay_by_time",
        description="Let the learning rate decay by the share of minutes that "
        "is over, where that is ahead of the share of lr_decay_steps: it has "
        "decayed when time ends a training before its last step.",
    )
    optimizer_lr_plateau_factor: Real = Field(
        0.5,
        gt=0,
        le=1,
        alias="optimizer.lr_plateau_factor",
        description="What plateau_reduce multiplies the learning rate by; 1: "
        "it stays.",
    )
    optimizer_lr_plateau_patience: Whole = Field(
        3,
        ge=1,
        alias="optimizer.lr_plateau_patience",
        description="Evaluations in a row without improvement after which "
        "plateau_reduce reduces.",
    )
    optimizer_lr_plateau_weights: Literal["keep", "best"] = Field(
        "keep",
        alias="optimizer.lr_plateau_weights",
        description="Weights with which training goes on after plateau_reduce "
        "has reduced: as they are, or the best so far.",
    )
    optimizer_lr_plateau_slots: Literal["keep", "initial", "best"] = Field(
        "keep",
        alias="optimizer.lr_plateau_slots",
        description="The same for what the optimizer has collected, its "
        "means and momenta; initial: none.",
    )
    optimizer_sync_replicas: Whole = Field(
        0,
        ge=0,
        alias="optimizer.sync_replicas",
        description="Accepted; replicas are always in step here.",
    )
    optimizer_sync_replicas_to_aggregate: Whole = Field(
        0,
        ge=0,
        alias="optimizer.sync_replicas_to_aggregate",
        description="Accepted; replicas are always in step here.",
    )
