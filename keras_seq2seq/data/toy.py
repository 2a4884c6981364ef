"""Toy tasks: copy, reverse or sort a sequence of drawn tokens."""

from pathlib import Path

import numpy as np

from keras_seq2seq.data.piece_files import write_piece_files
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.data.vocabulary import count_tokens, select
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError

KINDS = ("copy", "reverse", "sort")
SPLITS = ("train", "dev", "test")
SIDES = ("sources", "targets")


def write_toy_data(
    directory,
    kind="copy",
    vocabulary_size=20,
    examples=10_000,
    min_length=5,
    max_length=20,
    seed=0,
    sentence_piece=None,
):
    """Writes a toy corpus: `train`, `dev` and `test`, and vocabularies.

    Each split has a directory with `sources.txt` and `targets.txt`; `train`
    has `vocab.sources.txt` and `vocab.targets.txt` with counts. The tokens are
    `0`, `1`, ... and `笑`, drawn uniformly, as is the length of each line.
    With `sentence_piece` there are, too: `bpe.model`, a joint model of both
    sides of `train`; `sources.bpe.txt` and `targets.bpe.txt` in each split,
    pieces between blanks; and `train/vocab.bpe.txt`, their vocabulary.

    Args:
        directory: path.
        kind: `"copy"`, `"reverse"` or `"sort"`; tokens sort in the order
            `0`, `1`, ..., `笑`.
        vocabulary_size: int. Different tokens, specials not counted.
        examples: int. Pairs of `train`; `dev` and `test` have a tenth each.
        min_length, max_length: int. Tokens of a line, both inclusive.
        seed: int, not negative. The same seed gives the same files.
        sentence_piece: int or None. Pieces of the model, specials counted.

    Returns:
        `Path` of the directory.

    Raises:
        UserError: an unknown kind, sizes below 1, a minimum above the maximum.

    Source:
        google/seq2seq, `bin/data/toy.sh` and `generate_toy_data.py`.
    """
    _check(kind, vocabulary_size, examples, min_length, max_length)
    directory = Path(directory)
    names = [str(i) for i in range(vocabulary_size - 1)] + ["笑"]
    for number, split in enumerate(SPLITS):
        count = examples if split == "train" else max(examples // 10, 1)
        generator = np.random.Generator(
            np.random.Philox(key=np.array([seed, number], np.uint64))
        )
        sources = _draw(
            generator, vocabulary_size, count, min_length, max_length
        )
        targets = [_answer(kind, row) for row in sources]
        for side, rows in zip(SIDES, (sources, targets), strict=True):
            lines = [" ".join(names[i] for i in row) for row in rows]
            text = "".join(f"{line}\n" for line in lines)
            write_file(directory / split / f"{side}.txt", text)
            if split == "train":
                words = select(count_tokens(lines))
                words.write(directory / split / f"vocab.{side}.txt")
    if sentence_piece is not None:
        _write_pieces(directory, sentence_piece)
    return directory


def _write_pieces(directory, size):
    train = [directory / "train" / f"{side}.txt" for side in SIDES]
    model = train_tokenizer(train, "bpe", directory / "bpe.model", size=size)
    files = [directory / a / f"{b}.txt" for a in SPLITS for b in SIDES]
    pieces = write_piece_files(model, files)[: len(train)]
    train_tokenizer(pieces, "word", directory / "train" / "vocab.bpe.txt")


def _draw(generator, vocabulary_size, count, min_length, max_length):
    """Rows of token numbers."""
    lengths = generator.integers(min_length, max_length + 1, count)
    drawn = generator.integers(vocabulary_size, size=lengths.sum())
    cuts = np.cumsum(lengths)[:-1]
    return np.split(drawn, cuts)


def _answer(kind, row):
    """The target of a source, both token numbers."""
    return {"copy": row, "reverse": row[::-1], "sort": np.sort(row)}[kind]


def _check(kind, vocabulary_size, examples, min_length, max_length):
    if kind not in KINDS:
        raise UserError(
            f"The toy tasks are {', '.join(KINDS)}. Received: {kind!r}"
        )
    if vocabulary_size < 1 or examples < 1:
        raise UserError(
            "Toy data need at least 1 token and 1 example. Received: "
            f"vocabulary_size={vocabulary_size}, examples={examples}"
        )
    if not 1 <= min_length <= max_length:
        raise UserError(
            "Toy data need 1 <= min_length <= max_length. Received: "
            f"min_length={min_length}, max_length={max_length}"
        )
