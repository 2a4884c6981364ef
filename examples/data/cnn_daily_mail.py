"""Prepares CNN and Daily Mail stories for summarisation.

Download `cnn_stories.tgz` and `dailymail_stories.tgz` from
https://cs.nyu.edu/~kcho/DMQA/ and unpack them. Then:

    python cnn_daily_mail.py cnn/stories dailymail/stories --output_dir cnn_dm

A file `*.story` becomes one line of `*.stories`, the text before its first
`@highlight`, and one of `*.summaries`, its highlights with `; ` between them.
The stories stand in the order of their file names, which are hashes: the
first 1000 are dev, the next 1000 test and the rest train, so no story is in
two of them. All three are also cut by a joint SentencePiece model of train.
"""

import argparse
import sys
from pathlib import Path

from keras_seq2seq.data.piece_files import write_piece_files
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import UserError

MARK = "@highlight"
SIDES = ("stories", "summaries")


def flags():
    """What was typed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_dirs", nargs="+", type=Path)
    parser.add_argument("--output_dir", type=Path, required=True)
    parser.add_argument("--dev", type=int, default=1000, help="stories")
    parser.add_argument("--test", type=int, default=1000, help="stories")
    parser.add_argument("--size", type=int, default=32_000, help="pieces")
    return parser.parse_args()


def read(path):
    """Story and summary in one line each; empty if the file lacks them."""
    try:
        parts = path.read_text(encoding="utf-8").split(MARK)
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: expected UTF-8. Received: {error}") from error
    story, *highlights = (" ".join(part.split()) for part in parts)
    return story, "; ".join(filter(None, highlights))


def splits(pairs, dev, test):
    """Disjoint parts by name."""
    if dev < 1 or test < 1 or len(pairs) <= dev + test:
        raise UserError(
            f"expected more stories than dev {dev} and test {test} take. "
            f"Received: {len(pairs)} with a text and highlights."
        )
    return {
        "dev": pairs[:dev],
        "test": pairs[dev : dev + test],
        "train": pairs[dev + test :],
    }


def write(path, pairs):
    """Writes both sides; returns their paths."""
    return [
        write_file(f"{path}.{side}", "".join(f"{line}\n" for line in lines))
        for side, lines in zip(SIDES, zip(*pairs, strict=True), strict=True)
    ]


def main():
    """Reads, splits and cuts."""
    given = flags()
    found = (p for folder in given.data_dirs for p in folder.rglob("*.story"))
    paths = sorted(found, key=lambda path: (path.name, str(path)))
    pairs = [pair for pair in map(read, paths) if all(pair)]
    parts = splits(pairs, given.dev, given.test)
    write(given.output_dir / "data", pairs)
    files = {k: write(given.output_dir / k, v) for k, v in parts.items()}
    model = given.output_dir / "bpe.model"
    train_tokenizer(files["train"], "bpe", model, size=given.size)
    cut = {k: write_piece_files(model, v) for k, v in files.items()}
    train_tokenizer(cut["train"], "word", given.output_dir / "vocab.bpe.txt")
    for name, part in parts.items():
        print(f"{name}: {len(part)} stories", file=sys.stderr)
    print(f"left out: {len(paths) - len(pairs)} files", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"cnn_daily_mail.py: {error}")
