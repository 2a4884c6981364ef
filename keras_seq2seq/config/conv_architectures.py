"""Sizes of the published convolutional models.

Source: fairseq's `fconv` architectures, after Gehring et al., 2017.
"""

from typing import NamedTuple


class ConvArchitecture(NamedTuple):
    """Sizes of a ConvS2S model.

    Attributes:
        encoder: tuple of pairs `(units, kernel_size)`, layer by layer.
        decoder: the same.
        embedding_dim: int. Width of token vectors on both sides.
        out_units: int. Features in front of the output projection.
    """

    encoder: tuple
    decoder: tuple
    embedding_dim: int
    out_units: int


_BASE = ((512, 3),) * 20
_EN_DE = ((512, 3),) * 9 + ((1024, 3),) * 4 + ((2048, 1),) * 2
_EN_FR = (
    *((512, 3),) * 6,
    *((768, 3),) * 4,
    *((1024, 3),) * 3,
    (2048, 1),
    (4096, 1),
)
ARCHITECTURES = {
    "base": ConvArchitecture(_BASE, _BASE, 512, 256),
    "iwslt_de_en": ConvArchitecture(((256, 3),) * 4, ((256, 3),) * 3, 256, 256),
    "wmt_en_ro": ConvArchitecture(_BASE, _BASE, 512, 512),
    "wmt_en_de": ConvArchitecture(_EN_DE, _EN_DE, 768, 512),
    "wmt_en_fr": ConvArchitecture(_EN_FR, _EN_FR, 768, 512),
}
