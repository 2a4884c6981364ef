"""How many multiplications and additions a model's products take."""

import math

from keras_seq2seq.checkpoint.variable_names import weight_names


def operations_of(model, source, target, real):
    """Multiplications and additions of a forward pass's products.

    Args:
        model: `Seq2Seq`.
        source, target: shapes `(B, S)` and `(B, T)` with padding.
        real: int. Target positions that become logits.
    """
    rows, length = source
    reads, writes = rows * length, rows * target[1]
    pairs = writes * length
    return sum(products(model, rows, reads, writes, pairs, real).values())


def products(model, rows, reads, writes, pairs, real):
    """Multiplications and additions of a forward pass, product by product.

    Args:
        model: `Seq2Seq`.
        rows: int. Sentences.
        reads: int. Source positions.
        writes: int. Target positions.
        pairs: int. Pairs of a target position and a source position of the
            same sentence, which attention compares.
        real: int. Target positions that become logits.

    Returns:
        dict `{what is multiplied: operations}`: names of weights, and the
        scores and sums of attention.
    """
    found = {}
    for name, variable in weight_names(model).items():
        if len(variable.shape) < 2 or "embed_" in variable.path:
            continue
        if name.startswith("encoder/backbone/"):
            continue  # at as many places as its maps have, if at all
        times = _times(variable.path, rows, reads, writes, real)
        found[name] = 2 * times * math.prod(variable.shape)
    if model.share_embeddings in ("target_output", "all"):
        size = math.prod(model.embed_target.table.shape)
        found["to_logits (tied)"] = 2 * real * size
    if model.has_attention:
        keys = model.encoder.output_size  # for a decoder's own attentions
        if model.attention is not None:
            keys = model.attention.key_size
        width = keys + model.encoder.value_size
        width *= model.decoder.own_attentions or 1
        found["attention (scores and sums)"] = 2 * pairs * width
    return found


def _times(path, rows, reads, writes, real):
    """Positions at which the weight of this path is multiplied."""
    if "to_logits" in path:
        return real
    if "bridge" in path:
        return rows
    of_source = ("encoder", "key_", "/key/", "/value/", "/fit_")
    if any(part in path for part in of_source):
        return reads
    return writes
