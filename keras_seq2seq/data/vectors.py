"""Pretrained word vectors, from files in the formats of word2vec and GloVe."""

import warnings
from pathlib import Path

import numpy as np

from keras_seq2seq.data.lines import one_file, read_lines
from keras_seq2seq.errors import BAD_ARRAY_FILE, UserError
from keras_seq2seq.tokens import UNKNOWN


def read_vectors(path, vocabulary, dim):
    """Reads the vectors of a vocabulary's words.

    Text files hold a word and its numbers per line, with or without
    word2vec's first line of counts; of a word that comes twice the first
    vector counts. A `.npy` file holds one row per id, or one per word.

    Args:
        path: path of a text file (UTF-8) or of a `.npy` file.
        vocabulary: `Vocabulary`.
        dim: int. Width of a vector.

    Returns:
        float32 array `(len(vocabulary), dim)`, NaN in the rows of tokens that
        the file does not have (`TokenEmbedding.assign_rows` leaves them as
        they are), and the number of tokens that it has.

    Raises:
        UserError: a file that is missing or of another form, with its line.

    Source:
        [Mikolov et al., 2013](https://arxiv.org/abs/1301.3781);
        [Pennington et al., 2014](https://aclanthology.org/D14-1162).
    """
    path = one_file(path)
    if Path(path).suffix == ".npy":
        rows = _read_array(path, vocabulary, dim)
    else:
        rows = _read_text(path, vocabulary, dim)
    return rows, int((~np.isnan(rows).any(axis=1)).sum())


def _read_text(path, vocabulary, dim):
    rows = np.full((len(vocabulary), dim), np.nan, "float32")
    line = 0
    for line, text in enumerate(read_lines(path), 1):
        fields = text.strip(" ").rsplit(" ", dim)
        if line == 1 and _is_header(text):
            _check_header(path, text, dim)
            continue
        if len(fields) != dim + 1:
            raise UserError(
                f"{path}:{line}: expected a word and {dim} numbers, as many as "
                f"the embedding is wide. Received: {text[:60]!r} with "
                f"{len(text.split()) - 1} numbers."
            )
        (index,) = vocabulary.ids(fields[:1])
        if index != UNKNOWN and np.isnan(rows[index, 0]):
            rows[index] = _numbers(fields[1:], f"{path}:{line}")
    if not line:
        raise UserError(f"{path}: expected word vectors. Received: no lines.")
    return rows


def _is_header(text):
    """Whether a first line is word2vec's pair of counts."""
    fields = text.split()
    return len(fields) == 2 and all(field.isdecimal() for field in fields)


def _check_header(path, text, dim):
    given = int(text.split()[1])
    if given != dim:
        raise UserError(
            f"{path}:1: expected vectors of {dim} numbers, as wide as the "
            f"embedding. Received: vectors of {given}. Set the embedding's "
            f"dimension to {given} or take other vectors."
        )


def _numbers(fields, where):
    try:
        numbers = np.array(fields, "float32")
    except ValueError as error:
        raise UserError(
            f"{where}: expected numbers behind the word. Received: {error}."
        ) from None
    if not np.isfinite(numbers).all():
        raise UserError(
            f"{where}: expected finite numbers. Received: {' '.join(fields)!r}."
        )
    return numbers


def _read_array(path, vocabulary, dim):
    try:
        # Mapped: a header cannot make it take memory that the file lacks.
        with warnings.catch_warnings():
            # A header by Python 2 is read, too.
            warnings.simplefilter("ignore", UserWarning)
            rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except BAD_ARRAY_FILE as error:
        raise UserError(
            f"{path}: expected a NumPy array of numbers. Received: {error}."
        ) from None
    if rows.dtype.kind not in "iuf":
        raise UserError(
            f"{path}: expected a NumPy array of numbers. "
            f"Received: {rows.dtype}."
        )
    tokens, words = len(vocabulary), len(vocabulary.words)
    if rows.shape not in ((tokens, dim), (words, dim)):
        raise UserError(
            f"{path}: expected an array ({tokens}, {dim}), a row per id, or "
            f"({words}, {dim}), a row per word. Received: {rows.shape}."
        )
    specials = np.full((tokens - len(rows), dim), np.nan)
    return np.concatenate([specials, rows]).astype("float32")
