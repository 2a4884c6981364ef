"""Bodies of the type application/x-recordio-protobuf: ids in, ids out."""

from keras_seq2seq.data.record_proto import read_ids, write_record
from keras_seq2seq.data.recordio import FrameError, frame, records
from keras_seq2seq.data.tokenizer_protocol import MARKS
from keras_seq2seq.serving.exchange import Instance
from keras_seq2seq.serving.refusal import Refusal
from keras_seq2seq.tokens import SPECIAL_NAMES

MEDIA_TYPE = "application/x-recordio-protobuf"
SOURCE, TARGET = "source", "target"


def read(body):
    """The instances of a request, one per record.

    Args:
        body: bytes.

    Returns:
        iterator of `Instance`.

    Raises:
        Refusal: 400, with the byte or the record: a damaged body, or a record
            without ids of a source.
    """
    try:
        for index, record in enumerate(records(body)):
            yield Instance(_ids(record.payload(body), index))
    except FrameError as error:
        raise Refusal(
            400,
            f"byte {error.place}: expected a RecordIO frame. Received {error}.",
        ) from None


def write(answers):
    """The body that holds the ids of `Answer`s, one record each."""
    return b"".join(frame(write_record({TARGET: each.ids})) for each in answers)


def _ids(payload, index):
    try:
        (ids,) = read_ids(payload, (SOURCE,))
    except ValueError as error:
        raise Refusal(400, f"record {index} {error}.", index) from None
    for position, one in enumerate(ids):
        if one in MARKS:
            raise Refusal(
                400,
                f"record {index}: expected ids of words: what pads, begins "
                f"and ends sentences is not sent. Received {one}, which is "
                f"{SPECIAL_NAMES[one]}, at position {position}.",
                index,
            )
    return tuple(ids)
