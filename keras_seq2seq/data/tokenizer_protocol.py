"""What the package asks of a tokenizer."""

from pathlib import Path
from typing import Protocol

from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END, PAD, START

MARKS = (PAD, START, END)  # never part of a text


class Tokenizer(Protocol):
    """Text in, ids out, and back.

    Ids 0 to 3 are PAD, UNKNOWN, START and END; `encode` makes none of them but
    UNKNOWN. Inherit from this class, or have these methods.
    """

    #: Arguments that `load_tokenizer` needs beside the file that `save`
    #: wrote; None for a tokenizer that `load_tokenizer` does not know.
    options: dict | None = None

    @property
    def vocabulary_size(self) -> int:
        """Number of ids, the four specials included."""

    @property
    def fingerprint(self) -> str:
        """Hexadecimal sha256 of all that decides the encoding."""

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without START and END."""

    def encode_all(self, texts: list[str]) -> list[list[int]]:
        """Ids of several texts; the same as `encode` on each."""
        return [self.encode(text) for text in texts]

    def sample_all(
        self, texts: list[str], strength: float, seed: int
    ) -> list[list[int]]:
        """Ids of texts that are cut at random, as `SubwordSampling` says."""
        raise UserError(
            "subword_sampling needs a SentencePiece model on each side that "
            f"it cuts. Received: {type(self).__name__}. Make one with "
            "`keras-seq2seq vocab --kind bpe`, or set the side's strength to 0."
        )

    def split(self, text: str) -> list[str]:
        """Pieces of a text as written, one per id of `encode`."""

    def decode(self, ids: list[int]) -> str:
        """Detokenised text of ids; PAD, START and END are left out."""

    def pieces(self, ids: list[int]) -> list[str]:
        """One readable piece per id, specials included."""

    def bare(self, piece: str) -> str:
        """A piece as it stands in text, without its mark of a word's place."""
        return piece

    def save(self, stem: Path) -> Path:
        """Writes `stem` plus the kind's suffix; returns that path."""
