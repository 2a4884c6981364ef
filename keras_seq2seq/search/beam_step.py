"""One step of beam search, as a pure function."""

from typing import Any, NamedTuple

from keras import ops

from keras_seq2seq.search.top_tokens import top_tokens
from keras_seq2seq.tokens import END


class Beam(NamedTuple):
    """Hypotheses of one length, K for each source.

    Attributes:
        log_probs: float32 tensor `(B, K)`. Nats; -inf where a slot is empty.
        lengths: int32 tensor `(B, K)`. Tokens as the length penalty counts.
        finished: bool tensor `(B, K)`. True after END.
    """

    log_probs: Any
    lengths: Any
    finished: Any


class BeamStep(NamedTuple):
    """The outcome of a step, best slot first; all tensors `(B, K)`."""

    beam: Beam
    words: Any
    parents: Any
    scores: Any


def beam_step(
    logits,
    beam,
    width,
    penalty,
    *,
    end_allowed=None,
    coverage=None,
    ban_unknown=False,
):
    """Extends each hypothesis and keeps the `width` best by score.

    A finished hypothesis competes as it is: its only successor is END with
    log-probability 0, and it grows no longer.

    Args:
        logits: float tensor `(B, K, V)`.
        beam: Beam with `(B, K)` tensors.
        width: int. Slots afterwards; those without a hypothesis get -inf.
        penalty: LengthPenalty.
        end_allowed: bool tensor `(B, 1)` or None for always.
        coverage: float32 tensor `(B, K)` to be added to the scores, or None.
        ban_unknown: bool. If True, UNKNOWN is never generated.

    Returns:
        BeamStep of `(B, width)` tensors.

    Source:
        [Wu et al., 2016](https://arxiv.org/abs/1609.08144), section 7; as in
        google/seq2seq.
    """
    ids, log_probs = top_tokens(logits, width, ban_unknown)
    ids, log_probs = _pad(ids, log_probs, -(-width // logits.shape[1]))
    log_probs = forbid_end(log_probs, end_allowed)
    log_probs = freeze(log_probs, beam.finished)
    totals = beam.log_probs[..., None] + log_probs  # (B, K, M)
    lengths = beam.lengths[..., None] + _growth(ids, beam.finished, penalty)
    scores = totals / penalty(lengths)
    if coverage is not None:
        scores = scores + coverage[..., None]
    return _best(ids, totals, lengths, scores, width)


def freeze(log_probs, finished):
    """Leaves END, at no cost, as the only successor of finished hypotheses.

    Args:
        log_probs: float tensor `(B, K, M)` of candidates, END at index 0.
        finished: bool tensor `(B, K)`.
    """
    only_end = ops.where(_is_end(log_probs), 0.0, -float("inf"))
    return ops.where(finished[..., None], only_end, log_probs)


def _best(ids, totals, lengths, scores, width):
    count = ids.shape[-1]
    flat = (-1, ids.shape[1] * count)
    scores, index = ops.top_k(ops.reshape(scores, flat), width)
    index = ops.cast(index, "int32")

    def pick(candidates):
        return ops.take_along_axis(ops.reshape(candidates, flat), index, axis=1)

    beam = Beam(pick(totals), pick(lengths), index % count == 0)
    return BeamStep(beam, pick(ids), index // count, scores)


def _pad(ids, log_probs, count):
    """At least `count` candidates for each hypothesis."""
    lacking = [(0, 0), (0, 0), (0, max(0, count - ids.shape[-1]))]
    ids = ops.pad(ids, lacking, constant_values=END)
    return ids, ops.pad(log_probs, lacking, constant_values=-float("inf"))


def forbid_end(log_probs, end_allowed):
    """Gives END -inf where it is not allowed yet.

    Args:
        log_probs: float tensor `(B, K, M)` of candidates, END at index 0.
        end_allowed: bool tensor `(B, 1)` or `(1, 1)`, or None for everywhere.
    """
    if end_allowed is None:
        return log_probs
    forbidden = ops.logical_and(
        _is_end(log_probs), ops.logical_not(end_allowed)[..., None]
    )
    return ops.where(forbidden, -float("inf"), log_probs)


def _growth(ids, finished, penalty):
    growth = ops.where(_is_end(ids), int(penalty.count_end), 1)
    return ops.where(finished[..., None], 0, growth)


def _is_end(candidates):
    """bool tensor `(M,)`: `top_tokens` puts END first."""
    return ops.arange(candidates.shape[-1], dtype="int32") == 0
