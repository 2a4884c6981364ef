"""Builds vocabularies and subword models from text."""

import io
import json
import re
from pathlib import Path

from keras_seq2seq.data import keras_nlp_tokenizer
from keras_seq2seq.data.keras_nlp_tokenizer import (
    BYTEPAIR,
    WORDPIECE,
    KerasNlpTokenizer,
)
from keras_seq2seq.data.lines import expand_files, read_lines
from keras_seq2seq.data.vocabulary import count_tokens, select
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import (
    END,
    FIRST_WORD,
    PAD,
    SPECIAL_NAMES,
    START,
    UNKNOWN,
)

SUFFIXES = {
    "word": "",  # any
    "character": "",
    "unigram": ".model",
    "bpe": ".model",
    "wordpiece": WORDPIECE,
    "bytepair": BYTEPAIR,
}
KINDS = tuple(SUFFIXES)
SENTENCE_PIECE_LINES = 2_000_000  # of a larger corpus as many are drawn
WORD_PIECE_CHARACTERS = 1000  # the limit of keras-nlp
# The result depends on the number of threads, so it is not the machine's.
SENTENCE_PIECE_THREADS = 4


def train_tokenizer(
    files,
    kind,
    output,
    size=None,
    min_frequency=0,
    lowercase=False,
    delimiter=" ",
    seed=0,
    columns=None,
):
    """Builds a vocabulary or subword model and writes it.

    The same text and arguments give the same file. Several files, or several
    columns, make one joint result.

    Args:
        files: path, glob, or sequence of them.
        kind: `"word"` or `"character"` (a vocabulary file), `"unigram"` or
            `"bpe"` (SentencePiece), `"wordpiece"` or `"bytepair"`
            (keras-nlp).
        output: path. The suffix of subword models is appended if missing.
        size: int. Whole table, the four specials included. For words and
            characters the most, None being no limit; for subwords the size,
            of which wordpiece may fall short.
        min_frequency: int. Least count, inclusive; not for SentencePiece and
            wordpiece.
        lowercase: bool. If True, text is lower-cased; load it with the same.
        delimiter: str. Separates words; `""` makes characters of them.
        seed: int. Draws the lines of a corpus too large for SentencePiece.
        columns: int, sequence of int, or None. 0-based columns of a TSV; None
            takes whole lines.

    Returns:
        `Path` written; `load_tokenizer` reads it.

    Raises:
        UserError: bad files, an unknown kind, a size the text cannot give.

    Source:
        [Kudo, 2018](https://arxiv.org/abs/1804.10959) (unigram),
        [Sennrich et al., 2016](https://arxiv.org/abs/1508.07909) (pairs).
    """
    _check(kind, size, min_frequency)
    lines = _Lines(expand_files(files), columns, lowercase)
    if kind in ("word", "character"):
        delimiter = "" if kind == "character" else delimiter
        limit = None if size is None else size - FIRST_WORD
        counter = count_tokens(lines, delimiter)
        return select(counter, min_frequency, limit).write(output)
    path = output_path(output, kind)
    if kind in ("unigram", "bpe"):
        return write_file(path, _sentence_piece(lines, kind, size, seed))
    if kind == "wordpiece":
        tokenizer = KerasNlpTokenizer.wordpiece(_word_pieces(lines, size))
    else:
        merges = _byte_pairs(lines, size, min_frequency)
        tokenizer = KerasNlpTokenizer.bytepair(merges)
    return tokenizer.save(str(path).removesuffix(tokenizer.suffix))


def output_path(output, kind):
    """Where `train_tokenizer` writes, given `output`: a `Path`."""
    output, suffix = str(output), SUFFIXES[kind]
    return Path(output if output.endswith(suffix) else output + suffix)


class _Lines:
    """Lines of all files and columns, as often as they are iterated."""

    def __init__(self, paths, columns, lowercase):
        several = columns is not None and not isinstance(columns, int)
        self.columns = columns if several else [columns]
        self.paths = paths
        self.lowercase = lowercase

    def __iter__(self):
        for path in self.paths:
            for column in self.columns:
                for line in read_lines(path, column):
                    yield line.lower() if self.lowercase else line


def _check(kind, size, min_frequency):
    if kind not in KINDS:
        raise UserError(
            f"The kind of a vocabulary is one of {', '.join(KINDS)}. "
            f"Received: {kind!r}"
        )
    words = kind in ("word", "character")
    if size is None and not words:
        raise UserError(
            f"The kind {kind} needs a size, for example 8000. Received: none."
        )
    if size is not None and size <= FIRST_WORD:
        raise UserError(
            "The size of a vocabulary counts its four special tokens and must "
            f"be at least {FIRST_WORD + 1}. Received: {size}"
        )
    if min_frequency > 1 and not words and kind != "bytepair":
        raise UserError(
            f"The kind {kind} takes no minimum frequency; its size decides. "
            f"Received: {min_frequency}"
        )


def _too_small(size, least):
    return UserError(
        f"A size of {size} is too small for this text: the special tokens "
        f"and its characters alone need {least}. Type a size above {least}."
    )


def _too_large(size, most):
    return UserError(
        f"A size of {size} is too large for this text, which gives at most "
        f"{most} pieces. Type a size of {most} or less, or add text."
    )


def _sentence_piece(lines, kind, size, seed):
    import sentencepiece

    _check_not_blank(lines)  # errors of the text, which C++ would swallow
    model = io.BytesIO()
    sentencepiece.set_random_generator_seed(seed)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type=kind,
            vocab_size=size,
            pad_id=PAD,
            unk_id=UNKNOWN,
            bos_id=START,
            eos_id=END,
            character_coverage=1.0,
            input_sentence_size=SENTENCE_PIECE_LINES,
            shuffle_input_sentence=True,
            max_sentence_length=1 << 16,  # bytes; longer lines are left out
            num_threads=SENTENCE_PIECE_THREADS,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise _explain(error, size) from error
    return model.getvalue()


def _check_not_blank(lines):
    blank = True
    for line in lines:
        blank = blank and not line.strip()
    if blank:
        raise UserError("Expected text. Received: only empty lines.")


def _explain(error, size):
    text = str(error)
    least = re.search(r"required_chars\. \d+ vs (\d+)", text)
    most = re.search(r"too high .*<= (\d+)", text)
    if least:
        return _too_small(size, int(least[1]))
    if most:
        return _too_large(size, int(most[1]))
    return UserError(f"SentencePiece cannot train on this text: {text}")


def _word_pieces(lines, size):
    keras_nlp = keras_nlp_tokenizer.import_keras_nlp()
    import tensorflow as tf

    _check_not_blank(lines)
    counter = count_tokens(lines, "")
    common = [c for c, _ in counter.most_common(WORD_PIECE_CHARACTERS)]
    characters = sorted(c for c in common if not c.isspace())
    least = FIRST_WORD + 2 * len(characters)
    if size < least:
        raise _too_small(size, least)
    # keras-nlp cuts a list that came out too long at its end, where letters
    # inside words stand; without them whole words would be unknown.
    inner = [keras_nlp_tokenizer.SUFFIX + c for c in characters]
    text = tf.data.Dataset.from_generator(
        lambda: lines, output_signature=tf.TensorSpec((), tf.string)
    ).batch(1000)  # keras-nlp loops over its elements in Python
    found = keras_nlp.tokenizers.compute_word_piece_vocabulary(
        text,
        vocabulary_size=size,
        reserved_tokens=[*SPECIAL_NAMES, *inner],
        suffix_indicator=keras_nlp_tokenizer.SUFFIX,
    )
    # It cuts at a whole count, so little text may give far fewer.
    if len(found) < size / 2:
        raise _too_large(size, len(found))
    return found[FIRST_WORD:]


def _byte_pairs(lines, size, min_frequency):
    alphabet = keras_nlp_tokenizer.byte_alphabet()
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    least = FIRST_WORD + len(alphabet)
    if size <= least:
        raise _too_small(size, least)
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size - FIRST_WORD,
        min_frequency=max(min_frequency, 1),
        initial_alphabet=alphabet,
        show_progress=False,
    )
    trained.train_from_iterator(iter(lines), trainer)
    found = FIRST_WORD + trained.get_vocab_size()
    if found < size:
        raise _too_large(size, found)
    merges = json.loads(trained.to_str())["model"]["merges"]
    return [" ".join(merge) for merge in merges]
