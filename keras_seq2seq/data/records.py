"""TFRecord files of text: read in ranges, written whole or not at all.

A record is its length, 8 bytes, their checksum, 4 bytes, the content, and its
checksum, 4 bytes; all little-endian.
"""

import contextlib
import dataclasses
import gzip
import itertools
import struct
import zlib
from pathlib import Path
from typing import ClassVar, Literal

from keras_seq2seq.data.crc32c import masked_crc32c
from keras_seq2seq.data.example_proto import read_text, write_example
from keras_seq2seq.data.lines import SPAN_BYTES
from keras_seq2seq.data.mapped_file import cut_spans, mapped
from keras_seq2seq.data.write_file import writing
from keras_seq2seq.errors import UserError

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
FRAME = HEADER.size + FOOTER.size
MOST_BYTES = 1 << 26  # of one record
MOST_SPAN_BYTES = SPAN_BYTES + MOST_BYTES + 2 * FRAME
PAIRS_AT_ONCE = 4096  # written
GZIP_BYTES = 1 << 22  # that are unpacked at once
GZIP_SUFFIXES = (".gz", ".gzip")
GZIP_MAGIC = b"\x1f\x8b"


@dataclasses.dataclass(frozen=True)
class RecordReader:
    """Reads the texts of one feature from files of `tf.Example` records.

    Args:
        field: str. Name of the feature.
        required: bool. If False, a record without it has the text `""`.
        compression: `"auto"` (gzip if the file ends in `.gz`), `"gzip"` or
            `"none"`.
    """

    unit: ClassVar = "record"
    holds_ids: ClassVar = False

    field: str
    required: bool = True
    compression: Literal["auto", "gzip", "none"] = "auto"

    def spans(self, path):
        """Cuts a file into byte ranges that end where records end.

        Where a length is wrong the last range ends with the file, and its
        reader says so. A compressed file is one range.

        Returns:
            list of `(begin, end)`, in bytes; empty for an empty file.
        """
        size = Path(path).stat().st_size
        if not size or self._is_gzip(path):
            return [(0, size)] * bool(size)
        with mapped(path) as data:
            return cut_spans((end for _, end in _frames(data, 0, size)), size)

    def blocks(self, path, begin, end):
        """Texts of one range of `spans`, some megabytes at a time.

        Yields:
            lists of str.

        Raises:
            UserError: a record that is damaged, cut off, no `tf.Example`, or
                without such a text, with file and number.
        """
        number = 0
        if self._is_gzip(path):
            blocks = self._gzip_blocks(path)
        else:
            blocks = [self._block(path, begin, end)]
        for contents in blocks:
            yield [
                self._text(content, path, begin, number + i)
                for i, content in enumerate(contents)
            ]
            number += len(contents)

    def _is_gzip(self, path):
        if self.compression == "auto":
            return Path(path).name.lower().endswith(GZIP_SUFFIXES)
        return self.compression == "gzip"

    def _block(self, path, begin, end):
        with Path(path).open("rb") as file:
            file.seek(begin)
            # More only where a wrong length has made it the rest of a file.
            data = file.read(min(end - begin, MOST_SPAN_BYTES))
        contents, fault = _contents(data)
        if fault is None:
            return contents
        number = len(contents) + _records_before(path, begin)
        if data.startswith(GZIP_MAGIC) and not number:
            fault = "a compressed file: say compression: gzip, or --gzip"
        raise _damaged(path, number, fault)

    def _gzip_blocks(self, path):
        """Contents of the records of a compressed file, in blocks."""
        done, rest, end = 0, b"", False
        with gzip.open(path, "rb") as file:
            while not end:
                try:
                    # So much at once and no more, whatever a length says.
                    more = file.read(GZIP_BYTES)
                except (OSError, EOFError, zlib.error) as error:
                    raise _damaged(path, done, f"no gzip: {error}") from None
                end = not more
                data = rest + more
                cut = len(data) if end else _last_end(data)
                contents, fault = _contents(data[:cut])
                if fault is not None:
                    raise _damaged(path, done + len(contents), fault)
                yield contents
                done += len(contents)
                rest = data[cut:]
        if not done:
            raise UserError(f"{path}: expected records. Received: none.")

    def _text(self, content, path, begin, number):
        try:
            return read_text(content, self.field, self.required)
        except ValueError as error:
            number += _records_before(path, begin)
            raise UserError(
                f"{path}: record {number + 1}: expected a tf.Example with one "
                f"text in the feature {self.field!r}. Received: {error}."
            ) from None


def records_of(path):
    """The records of a file that is not compressed, whatever they hold.

    Args:
        path: path.

    Yields:
        the byte of the file at which a content begins, and the content.

    Raises:
        UserError: a record that is damaged or cut off, with file and number.
    """
    number = 0
    for begin, end in RecordReader("", compression="none").spans(path):
        with Path(path).open("rb") as file:
            file.seek(begin)
            data = file.read(min(end - begin, MOST_SPAN_BYTES))
        contents, fault = _contents(data)
        place = begin + HEADER.size
        for content in contents:
            yield place, content
            place += len(content) + FRAME
        number += len(contents)
        if fault is not None:
            if data.startswith(GZIP_MAGIC):
                fault = "a compressed file. Unpack it with gunzip"
            raise _damaged(path, number, fault)


def _damaged(path, number, fault):
    return UserError(
        f"{path}: record {number + 1}: expected a TFRecord. Received: {fault}. "
        "Copy the file again or write it anew."
    )


def _frames(data, begin, end):
    """Begin and end of every record that its length leaves in the range."""
    while end - begin >= HEADER.size:
        length = HEADER.unpack_from(data, begin)[0]
        after = begin + length + FRAME
        if length > MOST_BYTES or after > end:
            return
        yield begin, after
        begin = after


def _last_end(data):
    """Where the last whole record ends, or the first that is none begins.

    A record that is only not there yet shall stay for the next block.
    """
    place = max((end for _, end in _frames(data, 0, len(data))), default=0)
    header = data[place : place + HEADER.size]
    if len(header) == HEADER.size:
        sound = masked_crc32c([header[:8]])[0] == HEADER.unpack(header)[1]
        if not sound or HEADER.unpack(header)[0] > MOST_BYTES:
            return len(data)
    return place


def _records_before(path, begin):
    if not begin:
        return 0
    with mapped(path) as data:
        return sum(1 for _ in _frames(data, 0, begin))


def _contents(data):
    """The records' contents up to the first that is damaged.

    Returns:
        list of bytes, and what the record after them has, or None.
    """
    frames = list(_frames(data, 0, len(data)))
    parts, expected = [], []
    for begin, end in frames:
        length_end, content_end = begin + 8, end - FOOTER.size
        parts += [data[begin:length_end], data[begin + 12 : content_end]]
        expected.append(HEADER.unpack_from(data, begin)[1])
        expected.append(FOOTER.unpack_from(data, content_end)[0])
    wrong = (masked_crc32c(parts) != expected).nonzero()[0]
    contents = parts[1::2]
    if len(wrong):
        what = "its content" if wrong[0] % 2 else "its length"
        fault = f"a checksum that is not that of {what}"
        return contents[: wrong[0] // 2], fault
    end = frames[-1][1] if frames else 0
    return contents, _fault_of_rest(data[end : end + HEADER.size], len(data))


def _fault_of_rest(header, size):
    if not header:
        return None
    if len(header) < HEADER.size:
        return f"its first {len(header)} bytes alone"
    length, crc = HEADER.unpack(header)
    if masked_crc32c([header[:8]])[0] != crc:
        return "a checksum that is not that of its length"
    if length > MOST_BYTES:
        return f"a length of {length} bytes, of which {MOST_BYTES} are the most"
    return f"a length of {length} bytes, and fewer in the file"


def frame(contents):
    """TFRecords, one after the other.

    Args:
        contents: list of bytes.

    Returns:
        bytes.
    """
    lengths = [struct.pack("<Q", len(content)) for content in contents]
    parts = zip(
        lengths,
        masked_crc32c(lengths).astype("<u4"),
        contents,
        masked_crc32c(contents).astype("<u4"),
        strict=True,
    )
    return b"".join(
        length + one.tobytes() + content + other.tobytes()
        for length, one, content, other in parts
    )


def frame_pairs(pairs, fields=("source", "target")):
    """Pairs of texts as TFRecords; a target None is left out.

    Args:
        pairs: list of (source, target).
        fields: names of the two features.

    Returns:
        bytes.
    """
    return frame([write_example(_features(pair, fields)) for pair in pairs])


def shard_paths(path, shards):
    """Names of the files of a set, as TensorFlow's tools have them.

    Returns:
        list of Path: `path` itself for one, else `path-00000-of-00002`, ...,
        in front of the suffix of gzip if there is one.
    """
    path = Path(path)
    if shards == 1:
        return [path]
    suffix = path.suffix if path.suffix.lower() in GZIP_SUFFIXES else ""
    stem = path.name.removesuffix(suffix)
    return [
        path.with_name(f"{stem}-{i:05d}-of-{shards:05d}{suffix}")
        for i in range(shards)
    ]


def write_records(
    path, pairs, count, shards=1, fields=("source", "target"), compress=None
):
    """Writes pairs of texts as `tf.Example` records.

    The pairs keep their order through the shards. All files appear together,
    or none does.

    Args:
        path: path. See `shard_paths`.
        pairs: iterable of (source, target); a target None is left out.
        count: int. How many there are.
        shards: int, at most `count`.
        fields: names of the two features.
        compress: bool or None. Whether with gzip; None if `path` ends so.

    Returns:
        list of Path.

    Raises:
        StorageError: no space or no permission.
    """
    paths = shard_paths(path, shards)
    if compress is None:
        compress = Path(path).suffix.lower() in GZIP_SUFFIXES
    pairs = iter(pairs)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(writing(each)) for each in paths]
        for number, file in enumerate(files):
            begin, end = (count * n // shards for n in (number, number + 1))
            with _compressed(file) if compress else _as_it_is(file) as out:
                _write(out, pairs, end - begin, fields)
    return paths


def _compressed(file):
    # No time and no name: equal pairs give equal files.
    return gzip.GzipFile("", "wb", fileobj=file, mtime=0)


_as_it_is = contextlib.nullcontext


def _write(file, pairs, count, fields):
    while count:
        some = list(itertools.islice(pairs, min(count, PAIRS_AT_ONCE)))
        if not some:
            raise ValueError(f"Expected {count} more pairs. Received: none")
        file.write(frame_pairs(some, fields))
        count -= len(some)


def _features(pair, fields):
    named = zip(fields, pair, strict=True)
    return {name: text for name, text in named if text is not None}
