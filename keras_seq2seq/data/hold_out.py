"""One parallel text into two: for training and for development."""

import itertools
import random
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.write_file import writing
from keras_seq2seq.errors import UserError

LEAST_PAIRS = 20
MOST_DEV_PAIRS = 2000
DEV_SHARE = 0.035


class Split(NamedTuple):
    """How many pairs went where.

    Attributes:
        train: int.
        dev: int.
        blank: int. Left out because a side is blank.
        repeated: int. Left out of training because they are in dev.
    """

    train: int
    dev: int
    blank: int
    repeated: int


def hold_out(source, target, directory, seed):
    """Writes `train.*` and `dev.*`, `source` and `target`, to a directory.

    The development pairs are drawn at random, 3.5 % of all but at most 2,000;
    none of them is among the training pairs. Text is never held as a whole.

    Args:
        source, target: paths of files with as many lines.
        directory: path.
        seed: int. Of the draw.

    Returns:
        Split.

    Raises:
        UserError: sides with different numbers of lines, or too few pairs.
        StorageError: no space or no permission.
    """
    filled, total = _filled(source, target)
    if len(filled) < LEAST_PAIRS:
        raise UserError(
            f"{source}, {target}: expected at least {LEAST_PAIRS} pairs of "
            f"lines that are not blank. Received: {len(filled)}."
        )
    share = max(LEAST_PAIRS // 2, int(DEV_SHARE * len(filled)))
    count = min(MOST_DEV_PAIRS, share)
    drawn = set(random.Random(seed).sample(filled, count))
    held = {
        pair
        for number, pair in enumerate(_pairs(source, target))
        if number in drawn
    }
    train = repeated = 0
    with ExitStack() as stack:
        files = {
            name: [
                stack.enter_context(writing(Path(directory, f"{name}.{side}")))
                for side in ("source", "target")
            ]
            for name in ("train", "dev")
        }
        for number, pair in enumerate(_pairs(source, target)):
            if not _is_filled(pair):
                continue
            name = "dev" if number in drawn else "train"
            if name == "train":
                if pair in held:
                    repeated += 1
                    continue
                train += 1
            for file, line in zip(files[name], pair, strict=True):
                file.write(line.encode("utf-8") + b"\n")
        if train < LEAST_PAIRS // 2:  # raised here, nothing is written
            raise UserError(
                f"{source}, {target}: expected pairs that differ. Received: "
                f"{repeated + count:,} of {len(filled):,} are repetitions of "
                f"the {len(held):,} that were drawn for development."
            )
    return Split(train, count, total - len(filled), repeated)


def _filled(source, target):
    """Numbers of the pairs without a blank side, and how many pairs are."""
    counts, filled = [0, 0], []
    both = itertools.zip_longest(read_lines(source), read_lines(target))
    for number, pair in enumerate(both):
        counts = [
            n + (line is not None) for n, line in zip(counts, pair, strict=True)
        ]
        if None not in pair and _is_filled(pair):
            filled.append(number)
    if counts[0] != counts[1]:
        raise UserError(
            f"{source} has {counts[0]:,} lines and {target} {counts[1]:,}. "
            "Line i of one must belong to line i of the other."
        )
    return filled, counts[0]


def _is_filled(pair):
    return all(line.strip() for line in pair)


def _pairs(source, target):
    return zip(read_lines(source), read_lines(target), strict=True)
