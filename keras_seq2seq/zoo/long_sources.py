"""One target out of those of the pieces of a long source."""

import numpy as np

from keras_seq2seq.tokens import END, END_NAME
from keras_seq2seq.zoo.generated import Generation


def joined(parts, decode, penalty=None):
    """Joins what a model wrote for the pieces of one source.

    Tokens follow one another, without END but at the end of the last piece,
    on both sides; attention is block-diagonal; `log_prob` is the sum, that of
    the ENDs included. A score is taken back to nats piece by piece and divided
    by the length penalty of the whole. Hypotheses of one rank are joined, so
    there are as many as the piece with the fewest has.

    Args:
        parts: sequence of `Generation`, two or more.
        decode: callable from target ids to text.
        penalty: `search.LengthPenalty` by which the pieces were ranked, or
            None for none.

    Returns:
        Generation, whose `parts` are the pieces.

    Source:
        Sockeye 1, `inference.py`, `_concat_translations`.
    """
    ranks = [
        _one(rank, decode, penalty)
        for rank in zip(
            *((part, *part.alternatives) for part in parts), strict=False
        )
    ]
    first, *others = ranks
    return Generation(
        **{**vars(first), "alternatives": tuple(others), "parts": tuple(parts)}
    )


def _one(parts, decode, penalty):
    *inner, last = parts
    written = [*(_without_end(part) for part in inner), len(last.ids)]
    read = [
        *(_length(part.source_tokens) for part in inner),
        len(last.source_tokens),
    ]
    ids = _flat(part.ids[:n] for part, n in zip(parts, written, strict=True))
    return Generation(
        text=decode(list(ids)),
        tokens=_flat(
            part.tokens[:n] for part, n in zip(parts, written, strict=True)
        ),
        source_tokens=_flat(
            part.source_tokens[:n] for part, n in zip(parts, read, strict=True)
        ),
        log_prob=_log_prob(parts),
        score=_score(parts, ids, penalty),
        attention=_blocks(parts, written, read),
        ids=ids,
    )


def _log_prob(parts):
    if parts[0].log_prob is None:
        return None
    return sum(part.log_prob for part in parts)


def _score(parts, ids, penalty):
    if parts[0].score is None:
        return None
    nats = sum(part.score * _divisor(penalty, part.ids) for part in parts)
    return nats / _divisor(penalty, ids)


def _without_end(part):
    """How many of the target tokens stand in front of END."""
    return len(part.ids) - (part.ids[-1:] == (END,))


def _length(tokens):
    return len(tokens) - (tokens[-1:] == (END_NAME,))


def _flat(pieces):
    return tuple(each for piece in pieces for each in piece)


def _divisor(penalty, ids):
    if penalty is None:
        return 1.0
    words = len(ids) - (ids[-1:] == (END,))
    ended = len(ids) - words
    return float(penalty(words + ended * penalty.count_end))


def _blocks(parts, heights, widths):
    """Attention `(T, S)` of all pieces, each with its own source only."""
    if any(part.attention is None for part in parts):
        return None
    whole = np.zeros((sum(heights), sum(widths)), "float32")
    row = column = 0
    for part, height, width in zip(parts, heights, widths, strict=True):
        block = part.attention[:height, :width]
        whole[row : row + height, column : column + width] = block
        row, column = row + height, column + width
    return whole
