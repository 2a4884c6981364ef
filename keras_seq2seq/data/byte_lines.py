"""Lines of what cannot be read twice: standard input, compressed files."""

import gzip
import zlib
from pathlib import Path

from keras_seq2seq.data.lines import one_file
from keras_seq2seq.errors import UserError

GZIP_MARK = b"\x1f\x8b"  # never the beginning of UTF-8


def decode_lines(stream, name):
    """Lines of a binary stream, strictly UTF-8, one by one.

    Args:
        stream: iterable of bytes that end at `\\n`.
        name: str. What error messages call it.

    Returns:
        iterator of str without line ends, cut as `data.lines` cuts.

    Raises:
        UserError: invalid UTF-8, with the number of the line.
    """
    for number, line in enumerate(stream, start=1):
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise UserError(
                f"{name}:{number}: expected UTF-8. Received: {line[:40]!r}"
            ) from None
        text = text.removesuffix("\n").removesuffix("\r")
        yield text.removeprefix("\ufeff") if number == 1 else text


def read_plain_or_gzip(path):
    """Lines of a text file or of a gzip file, told by its first bytes.

    Args:
        path: path of a file, whatever its name ends in.

    Returns:
        iterator of str without line ends.

    Raises:
        UserError: no such file, a damaged gzip file, invalid UTF-8.
    """
    path = one_file(Path(path))
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MARK)) == GZIP_MARK
        file.seek(0)
        if not packed:
            yield from decode_lines(file, str(path))
            return
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from decode_lines(unpacked, str(path))
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(
                f"{path}: expected a gzip file. Received: one that is damaged "
                f"or cut off ({error}). Copy it again."
            ) from error
