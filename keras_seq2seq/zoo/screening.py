"""Which tokens can be the best, told by numbers of 16 bits.

In greedy search the projection to a large vocabulary is more than half of the
arithmetic. Processors that multiply bfloat16 numbers take half the time with
them, and how far rounding moves a logit is bounded: by Cauchy and Schwarz's
inequality the products of rounded factors err by no more than the roundings
times the norms of the features and of the token's weights. So the few tokens
that are best in bfloat16 get their logits anew in float32. If the best of
these lies above what any other token can reach, it is the best of all; where
it does not, all logits are computed.
"""

from keras import ops

from keras_seq2seq.search.screened import Screened
from keras_seq2seq.search.top_tokens import top_k
from keras_seq2seq.tokens import END

CANDIDATES = 8
# The relative error of a number rounded to bfloat16, whose fraction has 7 bits.
ROUNDING = 2.0**-8
# For the squares of roundings, and for sums in float32 of 2,000 terms or less.
SLACK = 1.05


def screening(judged, rows, bias):
    """What `screener` reads of the weights of a projection.

    Args:
        judged: mapping of float32 `"kernel" (U, N)` and `"bias" (N,)`, N at
            least V, that of what is no token being -inf.
        rows: float32 tensor `(V, U)`. The kernel, transposed.
        bias: float32 tensor `(V,)`.

    Returns:
        mapping of tensors.
    """
    return {
        "rounded": ops.cast(judged["kernel"], "bfloat16"),
        "rounded_bias": ops.cast(judged["bias"], "bfloat16"),
        "rows": rows,
        "bias": bias,
        "largest_norm": ops.max(ops.norm(rows, axis=-1)),
        "largest_bias": ops.max(ops.abs(bias)),
    }


def screener(weights):
    """Returns the projection of features `(B, K, U)` to `Screened`.

    Args:
        weights: what `screening` returned.
    """
    rows, bias = weights["rows"], weights["bias"]

    def exact(features, ids):
        # With so few rows a sum of products is faster than a product of
        # matrices.
        products = ops.take(rows, ids, axis=0) * features[..., None, :]
        return ops.sum(products, axis=-1) + ops.take(bias, ids)

    def every(features):
        shape, width = ops.shape(features)[:-1], features.shape[-1]
        flat = ops.reshape(features, (-1, width))
        logits = ops.matmul(flat, ops.transpose(rows)) + bias
        return ops.reshape(logits, (*shape, rows.shape[0]))

    def project(features):
        shape = ops.shape(features)[:-1]
        flat = ops.reshape(features, (-1, features.shape[-1]))
        nearly = ops.matmul(ops.cast(flat, "bfloat16"), weights["rounded"])
        nearly = nearly + weights["rounded_bias"]
        nearly = ops.reshape(nearly, (*shape, nearly.shape[-1]))
        values, ids = top_k(nearly, CANDIDATES)
        # Weights that are no numbers may lead beyond the vocabulary.
        ids = ops.minimum(ops.cast(ids, "int32"), rows.shape[0] - 1)
        end = ops.full_like(ids[..., :1], END)
        logits = exact(features, ops.concatenate([ids, end], axis=-1))
        least = values[..., -1]
        return Screened(
            ids,
            logits[..., :-1],
            logits[..., -1:],
            least + _error(features, least),
            lambda sources: every(ops.take(features, sources, axis=0)),
        )

    def _error(features, least):
        """How far rounding can have moved logits that seemed below `least`.

        Both factors are rounded, and their product, the bias, and the sum.
        """
        product = ops.norm(features, axis=-1) * weights["largest_norm"]
        rest = weights["largest_bias"] + ops.abs(least)
        return SLACK * ROUNDING * (3 * product + rest)

    return project
