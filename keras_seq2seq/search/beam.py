"""Batched beam search that loses no finished hypothesis."""

import dataclasses
import numbers
from typing import Any, NamedTuple

from keras import ops

from keras_seq2seq.search.beam_history import BeamHistory
from keras_seq2seq.search.beam_step import Beam, beam_step
from keras_seq2seq.search.carry import batch_size, select
from keras_seq2seq.search.coverage import (
    add_coverage,
    coverage_score,
    first_coverage,
)
from keras_seq2seq.search.history import read
from keras_seq2seq.search.hypotheses import Hypotheses
from keras_seq2seq.search.length_penalty import LengthPenalty
from keras_seq2seq.search.loop import first_step, more_steps
from keras_seq2seq.search.pool import Pool, admit, empty_pool
from keras_seq2seq.search.temperature import (
    check_temperature,
    with_temperature,
)
from keras_seq2seq.tokens import START


class _State(NamedTuple):
    time: Any  # int32 scalar, steps taken
    words: Any  # (B, K), to be fed next
    carry: Any  # nest of (B, K, ...)
    coverage: Any  # (B, K, S) or ()
    beam: Beam
    pool: Pool
    live: Any  # (B,)
    steps: Any  # (B,), taken while live


@dataclasses.dataclass(frozen=True)
class BeamSearch:
    """Keeps the `width` best hypotheses of each source at every step.

    Steps are those of google/seq2seq: finished hypotheses are frozen, stay in
    the beam and compete by score. Beyond it, each finished hypothesis also
    enters a pool of the `n_best`, so none is lost to a live one that looks
    better for the moment. A source is done when no live hypothesis of its
    beam can still enter the pool, or at the maximum length, when the live ones
    enter it unfinished and compete by score. Width 1 is greedy search.

    Args:
        width: int. Hypotheses kept (K).
        length_penalty: float, at least 0. GNMT's alpha; 0 ranks by summed
            log-probability. It ranks nothing within a beam of width 1.
        penalty_offset: float. 5 in GNMT, 0 in Sockeye.
        count_end: bool. Whether a length counts END (Sockeye's does).
        coverage_penalty: float, at least 0. GNMT's beta, nats; 0.2 is usual.
            Needs a step function that returns attention.
        n_best: int, at most `width`. Hypotheses returned.
        ban_unknown: bool. If True, UNKNOWN is never generated.
        temperature: float above 0, without unit. Divides the logits: below 1
            the model is surer of itself, above 1 less, and so are all scores.
        prune: float, at least 0. A live hypothesis whose score is more than
            this below the best finished one's is given up; 0 gives up none.
        stop_at_first: bool. If True, a source is done as soon as the best slot
            of its beam is finished.
        with_attention: bool. If True, attention is returned; costs memory.
        with_history: bool. If True, all slots of all steps are returned.

    Call arguments:
        step: callable `(tokens (B, K), memory, carry) -> (logits (B, K, V),
            carry, attention (B, K, S) or None)`.
        memory: nest of tensors `(B, ...)`, handed on untouched.
        carry: nest of tensors `(B, 1, ...)`.
        limits: Limits.

    Returns:
        Hypotheses with N = `n_best`; `scores` is `log_probs` over the length
        penalty, plus the coverage penalty.

    Raises:
        ValueError: if an option is out of range, or attention is needed and
            the step function has none.

    Source:
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144), section 7;
        `temperature`, `prune` and `stop_at_first` as in Sockeye.
    """

    width: int = 5
    length_penalty: float = 0.0
    penalty_offset: float = 5.0
    count_end: bool = False
    coverage_penalty: float = 0.0
    n_best: int = 1
    ban_unknown: bool = False
    temperature: float = 1.0
    prune: float = 0.0
    stop_at_first: bool = False
    with_attention: bool = False
    with_history: bool = False

    def __post_init__(self):
        for name in ("width", "n_best"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(
                    f"`{name}` must be a positive int. Received: {value!r}"
                )
        if self.n_best > self.width:
            raise ValueError(
                "`n_best` must be at most `width`. Received: "
                f"n_best={self.n_best}, width={self.width}"
            )
        for name in ("coverage_penalty", "prune"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ValueError(
                    f"`{name}` must be a finite number of at least 0. "
                    f"Received: {value!r}"
                )
        check_temperature(self.temperature)
        self.penalty()  # checks its own arguments

    def penalty(self):
        """The LengthPenalty by which hypotheses are ranked."""
        return LengthPenalty(
            self.length_penalty, self.penalty_offset, self.count_end
        )

    def __call__(self, step, memory, carry, limits):
        trail = self.start(step, memory, carry, limits)
        return self.finish(self.extend(step, memory, trail, limits))

    def start(self, step, memory, carry, limits):
        """The Trail of the first step."""
        return first_step(
            self._advancer(step, memory, limits),
            self._first_state(memory, carry),
            limits,
        )

    def extend(self, step, memory, trail, limits, until=0):
        """Goes on until at most `until` sources are live."""
        return more_steps(self._advancer(step, memory, limits), trail, until)

    def finish(self, trail):
        """Hypotheses of a Trail none of whose sources is live."""
        pool = trail.state.pool
        ids, attention = read(trail.history, pool.steps, pool.slots)
        return Hypotheses(
            ids,
            pool.steps + 1,
            pool.log_probs,
            pool.scores,
            attention,
            _beam_history(trail) if self.with_history else None,
        )

    def _advancer(self, step, memory, limits):
        def advance(state):
            logits, carry, attention = step(state.words, memory, state.carry)
            self._check(attention)
            logits = with_temperature(logits, self.temperature)
            state = state._replace(carry=carry)
            return self._advance(state, logits, attention, limits)

        return advance

    def _check(self, attention):
        needed = self.with_attention or self.coverage_penalty
        if needed and attention is None:
            raise ValueError(
                "`with_attention` and `coverage_penalty` need a step function "
                "that returns attention. Received: None as its third value"
            )

    def _first_state(self, memory, carry):
        batch = batch_size(memory, carry)
        unfinished = ops.zeros((batch, 1), dtype="bool")
        return _State(
            time=ops.convert_to_tensor(0, dtype="int32"),
            words=ops.full((batch, 1), START, dtype="int32"),
            carry=carry,
            coverage=(),
            beam=Beam(
                ops.zeros((batch, 1), dtype="float32"),
                ops.zeros((batch, 1), dtype="int32"),
                unfinished,
            ),
            pool=empty_pool(batch, self.n_best),
            live=ops.ones((batch,), dtype="bool"),
            steps=ops.zeros((batch,), dtype="int32"),
        )

    def _advance(self, state, logits, attention, limits):
        """One step, whose carry `state` has already; see `first_step`."""
        coverage, bonus = self._cover(state, attention)
        outcome = beam_step(
            logits,
            state.beam,
            self.width,
            # A beam of one would only trade END against words: see `Args`.
            self.penalty() if self.width > 1 else LengthPenalty(),
            end_allowed=limits.end_allowed(state.time),
            coverage=bonus,
            ban_unknown=self.ban_unknown,
        )
        beam, words, parents, _ = outcome
        carry, coverage, was_finished = select(
            (state.carry, coverage, state.beam.finished), parents
        )
        scores = beam.log_probs / self.penalty()(beam.lengths)
        if bonus is not None:
            scores = scores + ops.take_along_axis(bonus, parents, axis=1)
        over = (state.time + 1 >= limits.maxima())[:, None]  # (B or 1, 1)
        closed = ops.logical_and(
            ops.logical_or(beam.finished, over), ops.logical_not(was_finished)
        )
        pool = admit(state.pool, closed, scores, beam.log_probs, state.time)
        beam = self._pruned(beam, scores, pool)
        done = ops.logical_or(over, self._decided(beam, pool, limits))
        if self.stop_at_first:
            done = ops.logical_or(done, beam.finished[:, :1])
        beam = beam._replace(finished=ops.logical_or(beam.finished, done))
        live = ops.any(ops.logical_not(beam.finished), axis=1)
        steps = state.steps + ops.cast(state.live, "int32")
        state = _State(
            state.time + 1, words, carry, coverage, beam, pool, live, steps
        )
        kept = {"attention": attention} if self.with_attention else {}
        if self.with_history:
            kept |= {"scores": scores, "log_probs": beam.log_probs}
        return state, parents, kept

    def _cover(self, state, attention):
        """Coverage `(B, K, S)` or (), and what it adds to scores or None."""
        if not self.coverage_penalty:
            return (), None
        if isinstance(state.coverage, tuple):
            coverage = first_coverage(attention)
        else:
            coverage = add_coverage(
                state.coverage, attention, state.beam.finished
            )
        return coverage, coverage_score(coverage, self.coverage_penalty)

    def _pruned(self, beam, scores, pool):
        """The Beam without live hypotheses that are too far behind."""
        if not self.prune:
            return beam
        behind = scores < pool.scores[:, :1] - self.prune
        given_up = ops.logical_and(behind, ops.logical_not(beam.finished))
        return beam._replace(
            log_probs=ops.where(given_up, -float("inf"), beam.log_probs)
        )

    def _decided(self, beam, pool, limits):
        """Where no live hypothesis can enter the pool any more.

        Let a live hypothesis have log-probability l <= 0. Each token adds at
        most 0, so it closes with some l' <= l. The length penalty is positive
        and does not fall with length (alpha >= 0), and the length is at most
        the maximum M, so l' / penalty(n) <= l' / penalty(M) <= l / penalty(M),
        the first step because l' <= 0. The coverage penalty only lowers a
        score. So l / penalty(M) bounds its score, and if that is no more than
        the worst in a full pool (an unfilled one has -inf), it cannot enter.

        Returns:
            bool tensor `(B, 1)`.
        """
        live = ops.where(beam.finished, -float("inf"), beam.log_probs)
        bound = ops.max(live, axis=1) / self.penalty()(limits.maxima())
        return (bound <= pool.scores[:, -1])[:, None]


def _beam_history(trail):
    """The BeamHistory of all sources of a Trail."""
    words, parents, kept = trail.history
    tables = (words, parents, kept["scores"], kept["log_probs"])
    pool = trail.state.pool
    return BeamHistory(
        *(ops.transpose(table, (1, 0, 2)) for table in tables),
        trail.state.steps,
        pool.steps[:, 0],
        pool.slots[:, 0],
    )
