"""Reading text: which files, which lines, which column.

Only `\\n` and `\\r\\n` end a line. Python's own `splitlines` and text mode
also cut at U+2028, U+0085 and others, which corpora hold inside sentences and
which would shift every later pair.
"""

import dataclasses
import glob
import os
from pathlib import Path
from typing import ClassVar

from keras_seq2seq.errors import StorageError, UserError

SPAN_BYTES = 1 << 24  # text that is decoded at once


def expand_files(files):
    """Resolves files and globs, in the order given, each glob sorted.

    Args:
        files: str, path, or sequence of them. `-` is a file of that name.

    Returns:
        list of paths; every one is a file.

    Raises:
        UserError: nothing given or found, a directory or a pipe.
    """
    if isinstance(files, str | Path):
        files = [files]
    if not files:
        raise UserError("Expected at least one text file. Received: none.")
    return [path for name in files for path in _expand(name)]


def read_all(files):
    """Lines of files or globs, one file after the other, one by one."""
    return (line for path in expand_files(files) for line in read_lines(path))


def one_file(name):
    """Resolves a name or glob that must mean a single file.

    Raises:
        UserError: as `expand_files`, or several files.
    """
    found = expand_files(name)
    if len(found) > 1:
        raise UserError(
            f"{name}: expected one file. Received: {len(found)} files."
        )
    return found[0]


def _expand(name):
    if not str(name):
        raise UserError(
            "Expected the name of a file. Received: an empty name, as YAML's "
            '`- ""` in a list is one. Leave that line out.'
        )
    path = Path(name).expanduser()
    if path.is_dir():
        raise UserError(
            f"{path}: expected a text file. Received: a directory. "
            f"For the files in it type `{path}/*`."
        )
    if path.exists():
        if not os.access(path, os.R_OK):
            raise StorageError(f"{path}: may not be read by this user.")
        if not path.is_file():
            raise UserError(
                f"{path}: expected a file, which is read more than once. "
                "Received: a pipe or a device. Write its lines into a file; "
                "commands that read standard input take a pipe there."
            )
        return [path]
    found = [Path(p) for p in sorted(glob.glob(str(path), recursive=True))]
    found = [p for p in found if not p.is_dir()]
    if not found:
        raise UserError(
            f"{path}: no such file, and no file matches it as a pattern. "
            f"The current directory is {Path.cwd()}."
        )
    return found


def spans(path, size=SPAN_BYTES):
    """Cuts a file into byte ranges that end at line ends.

    Args:
        path: path of a file.
        size: int. Bytes of a range, about.

    Returns:
        list of `(begin, end)`, in bytes; empty for an empty file.
    """
    path = Path(path)
    length = path.stat().st_size
    cuts = [0]
    with path.open("rb") as file:
        while cuts[-1] < length:
            file.seek(min(cuts[-1] + size, length))
            file.readline()
            cuts.append(min(file.tell(), length))
    return list(zip(cuts[:-1], cuts[1:], strict=True))


def read_span(path, begin, end, column=None):
    """Lines of one byte range of a UTF-8 file, without their line ends.

    Args:
        path: path of a file.
        begin, end: int. Bytes; a range of `spans`.
        column: int or None. 0-based column of a TSV; None takes whole lines.

    Returns:
        list of str.

    Raises:
        UserError: invalid UTF-8 or a missing column, with file and line.
    """
    with Path(path).open("rb") as file:
        file.seek(begin)
        data = file.read(end - begin)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}:{line + _lines_before(path, begin)}: expected UTF-8. "
            f"Received: byte 0x{data[error.start]:02x}. Convert the file, "
            "for example with `iconv -f latin1 -t utf-8`."
        ) from None
    if begin == 0:
        text = text.removeprefix("\ufeff")  # a byte order mark is no text
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()  # what follows the last line end
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    if column is None:
        return lines
    return _columns(lines, column, path, begin)


def _columns(lines, column, path, begin):
    try:
        return [line.split("\t")[column] for line in lines]
    except IndexError:
        counts = [line.count("\t") + 1 for line in lines]
        first = next(i for i, n in enumerate(counts) if n <= column)
        raise UserError(
            f"{path}:{first + 1 + _lines_before(path, begin)}: expected a "
            f"column {column} (counted from 0, columns end at TAB). "
            f"Received: {counts[first]} columns: {lines[first][:60]!r}"
        ) from None


def _lines_before(path, begin):
    with Path(path).open("rb") as file:
        blocks = iter(lambda: file.read(min(1 << 20, begin - file.tell())), b"")
        return sum(block.count(b"\n") for block in blocks)


def read_lines(path, column=None):
    """Lines of a UTF-8 file one by one, in bounded memory.

    Args:
        path: path of a file.
        column: int or None. 0-based column of a TSV; None takes whole lines.

    Returns:
        iterator of str without line ends.

    Raises:
        UserError: invalid UTF-8 or a missing column, with file and line.
    """
    for begin, end in spans(path):
        yield from read_span(path, begin, end, column)


@dataclasses.dataclass(frozen=True)
class LineReader:
    """Reads the lines of UTF-8 files, or one column of them.

    Args:
        column: int or None. 0-based column of a TSV; None takes whole lines.
    """

    unit: ClassVar = "line"
    holds_ids: ClassVar = False

    column: int | None = None

    def spans(self, path):
        """Byte ranges of a file that end at line ends, see `spans`."""
        return spans(path)

    def blocks(self, path, begin, end):
        """The lines of one range as a single list, see `read_span`."""
        yield read_span(path, begin, end, self.column)
