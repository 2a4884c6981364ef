"""What an encoder gives to the rest of a model."""

from typing import Any, NamedTuple


class EncoderOutput(NamedTuple):
    """One batch, encoded. All tensors are zero at padding.

    Attributes:
        outputs: tensor `(B, S, D)`. Attention keys are made from these.
        final_state: nest of tensors `(B, n)`, behind the last real token.
        attention_values: tensor `(B, S, M)`. What attention sums.
        valid: bool tensor `(B, S)`, True at real positions.
    """

    outputs: Any
    final_state: Any
    attention_values: Any
    valid: Any
