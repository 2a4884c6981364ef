"""Pictures with captions as files of `tf.SequenceExample` records, and back."""

import contextlib
import logging
from pathlib import Path

from keras_seq2seq.data.example_proto import write_sequence_example
from keras_seq2seq.data.pictures import encoded_bytes
from keras_seq2seq.data.records import MOST_BYTES, frame, shard_paths
from keras_seq2seq.data.write_file import write_file, writing
from keras_seq2seq.errors import UserError
from keras_seq2seq.tokens import FIRST_WORD, HISTORICAL_NAMES

START_NAME, END_NAME = HISTORICAL_NAMES[1:]
# What a picture begins with, and the suffix of such files.
SIGNS = (
    (b"\xff\xd8", "jpg"),
    (b"\x89PNG", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"RIFF", "webp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
logger = logging.getLogger("keras_seq2seq")


def write_caption_records(path, captions, shards=1, tokenizer=None):
    """Writes one record per caption, each with its picture.

    A record has, under the names that google/seq2seq read by default, the
    encoded picture, its format and its file's name in the context, and the
    words between SEQUENCE_START and SEQUENCE_END; with a tokenizer also their
    ids, which count words from 0. A record larger than can be read back is
    named and left out.

    Args:
        path: path; with shards `path-00000-of-00002`, ...
        captions: `Captions` of texts.
        shards: int, at most as many as captions.
        tokenizer: `Tokenizer` of words or None.

    Returns:
        list of Path. All files appear together, or none does.

    Raises:
        StorageError: no space or no permission.
        UserError: a picture that is missing.
    """
    paths, count = shard_paths(path, shards), len(captions)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(writing(each)) for each in paths]
        for number, file in enumerate(files):
            for index in range(
                count * number // shards, count * (number + 1) // shards
            ):
                content = _example(captions, index, tokenizer)
                if len(content) > MOST_BYTES:
                    _tell_large(captions, index, len(content))
                    continue
                file.write(frame([content]))
    return paths


def unpack(captions, image_dir, output):
    """Writes pictures as files of a folder, and their captions as a TSV.

    Args:
        captions: `Captions` of texts, of records.
        image_dir: path of the folder.
        output: path of the TSV.

    A picture that is there already stays, if its bytes are the same.

    Returns:
        int: pictures of the records.

    Raises:
        UserError: captions of ids without words, or another picture under a
            name that is to be written; nothing is written then.
    """
    _check_words(captions.texts)
    names, missing = [], []
    for index in range(len(captions.pictures)):
        data = encoded_bytes(captions.pictures[index])
        name = f"{index + 1:06d}.{suffix_of(data)}"
        names.append(name)
        path = Path(image_dir) / name
        if not path.exists():
            missing.append(index)
        elif path.read_bytes() != data:
            raise UserError(
                f"{path}: expected no other picture of this name. Received: "
                "one, whose captions would belong to a new one. Type an empty "
                "--image_dir."
            )
    for index in missing:
        data = encoded_bytes(captions.pictures[index])
        write_file(Path(image_dir) / names[index], data)
    lines = [
        f"{names[owner]}\t{' '.join(text.split())}\n"
        for owner, text in zip(captions.owners, captions.texts, strict=True)
    ]
    write_file(output, "image\tcaption\n" + "".join(lines))
    return len(names)


def suffix_of(data):
    """Suffix of a file with this picture; `jpg` where nothing tells."""
    return next((name for sign, name in SIGNS if data.startswith(sign)), "jpg")


def _check_words(texts):
    if not all(isinstance(text, str) for text in texts):
        raise UserError("Records of ids without words can't be written anew.")


def _tell_large(captions, index, size):
    logger.warning(
        "Left out: %s: a record of %d bytes, of which %d are the most",
        captions.pictures.name(captions.owners[index]),
        size,
        MOST_BYTES,
    )


def _example(captions, index, tokenizer):
    owner, text = captions.owners[index], captions.texts[index]
    _check_words([text])
    try:
        data = encoded_bytes(captions.pictures[owner])
    except OSError as error:
        name = captions.pictures.name(owner)
        raise UserError(f"{name}: {error.strerror}") from error
    context = {
        "image/data": data,
        "image/format": suffix_of(data),
        "image/filename": captions.pictures.name(owner),
    }
    words = [START_NAME, *text.split(), END_NAME]
    lists = {"image/caption": words}
    if tokenizer is not None:
        size = tokenizer.vocabulary_size - FIRST_WORD
        # google/seq2seq put unknown, start and end behind the words.
        ids = [
            i - FIRST_WORD if i >= FIRST_WORD else size
            for i in tokenizer.encode(text)
        ]
        lists["image/caption_ids"] = [size + 1, *ids, size + 2]
    return write_sequence_example(context, lists)
