"""Ids of one side of a corpus, read from RecordIO files in ranges."""

import dataclasses
from pathlib import Path
from typing import ClassVar

from keras_seq2seq.data.lines import SPAN_BYTES
from keras_seq2seq.data.mapped_file import cut_spans, mapped
from keras_seq2seq.data.record_proto import ids_of, read_features
from keras_seq2seq.data.recordio import (
    MAGIC_BYTES,
    MOST_BYTES,
    FrameError,
    records,
)
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import END, FIRST_WORD, PAD, SPECIAL_NAMES, START

MOST_SPAN_BYTES = SPAN_BYTES + 2 * MOST_BYTES
RESERVED = frozenset((PAD, START, END))
GZIP_MAGIC = b"\x1f\x8b"


@dataclasses.dataclass(frozen=True)
class RecordIOReader:
    """Reads the ids of one feature from files of RecordIO-protobuf records.

    Args:
        field: str. Name of the feature.
        vocabulary_size: int. Ids must be below it.
        fields: features that every record must have.
    """

    unit: ClassVar = "record"
    holds_ids: ClassVar = True

    field: str
    vocabulary_size: int
    fields: tuple = ("source", "target")

    def spans(self, path):
        """Cuts a file into byte ranges that end where records end.

        Where a frame is wrong the last range ends with the file, and its
        reader says so.

        Returns:
            list of `(begin, end)`, in bytes; empty for an empty file.
        """
        size = Path(path).stat().st_size
        if not size:
            return []
        with mapped(path) as data:
            return cut_spans(_sound_ends(data), size)

    def blocks(self, path, begin, end):
        """Ids of the records of one range as a single list.

        Yields:
            list of lists of int.

        Raises:
            UserError: with file, number of the record and byte: what is no
                RecordIO, no `Record`, other features, no int32 tensor, ids
                of special tokens or outside the vocabulary.
        """
        with Path(path).open("rb") as file:
            file.seek(begin)
            # More only where a wrong frame has made it the rest of a file.
            data = file.read(min(end - begin, MOST_SPAN_BYTES))
        yield list(self._rows(data, path, begin))

    def _rows(self, data, path, begin):
        number = 0
        try:
            for record in records(data):
                yield self._ids(record.payload(data))
                number += 1
        except FrameError as error:
            place, fault = error.begin, _frame_fault(data, error)
        except ValueError as error:
            place, fault = record.begin, f"it {error}."
        else:
            return
        number += _records_before(path, begin)
        raise UserError(
            f"{path}: record {number} (from 0) at byte {begin + place}: {fault}"
        )

    def _ids(self, payload):
        features = read_features(payload, self.fields)
        ids = ids_of(payload, features[self.fields.index(self.field)])
        if not RESERVED.isdisjoint(ids):
            self._refuse_reserved(ids)
        if ids and (min(ids) < 0 or max(ids) >= self.vocabulary_size):
            self._refuse_outside(ids)
        return ids

    def _refuse_reserved(self, ids):
        place = next(i for i, one in enumerate(ids) if one in RESERVED)
        raise ValueError(
            f"has the id {ids[place]} at position {place} of the feature "
            f"{self.field!r}, which is {SPECIAL_NAMES[ids[place]]}. Expected "
            f"words, from {FIRST_WORD} on, or <unk>, 1: the library pads, "
            "begins and ends sequences itself"
        )

    def _refuse_outside(self, ids):
        place = next(
            i
            for i, one in enumerate(ids)
            if not 0 <= one < self.vocabulary_size
        )
        raise ValueError(
            f"has the id {ids[place]} at position {place} of the feature "
            f"{self.field!r}, and its vocabulary {self.vocabulary_size} ids, 0 "
            f"to {self.vocabulary_size - 1}. Expected the vocabulary with "
            "which the records were written"
        )


def _records_before(path, end):
    if not end:
        return 0
    with mapped(path) as data:
        return sum(1 for _ in _sound_ends(data, end))


def _sound_ends(data, size=None):
    """Where records end, up to the first frame that is wrong."""
    try:
        for record in records(data, size):
            yield record.end
    except FrameError:
        return


def _frame_fault(data, error):
    fault = f"expected a RecordIO frame, {MAGIC_BYTES.hex(' ')} and a length."
    if error.place != error.begin:
        fault = f"expected its next part {error.place - error.begin} bytes on."
    fault += f" Received: {error}. "
    if error.place:
        return fault + "Copy the file again or write it anew."
    if data.startswith(GZIP_MAGIC):
        return fault + "The file is compressed: unpack it with gunzip."
    return fault + (
        "The file is no RecordIO: write records of text with `keras-seq2seq "
        "sagemaker prepare`."
    )
