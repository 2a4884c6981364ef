"""What every search returns."""

from typing import Any, NamedTuple


class Hypotheses(NamedTuple):
    """The N best sequences of each source, best first.

    A hypothesis that reached the maximum length is unfinished: it holds no
    END, and its `log_probs` has no END's share. Where fewer than N different
    hypotheses exist, the rest have length 0 and `log_probs` of -inf.

    Attributes:
        ids: int32 tensor `(B, N, L)`. Tokens with END, PAD after it; L is the
            greatest maximum length.
        lengths: int32 tensor `(B, N)`. Tokens, counting END.
        log_probs: float32 tensor `(B, N)`. Nats, the sum over the tokens; or
            None, where a search leaves it out.
        scores: float32 tensor `(B, N)`. What the ranking went by; or None.
        attention: float tensor `(B, N, L, S)`, zero after the last token, or
            None. Row `l` is what the model saw when it wrote token `l`.
        history: BeamHistory, or None.
    """

    ids: Any
    lengths: Any
    log_probs: Any
    scores: Any
    attention: Any = None
    history: Any = None
