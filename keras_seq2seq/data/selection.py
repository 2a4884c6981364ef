"""Which pairs are used: what becomes of empty and of over-long ones."""

from typing import Any, NamedTuple

import numpy as np

from keras_seq2seq.errors import UserError

SHOWN = 3  # lines that an error names


class Selection(NamedTuple):
    """Pairs that are used, and what became of the others.

    Attributes:
        pairs: `ParallelText`.
        read: int. Pairs of the text.
        empty: int. Left out: a side had no token.
        long: int. Left out: a side had too many tokens.
        cut: int. Used, and a side cut off.
    """

    pairs: Any
    read: int
    empty: int = 0
    long: int = 0
    cut: int = 0

    @property
    def told(self):
        """What a user should know, or an empty text."""
        parts = {
            "left out because a side is empty": self.empty,
            "left out because a side is too long": self.long,
            "with a side cut off": self.cut,
        }
        said = [f"{count:,} {what}" for what, count in parts.items() if count]
        return ", ".join(said)

    @property
    def remarks(self):
        """Lines of what a user should know."""
        counted = [f"of {self.read:,} pairs {self.told}."] if self.told else []
        return [*counted, *self.pairs.remarks]


def select_pairs(pairs, overlength="truncate", empty="keep", name="data"):
    """Leaves out what shall not be used.

    Args:
        pairs: `ParallelText`, each side cut off at its limit.
        overlength: `"truncate"` uses what is left of over-long sides, `"drop"`
            leaves such pairs out, `"error"` refuses them.
        empty: `"keep"` or `"drop"`: pairs of which a side has no token.
        name: str. What the pairs are called in errors.

    Returns:
        `Selection`.

    Raises:
        UserError: over-long pairs, if they are refused, with their lines; no
            pair that is left, with the reasons.
    """
    long = pairs.cut_off
    if overlength == "error" and long.any():
        raise UserError(
            f"{name}: {np.count_nonzero(long):,} of {len(pairs):,} pairs are "
            "longer than source.max_seq_len or target.max_seq_len. The first: "
            f"{_places(pairs, np.flatnonzero(long)[:SHOWN])}. Type "
            "--overlength truncate or --overlength drop, or raise the limits."
        )
    sources, targets = pairs.token_counts
    nothing = (sources == 0) | (targets == 0)
    if empty == "keep":
        nothing[:] = False
    out = nothing | long if overlength == "drop" else nothing
    left = pairs.take(np.flatnonzero(~out)) if out.any() else pairs
    found = Selection(
        left,
        read=len(pairs),
        empty=int(np.count_nonzero(nothing)),
        long=int(np.count_nonzero(out & ~nothing)),
        cut=int(np.count_nonzero(long & ~out)),
    )
    if not len(left):
        raise UserError(
            f"{name}: no pair is left of {len(pairs):,}: {found.told}. Look at "
            "the files, or change source.max_seq_len and target.max_seq_len "
            f"(--overlength is {overlength})."
        )
    return found


def _places(pairs, indices):
    return "; ".join(
        f"{path} {pairs.unit}s {', '.join(map(str, numbers))}"
        for path, numbers in pairs.places(indices).items()
    )
