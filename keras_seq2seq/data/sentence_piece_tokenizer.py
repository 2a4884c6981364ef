"""Subwords of a SentencePiece model."""

import hashlib

from keras_seq2seq.data.lines import one_file
from keras_seq2seq.data.segmentations import SPACE, Segmentations
from keras_seq2seq.data.tokenizer_protocol import MARKS, Tokenizer
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END, PAD, START, UNKNOWN


class SentencePieceTokenizer(Tokenizer):
    """Encodes raw text with a unigram or BPE model of SentencePiece.

    Args:
        model: path or bytes. A model whose ids 0 to 3 are pad, unk, bos, eos.
        lowercase: bool. If True, text is lower-cased first.

    Raises:
        UserError: no such file, not a model, or other special ids.

    Source:
        [Kudo and Richardson, 2018](https://arxiv.org/abs/1808.06226).
    """

    def __init__(self, model, lowercase=False):
        import sentencepiece

        name = "the SentencePiece model"
        if not isinstance(model, bytes):
            name = one_file(model)
            model = name.read_bytes()
        self.model = model
        self.lowercase = lowercase
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except RuntimeError:
            raise UserError(
                f"{name}: expected a SentencePiece model. Received: something "
                "else. Train one with `keras-seq2seq vocab --kind unigram`."
            ) from None
        _check_specials(name, self._processor)
        self._segmentations = {}  # by their strength

    @property
    def options(self):
        """Arguments of `load_tokenizer` that the file does not hold."""
        return {"lowercase": self.lowercase}

    @property
    def vocabulary_size(self):
        """Number of ids, the four specials included."""
        return self._processor.vocab_size()

    @property
    def fingerprint(self):
        """Hexadecimal sha256 of model and case."""
        case = str(self.lowercase).encode()
        return hashlib.sha256(self.model + case).hexdigest()

    def encode(self, text):
        """Ids of a raw text."""
        return self.encode_all([text])[0]

    def encode_all(self, texts):
        """Ids of raw texts."""
        return self._processor.encode(self._cased(texts), out_type=int)

    def sample_all(self, texts, strength, seed):
        """Ids of raw texts, cut at random; see `SubwordSampling`."""
        if strength not in self._segmentations:
            drawn = Segmentations(self._processor, strength)
            self._segmentations[strength] = drawn
        return self._segmentations[strength].sample(self._cased(texts), seed)

    def split(self, text):
        """Pieces of a raw text, one per id of `encode`."""
        return self._processor.encode(self._cased([text]), out_type=str)[0]

    def decode(self, ids):
        """Raw text of ids."""
        return self._processor.decode([int(i) for i in ids if i not in MARKS])

    def pieces(self, ids):
        """Pieces of ids, word beginnings marked by U+2581."""
        return self._processor.id_to_piece([int(i) for i in ids])

    def bare(self, piece):
        """A piece without its mark."""
        return piece.replace(SPACE, " ").strip()

    def save(self, stem):
        """Writes the model to `stem` + `.model`; returns the path."""
        return write_file(f"{stem}.model", self.model)

    def _cased(self, texts):
        return [text.lower() for text in texts] if self.lowercase else texts


def _check_specials(name, processor):
    expected = (PAD, UNKNOWN, START, END)
    received = (
        processor.pad_id(),
        processor.unk_id(),
        processor.bos_id(),
        processor.eos_id(),
    )
    if received != expected:
        raise UserError(
            f"{name}: expected the ids pad, unk, bos, eos = {expected}. "
            f"Received: {received}. Train it with `keras-seq2seq vocab --kind "
            "unigram`, or with spm_train --pad_id=0 --unk_id=1 --bos_id=2 "
            "--eos_id=3."
        )
