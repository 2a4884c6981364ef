"""What a step may tell in place of logits, where the best token is wanted."""

from typing import Any, NamedTuple


class Screened(NamedTuple):
    """The few tokens of which one is nearly always the best.

    Attributes:
        ids: int32 tensor `(B, K, M)`.
        logits: float32 tensor `(B, K, M)`. Those of these tokens.
        end: float32 tensor `(B, K, 1)`. The logit of END.
        bound: float32 tensor `(B, K)`. No logit of another token is greater.
        all_logits: callable that computes those of all tokens for some of the
            sources, int32 `(n,)`: float32 `(n, K, V)`.
    """

    ids: Any
    logits: Any
    end: Any
    bound: Any
    all_logits: Any
