"""Types of hyperparameters: SageMaker sends every value as text."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from keras_seq2seq.config.values import Real, Says, received, wrong

UNSET = (None, "None", "")
INTEGER = re.compile(r"-?\d{1,18}\Z", re.ASCII)


def _integer(value):
    """`"64"` is 64, but `"64.0"` is refused, and so is 64.0."""
    if isinstance(value, str) and INTEGER.match(value):
        return int(value)
    return value


def _unset(value):
    """`None`, `"None"` and `""` mean that the row was not given."""
    return None if isinstance(value, str) and value in UNSET else value


def _below_one(value):
    """Document 004 lets 1 pass, at which there is nothing left."""
    if value == 1:
        raise wrong(
            "must be a number >= 0 and < 1: with 1 everything is dropped and "
            f"nothing can be learnt. Received: {received(value)}"
        )
    return value


def _unlimited(value):
    if value == -1 or value >= 1:
        return value
    raise wrong(f"must be -1 or an integer >= 1. Received: {received(value)}")


def _metrics(value):
    """`perplexity,accuracy` is a list of two."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple):
        return value
    if not all(isinstance(one, str) for one in value):
        return value
    if "bleu" in value:
        raise wrong(
            "must be perplexity or accuracy, or both with a comma: BLEU is "
            "computed at checkpoints alone. Write optimized_metric: bleu for "
            f"it. Received: {received(','.join(map(str, value)))}"
        )
    return tuple(dict.fromkeys(value))


def _underscores(value):
    """Sockeye writes `plateau-reduce`."""
    return value.replace("-", "_") if isinstance(value, str) else value


def _hyphens(value):
    return value.replace("_", "-") if isinstance(value, str) else value


Integer = Annotated[int, BeforeValidator(_integer), Field(strict=True)]
Positive = Annotated[Integer, Field(ge=1)]
PositiveOrUnset = Annotated[
    Positive | None,
    BeforeValidator(_unset),
    Says("an integer >= 1, or none"),
]
MomentumOrUnset = Annotated[
    Annotated[Real, Field(ge=0, lt=1)] | None,
    BeforeValidator(_unset),
    Says("a number >= 0 and < 1, or none"),
]
Unlimited = Annotated[
    Integer, AfterValidator(_unlimited), Says("-1 or an integer >= 1")
]
Dropout = Annotated[
    Annotated[Real, AfterValidator(_below_one)], Field(ge=0, lt=1)
]
TrackedMetrics = Annotated[
    tuple[Literal["perplexity", "accuracy"], ...],
    BeforeValidator(_metrics),
    Field(min_length=1),
    Says("perplexity, accuracy or both with a comma"),
    WithJsonSchema(
        {
            "enum": [
                "perplexity",
                "accuracy",
                "perplexity,accuracy",
                "accuracy,perplexity",
            ]
        }
    ),
]
Schedule = Annotated[
    Literal["plateau_reduce", "fixed_rate_inv_t", "fixed_rate_inv_sqrt_t"],
    BeforeValidator(_underscores),
]
Loss = Annotated[Literal["cross-entropy"], BeforeValidator(_hyphens)]


def as_text(value):
    """A value as SageMaker's files spell it.

    Args:
        value: bool, int, float, str, tuple of str or None.

    Returns:
        str that is read as the same value.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
