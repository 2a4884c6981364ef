"""What a beam search kept at each step, for those who look into it."""

from typing import Any, NamedTuple


class BeamHistory(NamedTuple):
    """Every slot of every step as it stood then, not traced back.

    A finished hypothesis goes on as END at no cost as long as its place in the
    beam lasts. A slot without a hypothesis has a log-probability of -inf.

    Attributes:
        words: int32 tensor `(B, L, K)`. What each slot wrote.
        parents: int32 tensor `(B, L, K)`. The slot it extended, one step
            earlier; 0 in the first step.
        scores: float32 tensor `(B, L, K)`. What the slots were ranked by.
        log_probs: float32 tensor `(B, L, K)`. Nats, summed from the start.
        steps: int32 tensor `(B,)`. Steps taken; later ones mean nothing.
        last_step: int32 tensor `(B,)`. Where the best hypothesis ends, which
            may be before the last step.
        last_slot: int32 tensor `(B,)`. Its slot there.

    Source:
        google/seq2seq, `inference/beam_search.py`, `BeamSearchStepOutput`.
    """

    words: Any
    parents: Any
    scores: Any
    log_probs: Any
    steps: Any
    last_step: Any
    last_slot: Any

    def of(self, row):
        """The history of one source: arrays `(steps, K)` and plain ints."""
        steps = int(self.steps[row])
        table = [each[row, :steps] for each in self[:4]]
        return BeamHistory(
            *table, steps, int(self.last_step[row]), int(self.last_slot[row])
        )
