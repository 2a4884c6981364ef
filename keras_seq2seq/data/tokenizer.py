"""Reads tokenizers from their files."""

from pathlib import Path

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.keras_nlp_tokenizer import KerasNlpTokenizer
from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary


def load_tokenizer(path, delimiter=" ", lowercase=False):
    """Reads a tokenizer; the suffix of the file decides its kind.

    Args:
        path: path. `.model` is SentencePiece, `.wordpiece.txt` and
            `.bytepair.json` are those of keras-nlp, every other `.json` is a
            vocabulary of Sockeye's and SageMaker's, an object from token to
            id, and every other file one with a token per line.
        delimiter: str. For a vocabulary: what separates tokens; `""` means
            that every Unicode character is one.
        lowercase: bool. If True, text is lower-cased before it is encoded.

    Returns:
        `Tokenizer`.

    Raises:
        UserError: the file is missing or not what its suffix says.
    """
    name = Path(path).name
    if name.endswith(".model"):
        return SentencePieceTokenizer(path, lowercase=lowercase)
    if name.endswith((".wordpiece.txt", ".bytepair.json")):
        return KerasNlpTokenizer.read(path, lowercase=lowercase)
    kind = JsonVocabulary if name.endswith(".json") else Vocabulary
    return DelimiterTokenizer(kind.read(path), delimiter, lowercase)
