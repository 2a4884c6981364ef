"""What a model wrote."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Generation:
    """What a model wrote for one source.

    Attributes:
        text: str. Detokenised.
        tokens: tuple of str. Target pieces, END included where written.
        source_tokens: tuple of str. Source pieces as the model read them, but
            unknown ones as they stand in the text; for a picture the places
            of its cells.
        log_prob: float. Nats, the sum over `tokens`; or None, where the
            search leaves it out.
        score: float. What the search ranked by; or None.
        attention: float array `(len(tokens), len(source_tokens))` or None.
        history: `BeamHistory` of this source, arrays `(steps, K)`, or None.
        alternatives: tuple of `Generation`. The next best ones.
        ids: tuple of int. Target ids, one per token.
        parts: tuple of `Generation`. The pieces of a source that was too long
            to be read at once, each as it was written; else empty.
        picture: `Picture` that was read, or None for text.
        seconds: float. Time it took, its share of that of its neighbours.
    """

    text: str
    tokens: tuple
    source_tokens: tuple
    log_prob: float
    score: float
    attention: Any = None
    history: Any = None
    alternatives: tuple = ()
    ids: tuple = ()
    parts: tuple = ()
    picture: Any = None
    seconds: float = 0.0


BLANK = Generation("", (), (), 0.0, 0.0)
