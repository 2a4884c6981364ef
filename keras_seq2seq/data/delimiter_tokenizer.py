"""Tokens as words between delimiters, or as single characters."""

import hashlib
import json

from keras_seq2seq.data.splitting import splitter
from keras_seq2seq.data.tokenizer_protocol import MARKS, Tokenizer


class DelimiterTokenizer(Tokenizer):
    """Splits at delimiters and looks the tokens up in a vocabulary.

    Args:
        vocabulary: `Vocabulary`.
        delimiter: str. One character, a set of characters, or `""` for single
            Unicode characters, of which the space is one.
        lowercase: bool. If True, text is lower-cased first.
    """

    def __init__(self, vocabulary, delimiter=" ", lowercase=False):
        self.vocabulary = vocabulary
        self.delimiter = delimiter
        self.lowercase = lowercase
        self._cut = splitter(delimiter)

    @property
    def options(self):
        """Arguments of `load_tokenizer` that the file does not hold."""
        return {"delimiter": self.delimiter, "lowercase": self.lowercase}

    @property
    def vocabulary_size(self):
        """Number of ids, the four specials included."""
        return len(self.vocabulary)

    @property
    def fingerprint(self):
        """Hexadecimal sha256 of vocabulary, delimiter and case."""
        parts = [self.vocabulary.fingerprint, self.delimiter, self.lowercase]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def encode(self, text):
        """Ids of a text; unknown tokens are UNKNOWN."""
        text = text.lower() if self.lowercase else text
        return self.vocabulary.ids(self._cut(text))

    def split(self, text):
        """Tokens of a text, known or not, one per id of `encode`."""
        return self._cut(text.lower() if self.lowercase else text)

    def decode(self, ids):
        """Text of ids, joined by the first character of the delimiter."""
        words = self.pieces([i for i in ids if i not in MARKS])
        return self.delimiter[:1].join(words)

    def pieces(self, ids):
        """Tokens of ids, specials by their names."""
        return self.vocabulary.tokens(ids)

    def save(self, stem):
        """Writes the vocabulary to `stem` plus its suffix; returns the path."""
        return self.vocabulary.write(f"{stem}{self.vocabulary.suffix}")
