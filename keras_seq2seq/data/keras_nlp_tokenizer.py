"""WordPiece and byte pairs with the tokenizers of keras-nlp."""

import hashlib
import json

from keras_seq2seq.data.lines import one_file, read_lines
from keras_seq2seq.data.tokenizer_protocol import MARKS, Tokenizer
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import SPECIAL_NAMES, UNKNOWN_NAME

WORDPIECE = ".wordpiece.txt"
BYTEPAIR = ".bytepair.json"
SUFFIX = "##"  # marks a word piece that continues a word


def import_keras_nlp():
    """The module keras_nlp; importing it takes seconds.

    Raises:
        UserError: if it is not installed.
    """
    try:
        import keras_nlp
    except ImportError:
        raise UserError(
            "The kinds wordpiece and bytepair need the package keras-nlp, "
            "which is not installed. Type "
            "`pip install 'keras-seq2seq[tokenizers]'`."
        ) from None
    return keras_nlp


def byte_alphabet():
    """The 256 characters that stand for bytes, in order of code points."""
    import_keras_nlp()
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


class KerasNlpTokenizer(Tokenizer):
    """A `WordPieceTokenizer` or `BytePairTokenizer` with our special ids.

    Make one with `wordpiece`, `bytepair` or `read`.

    Args:
        entries: list of str. The word pieces from id 4 on, or the merges of
            byte pairs in order, each `"left right"`.
        suffix: `".wordpiece.txt"` or `".bytepair.json"`.
        lowercase: bool. If True, text is lower-cased first.

    Raises:
        UserError: if keras-nlp is not installed.
    """

    def __init__(self, entries, suffix, lowercase=False):
        self.entries = list(entries)
        self.suffix = suffix
        self.lowercase = lowercase
        tokenizers = import_keras_nlp().tokenizers
        if suffix == WORDPIECE:
            self._names = [*SPECIAL_NAMES, *self.entries]
            self._tokenizer = tokenizers.WordPieceTokenizer(
                self._names, oov_token=UNKNOWN_NAME, suffix_indicator=SUFFIX
            )
        else:
            self._names = [*SPECIAL_NAMES, *byte_pieces(self.entries)]
            ids = {name: i for i, name in enumerate(self._names)}
            self._tokenizer = tokenizers.BytePairTokenizer(ids, self.entries)

    @classmethod
    def wordpiece(cls, pieces, lowercase=False):
        """Word pieces, those that continue a word beginning with `##`."""
        return cls(pieces, WORDPIECE, lowercase)

    @classmethod
    def bytepair(cls, merges, lowercase=False):
        """Merges of byte pairs, each `"left right"`, in order."""
        return cls(merges, BYTEPAIR, lowercase)

    @classmethod
    def read(cls, path, lowercase=False):
        """Reads what `save` wrote.

        Raises:
            UserError: no such file, or not what its suffix says.
        """
        path = one_file(path)
        if path.name.endswith(WORDPIECE):
            return cls.wordpiece(_read_pieces(path), lowercase)
        return cls.bytepair(_read_merges(path), lowercase)

    @property
    def options(self):
        """Arguments of `load_tokenizer` that the file does not hold."""
        return {"lowercase": self.lowercase}

    @property
    def vocabulary_size(self):
        """Number of ids, the four specials included."""
        return len(self._names)

    @property
    def fingerprint(self):
        """Hexadecimal sha256 of pieces, kind and case."""
        parts = [self.entries, self.suffix, self.lowercase]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def encode(self, text):
        """Ids of a raw text."""
        return self.encode_all([text])[0]

    def encode_all(self, texts):
        """Ids of raw texts."""
        if self.lowercase:
            texts = [text.lower() for text in texts]
        rows = self._tokenizer.tokenize(list(texts)) if len(texts) else []
        return [list(row) for row in rows]

    def split(self, text):
        """Pieces of a raw text, one per id of `encode`."""
        return self.pieces(self.encode(text))

    def decode(self, ids):
        """Text of ids; word pieces are joined, words separated by spaces."""
        pieces = self.pieces([i for i in ids if i not in MARKS])
        if self.suffix == WORDPIECE:
            return " ".join(pieces).replace(" " + SUFFIX, "")
        from tokenizers import decoders

        return decoders.ByteLevel().decode(pieces)

    def pieces(self, ids):
        """Pieces of ids, specials by their names."""
        return [self._names[int(i)] for i in ids]

    def bare(self, piece):
        """A piece without its mark."""
        if self.suffix == WORDPIECE:
            return piece.removeprefix(SUFFIX)
        from tokenizers import decoders

        return decoders.ByteLevel().decode([piece]).strip()

    def save(self, stem):
        """Writes `stem` + `.wordpiece.txt` or `.bytepair.json`."""
        if self.suffix == WORDPIECE:
            text = "".join(f"{piece}\n" for piece in self.entries)
        else:
            text = json.dumps({"merges": self.entries}, ensure_ascii=False)
        return write_file(f"{stem}{self.suffix}", text)


def byte_pieces(merges):
    """Pieces of a byte-pair tokenizer in order of id, specials left out."""
    joined = [merge.replace(" ", "") for merge in merges]
    # Two merges can make the same piece.
    return list(dict.fromkeys(byte_alphabet() + joined))


def _read_pieces(path):
    pieces = list(read_lines(path))
    seen = set(SPECIAL_NAMES)
    for number, piece in enumerate(pieces, 1):
        if not piece or piece in seen:
            raise UserError(
                f"{path}:{number}: expected a word piece that is neither empty "
                f"nor special nor repeated. Received: {piece!r}"
            )
        seen.add(piece)
    if not pieces:
        raise UserError(f"{path}: expected word pieces. Received: no line.")
    return pieces


def _read_merges(path):
    try:
        merges = json.loads(path.read_text("utf-8"))["merges"]
    except (ValueError, KeyError, TypeError):
        merges = None
    known = set(byte_alphabet())
    for merge in merges if merges and isinstance(merges, list) else [None]:
        parts = merge.split(" ") if isinstance(merge, str) else []
        if len(parts) != 2 or not known.issuperset(parts):
            raise UserError(
                f'{path}: expected JSON like {{"merges": ["a b", ...]}}, each '
                "pair made of bytes or earlier pairs. Train such a file "
                "with `keras-seq2seq vocab --kind bytepair`."
            )
        known.add("".join(parts))
    return merges
