"""Text files cut into the pieces of a SentencePiece model."""

from pathlib import Path

from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.data.write_file import writing


def write_piece_files(model, paths):
    """Writes each file once more, as pieces with blanks between them.

    Args:
        model: path of a SentencePiece model.
        paths: sequence of paths. Of `train.txt` becomes `train.bpe.txt`,
            beside it.

    Returns:
        list of the `Path`s written.
    """
    tokenizer = load_tokenizer(model)
    written = []
    for path in map(Path, paths):
        written.append(path.with_suffix(f".bpe{path.suffix}"))
        with writing(written[-1]) as file:
            for line in read_lines(path):
                pieces = " ".join(tokenizer.split(line))
                file.write(f"{pieces}\n".encode())
    return written
