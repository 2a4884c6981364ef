"""Files that are looked at where they lie, and cut into ranges."""

import contextlib
import mmap
from pathlib import Path

from keras_seq2seq.data.lines import SPAN_BYTES


@contextlib.contextmanager
def mapped(path):
    """The bytes of a file, which is not empty, without reading it."""
    with (
        Path(path).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        yield data


def cut_spans(ends, size):
    """Byte ranges of a file that end where records end.

    Args:
        ends: iterable of int, rising. Where records end.
        size: int. Bytes of the file; what follows the last end belongs to the
            last range.

    Returns:
        list of `(begin, end)`, about `SPAN_BYTES` long.
    """
    cuts = [0]
    for end in ends:
        if end - cuts[-1] >= SPAN_BYTES:
            cuts.append(end)
    if cuts[-1] < size:
        cuts.append(size)
    return list(zip(cuts[:-1], cuts[1:], strict=True))
