"""What the package asks of a tokenizer, and how one is read from a file."""

from pathlib import Path
from typing import Protocol

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

    def split(self, text: str) -> list[str]:
        """Pieces of a text as written, one per id of `encode`."""

    def decode(self, ids: list[int]) -> str:
        """Detokenised text of ids; PAD, START and END are left out."""

    def pieces(self, ids: list[int]) -> list[str]:
        """One readable piece per id, specials included."""

    def save(self, stem: Path) -> Path:
        """Writes `stem` plus the kind's suffix; returns that path."""


def load_tokenizer(path, delimiter=" ", lowercase=False):
    """Reads a tokenizer; the suffix of the file decides its kind.

    Args:
        path: path. `.model` is SentencePiece, `.wordpiece.txt` and
            `.bytepair.json` are those of keras-nlp, and every other file is a
            vocabulary with one token per line.
        delimiter: str. For a vocabulary: what separates tokens; `""` means
            that every Unicode character is one.
        lowercase: bool. If True, text is lower-cased before it is encoded.

    Returns:
        `Tokenizer`.

    Raises:
        UserError: the file is missing or not what its suffix says.
    """
    # Each kind is imported where it is used: they need optional packages.
    name = Path(path).name
    if name.endswith(".model"):
        from keras_seq2seq.data.sentence_piece_tokenizer import (
            SentencePieceTokenizer,
        )

        return SentencePieceTokenizer(path, lowercase=lowercase)
    if name.endswith((".wordpiece.txt", ".bytepair.json")):
        from keras_seq2seq.data.keras_nlp_tokenizer import KerasNlpTokenizer

        return KerasNlpTokenizer.read(path, lowercase=lowercase)
    from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
    from keras_seq2seq.data.vocabulary import Vocabulary

    return DelimiterTokenizer(Vocabulary.read(path), delimiter, lowercase)
