"""How likely a target token is the translation of a source token."""

import numpy as np

from keras_seq2seq.tokens import PAD

PASSES = 5
MOST_PAIRS = 200_000
CELLS_AT_ONCE = 4_000_000
NOTHING = PAD  # what a target token comes from that no source token explains


def translation_probabilities(pairs, passes=PASSES, most_pairs=MOST_PAIRS):
    """IBM model 1: `p(t|s)` by expectation-maximisation.

    A target token comes from one token of its source, or from none, whatever
    their places: `p(t|s)` rises with how often both are in one pair and falls
    with how well other tokens explain them.

    Args:
        pairs: `ParallelText`.
        passes: int. Over all pairs.
        most_pairs: int. Of a larger corpus so many are taken, spread evenly.

    Returns:
        tuple of arrays `(n,)` over what is found in one pair, source by
        source: int64 sources and targets, ids, and float64 probabilities
        that sum to 1 over the targets of a source. What comes from no token
        has the source `NOTHING`.

    Source:
        [Brown et al., 1993](https://aclanthology.org/J93-2003/), section 4.1.
    """
    step = max(1, -(-len(pairs) // most_pairs))
    chosen = np.arange(0, len(pairs), step)
    size = 1 + max(
        int(pairs.targets.gather(part)[0].max(initial=PAD))
        for part in _parts(pairs, chosen)
    )
    keys = np.empty(0, np.int64)
    for part in _parts(pairs, chosen):
        keys = np.union1d(keys, _cells(pairs, part, size)[0])
    sources = keys // size
    probabilities = np.ones(len(keys))
    for _ in range(passes):
        counts = np.zeros(len(keys))
        for part in _parts(pairs, chosen):
            cells, tokens = _cells(pairs, part, size)
            places = np.searchsorted(keys, cells)
            shares = probabilities[places]
            shares /= np.bincount(tokens, shares)[tokens]
            counts += np.bincount(places, shares, len(keys))
        probabilities = counts / np.bincount(sources, counts)[sources]
    return sources, keys % size, probabilities


def _parts(pairs, chosen):
    """Runs of `chosen`, so many pairs that their cells fit in memory."""
    sources, targets = pairs.sources.lengths, pairs.targets.lengths
    cells = (sources[chosen] + 1).astype(np.int64) * targets[chosen]
    number = (np.cumsum(cells) - cells) // CELLS_AT_ONCE
    return np.split(chosen, np.flatnonzero(np.diff(number)) + 1)


def _cells(pairs, chosen, size):
    """Each target token beside each token of its source, and `NOTHING`.

    Returns:
        `source * size + target` of each cell, and the number of its target
        token.
    """
    sources, heights = pairs.sources.gather(chosen)
    targets, widths = pairs.targets.gather(chosen)
    heights = heights.astype(np.int64) + 1
    begins = np.cumsum(heights) - heights
    column = np.full(int(heights.sum()), NOTHING, np.int64)
    real = np.ones(len(column), bool)
    real[begins] = False
    column[real] = sources
    repeats = np.repeat(heights, widths)
    tokens = np.repeat(np.arange(len(targets)), repeats)
    within = np.arange(len(tokens)) - (np.cumsum(repeats) - repeats)[tokens]
    column = column[np.repeat(begins, widths)[tokens] + within]
    return column * size + targets.astype(np.int64)[tokens], tokens
