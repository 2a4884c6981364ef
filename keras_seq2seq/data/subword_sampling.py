"""Several segmentations of every line, drawn at random."""

import dataclasses
import hashlib


@dataclasses.dataclass(frozen=True)
class SubwordSampling:
    """How often, and how freely, the lines of a corpus are cut anew.

    A model that meets a word in many pieces learns what its parts mean: a
    regularisation that small corpora need most.

    Args:
        copies: int. Segmentations of every line.
        source, target: float in [0, 1). For a BPE model the chance that a
            merge is left out; for a unigram model the inverse temperature of
            the draw, so that a small one draws more freely. 0 cuts every copy
            as inference does.
        seed: int. Of the draws.

    Source:
        [Provilkov et al., 2020](https://arxiv.org/abs/1910.13267) (BPE),
        [Kudo, 2018](https://arxiv.org/abs/1804.10959) (unigram).
    """

    copies: int = 8
    source: float = 0.1
    target: float = 0.1
    seed: int = 0

    def __post_init__(self):
        if self.copies < 1:
            raise ValueError(
                f"`copies` must be at least 1. Received: {self.copies}"
            )
        for side in ("source", "target"):
            if not 0 <= getattr(self, side) < 1:
                raise ValueError(
                    f"`{side}` must be at least 0 and less than 1. "
                    f"Received: {getattr(self, side)}"
                )


def seed_of(*parts):
    """An int below 2**32 that depends on all of the parts."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:4], "little")
