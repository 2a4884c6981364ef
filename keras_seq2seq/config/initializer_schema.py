"""Settings of how weights begin, a part of `model_params`."""

from typing import Literal

from pydantic import Field

from keras_seq2seq.config.text_schema import TextParams
from keras_seq2seq.config.values import Real


class InitializerParams(TextParams):
    """How the weights begin."""

    initializer_class: Literal["", "xavier", "uniform"] = Field(
        "",
        alias="initializer.class",
        description="How weights of two or more dimensions begin; empty: each "
        "layer in its own way, and the other settings of it have no effect.",
    )
    initializer_scale: Real = Field(
        2.34,
        gt=0,
        alias="initializer.scale",
        description="Xavier's magnitude m, in plus or minus sqrt(m / n); "
        "uniform: plus or minus this.",
    )
    initializer_factor: Literal["in", "out", "avg"] = Field(
        "in",
        alias="initializer.factor",
        description="Xavier's n: inputs, outputs, or their mean.",
    )
    initializer_recurrent: Literal[
        "orthogonal", "orthogonal_stacked", "default"
    ] = Field(
        "orthogonal",
        alias="initializer.recurrent",
        description="Recurrent kernels: orthogonal with gain 1.414, over all "
        "gates or (stacked) each gate by itself; default: as other weights.",
    )
