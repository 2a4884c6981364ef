"""The few tokens worth extending a hypothesis by, and their log-probability."""

from keras import ops

from keras_seq2seq.tokens import END, PAD, START, UNKNOWN

BLOCK = 64  # columns judged by their maximum first
WORTHWHILE = 4  # shorter rows than this many times `count` blocks: no blocks


def top_tokens(logits, count, ban_unknown=False):
    """The `count` best tokens after each hypothesis, and always END.

    PAD and START are never generated: they are no text, and PAD would end it
    for every reader. Probabilities are the model's own all the same, not
    renormalised over what is allowed.

    Args:
        logits: float tensor `(B, K, V)`.
        count: int. Tokens wanted besides END.
        ban_unknown: bool. If True, UNKNOWN is never generated.

    Returns:
        tuple of `(B, K, M)` tensors: int32 ids, END at index 0 and nowhere
        else of use, and float32 log-probabilities in nats, -inf at entries
        that are banned.
    """
    logits = ops.cast(logits, "float32")
    largest = _largest(logits, count, ban_unknown)
    normaliser = log_normaliser(logits, *(each[..., :1] for each in largest))
    ids, values = allowed(*largest, _end_of(logits), ban_unknown)
    # Rounding may lift a certain token above 0, and then length would pay.
    return ids, ops.minimum(values - normaliser, 0.0)


def top_logits(logits, count, ban_unknown=False):
    """Like `top_tokens`, with logits in place of log-probabilities."""
    logits = ops.cast(logits, "float32")
    largest = _largest(logits, count, ban_unknown)
    return allowed(*largest, _end_of(logits), ban_unknown)


def allowed(values, ids, end, ban_unknown=False):
    """Tokens that may be generated, and END in front of them.

    Args:
        values: float32 tensor `(B, K, M)`. What tokens are judged by.
        ids: int32 tensor `(B, K, M)`.
        end: float32 tensor `(B, K, 1)`. What END is judged by.
        ban_unknown: bool.

    Returns:
        tuple of `(B, K, M + 1)` tensors: ids, END where nothing may be, and
        values, -inf there.
    """
    fine = ops.ones_like(ids, dtype="bool")
    for token in _banned(ban_unknown):
        fine = ops.logical_and(fine, ids != token)
    values = ops.where(fine, values, -float("inf"))
    # Also what only fills up the logits: no such token can be fed back.
    ids = ops.where(values > -float("inf"), ids, END)
    ids = ops.concatenate([ops.full_like(ids[..., :1], END), ids], axis=-1)
    return ids, ops.concatenate([end, values], axis=-1)


def _largest(logits, count, ban_unknown):
    count = min(count + len(_banned(ban_unknown)), logits.shape[-1])
    values, ids = top_k(logits, count)
    return values, ops.cast(ids, "int32")


def _banned(ban_unknown):
    """Tokens that are not generated, or not by being among the best."""
    return [PAD, START, END] + [UNKNOWN] * ban_unknown


def _end_of(logits):
    return logits[..., END : END + 1]


def log_normaliser(logits, largest, place):
    """`logsumexp` over the last axis, whose maximum is known already.

    The largest probability is 1 over the sum of `exp(logits - largest)`, and
    softmax is one operation where that sum is three.

    Args:
        logits: float tensor `(..., V)`.
        largest: float tensor `(..., 1)`. The maximum over V.
        place: int32 tensor `(..., 1)`. Where it is.

    Returns:
        float tensor `(..., 1)`.
    """
    probabilities = ops.softmax(logits, axis=-1)
    return largest - ops.log(ops.take_along_axis(probabilities, place, axis=-1))


def top_k(values, count):
    """`ops.top_k` in descending order, equal values by index; faster.

    The best `count` entries lie in the `count` blocks with the greatest
    maxima, so only those are sorted.

    Args:
        values: float tensor `(B, K, V)`, V static.
        count: int, at most V.

    Returns:
        tuple `(values, indices)`, both `(B, K, count)`; values are float32.
    """
    size, width = values.shape[-1], values.shape[1]
    if size < WORTHWHILE * count * BLOCK:
        return ops.top_k(_float32(values), count)
    blocks = size // BLOCK
    rows = ops.reshape(values, (-1, size))
    whole = blocks * BLOCK == size
    head = rows if whole else rows[:, : blocks * BLOCK]
    head = ops.reshape(head, (-1, BLOCK))
    # Processors find maxima of float32 faster, casting included.
    maxima = ops.reshape(ops.max(_float32(head), axis=-1), (-1, blocks))
    chosen = ops.cast(ops.top_k(maxima, count)[1], "int32")
    chosen = ops.sort(chosen, axis=-1)  # so that equal values keep their order
    starts = ops.arange(ops.shape(rows)[0], dtype="int32")[:, None] * blocks
    survivors = ops.take(head, starts + chosen, axis=0)
    survivors = ops.reshape(survivors, (-1, count * BLOCK))
    if not whole:
        # What does not fill a block comes last, as one more chosen block.
        rest = rows[:, blocks * BLOCK :]
        survivors = ops.concatenate([survivors, rest], axis=-1)
        chosen = ops.concatenate(
            [chosen, ops.full_like(chosen[:, :1], blocks)], axis=-1
        )
    best, places = ops.top_k(_float32(survivors), count)
    places = ops.cast(places, "int32")
    block = ops.take_along_axis(chosen, places // BLOCK, axis=-1)
    indices = block * BLOCK + places % BLOCK
    shape = (-1, width, count)
    return ops.reshape(best, shape), ops.reshape(indices, shape)


def _float32(x):
    return ops.cast(x, "float32")
