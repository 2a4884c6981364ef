"""Captions and the pictures that they belong to."""

import collections
import hashlib
import os
import re
import unicodedata
from pathlib import Path

import numpy as np

from keras_seq2seq.data.example_proto import read_sequence_example
from keras_seq2seq.data.lines import expand_files, read_lines
from keras_seq2seq.data.picture_store import (
    FolderPictures,
    RecordPictures,
    StoredPicture,
    picture_names,
)
from keras_seq2seq.data.pictures import for_people
from keras_seq2seq.data.records import records_of
from keras_seq2seq.errors import UserError

NO_PICTURE = "captions whose picture is missing"
NO_CAPTION = "pictures without a caption"
NO_TEXT = "empty captions"
UNREADABLE = "pictures that can't be read"
MOST_NAMED = 10  # of each kind, in a message
# How other programs mark the two ends of a caption in records.
STARTS = frozenset({"SEQUENCE_START", "<S>", "<s>", "<start>"})
ENDS = frozenset({"SEQUENCE_END", "</S>", "</s>", "<end>"})
NUMBERED = re.compile(r"#\d+\Z")  # Flickr's lists say `picture.jpg#0`


class Captions:
    """Captions, each of one picture; a picture may have several.

    Args:
        pictures: `FolderPictures` or `RecordPictures`, each with a caption.
        texts: list of N captions: str, or lists of the ids that a record has
            where it has no words.
        owners: int sequence `(N,)`. The picture of each caption.
        left_out: dict from a reason to the list of what is not here for it.
        normalize: bool. Whether what ids say shall become `plain_words`;
            texts are as they shall be.
    """

    def __init__(self, pictures, texts, owners, left_out=None, normalize=False):
        self.pictures = pictures
        self.texts = texts
        self.owners = np.asarray(owners, np.int32)
        self.normalize = normalize
        self.left_out = {
            reason: [for_people(name) for name in names]
            for reason, names in (left_out or {}).items()
            if names
        }

    def __len__(self):
        return len(self.texts)

    def without(self, unreadable):
        """These captions but for pictures that can't be read.

        Args:
            unreadable: dict from a picture's number to the reason.
        """
        if not unreadable:
            return self
        kept = [i for i in range(len(self.pictures)) if i not in unreadable]
        number = np.full(len(self.pictures), -1, np.int32)
        number[kept] = np.arange(len(kept))
        owners = number[self.owners]
        texts = [t for t, o in zip(self.texts, owners, strict=True) if o >= 0]
        lost = [str(reason) for reason in unreadable.values()]
        return Captions(
            self.pictures.some(kept),
            texts,
            owners[owners >= 0],
            {**self.left_out, UNREADABLE: lost},
            self.normalize,
        )

    def by_picture(self):
        """The captions of each picture: a list of lists, in order."""
        found = [[] for _ in range(len(self.pictures))]
        for text, owner in zip(self.texts, self.owners, strict=True):
            found[owner].append(text)
        return found

    def told(self, most=MOST_NAMED):
        """Lines about what is left out, for people."""
        lines = []
        for reason, names in self.left_out.items():
            shown = ", ".join(names[:most])
            more = len(names) - most
            rest = f", and {more:,} more" if more > 0 else ""
            lines.append(f"left out {len(names):,} {reason}: {shown}{rest}")
        return lines

    def fingerprint(self):
        """Hexadecimal sha256 of captions and pictures, wherever these lie."""
        digest = hashlib.sha256(self.pictures.content().encode())
        digest.update(self.owners.tobytes())
        for text in self.texts:
            digest.update(repr(text).encode())
        return digest.hexdigest()


def plain_words(text):
    """Lower-cased text without punctuation, as captions are scored."""
    kept = (c for c in text.lower() if unicodedata.category(c)[0] != "P")
    return " ".join("".join(kept).split())


def captions_of_tsv(
    image_dir,
    captions_files,
    image_column=0,
    caption_column=1,
    split_file=None,
    normalize=False,
):
    """Captions in columns of text files, of pictures in a folder.

    A first line whose picture has no suffix and is not there is a header.

    Args:
        image_dir: path of the folder.
        captions_files: files or globs, with a picture's name and a caption
            per line, between TABs.
        image_column, caption_column: int, from 0.
        split_file: a file with names of pictures, one per line, or None: the
            captions of these alone are taken.
        normalize: bool. If True, captions become `plain_words`.

    Returns:
        `Captions`, pictures in the order in which they are first named.

    Raises:
        UserError: a folder or file that is missing, a line of too few
            columns, or no caption left.
    """
    there = picture_names(image_dir)
    wanted = None if split_file is None else set(_names_in(split_file))
    numbers, texts, owners = {}, [], []
    left_out = collections.defaultdict(list)
    rows = _rows(captions_files, (image_column, caption_column), image_dir)
    for name, text in rows:
        if wanted is not None and name not in wanted:
            continue
        text = plain_words(text) if normalize else text.strip()
        if name not in there and not _is_file(image_dir, name):
            left_out[NO_PICTURE].append(name)
        elif not text:
            left_out[NO_TEXT].append(name)
        else:
            owners.append(numbers.setdefault(name, len(numbers)))
            texts.append(text)
    left_out[NO_PICTURE] = list(dict.fromkeys(left_out[NO_PICTURE]))
    # Without a list all pictures of the folder were meant.
    named = there if wanted is None else wanted
    silent = named - numbers.keys() - set(left_out[NO_PICTURE])
    left_out[NO_CAPTION] = sorted(silent)
    files = ", ".join(map(str, _as_list(captions_files)))
    if not texts:
        raise UserError(
            f"{files}: expected captions of pictures in {image_dir}"
            + (f" that {split_file} names" if split_file else "")
            + ". "
            + "; ".join(
                ["Received: none", *Captions((), [], [], left_out).told()]
            )
        )
    return Captions(FolderPictures(image_dir, numbers), texts, owners, left_out)


def pictures_of_tsv(
    image_dir,
    captions_files,
    image_column=0,
    caption_column=1,
    split_file=None,
):
    """Pictures that a list names, whether or not they are there.

    Args:
        image_dir, captions_files, image_column, caption_column: as for
            `captions_of_tsv`.
        split_file: the list, or None for that of the captions.

    Returns:
        `FolderPictures`, each once, in the list's order.
    """
    if split_file is not None:
        return FolderPictures(image_dir, _names_in(split_file))
    rows = _rows(captions_files, (image_column, caption_column), image_dir)
    return FolderPictures(image_dir, dict.fromkeys(name for name, _ in rows))


def _rows(files, columns, image_dir):
    image_column, caption_column = columns
    for path in expand_files(files):
        for number, line in enumerate(read_lines(path), start=1):
            if not line.strip():
                continue
            cells = line.split("\t")
            if len(cells) <= max(columns):
                raise UserError(
                    f"{path}:{number}: expected a picture in column "
                    f"{image_column} and a caption in column {caption_column}, "
                    "counted from 0 and ended by TAB. Received: "
                    f"{len(cells)} columns: {line[:60]!r}"
                )
            name = _name(NUMBERED.sub("", cells[image_column].strip()))
            header = number == 1 and not Path(name).suffix
            if not header or _is_file(image_dir, name):
                yield name, cells[caption_column]


def _name(text):
    """The one name of a picture: `./a.png` is `a.png`."""
    return os.path.normpath(text) if text else text


def _is_file(image_dir, name):
    # A name that is too long for a file is that of no file, and no error.
    return os.path.isfile(os.path.join(image_dir, name))


def _names_in(path):
    lines = (
        line.strip() for file in expand_files(path) for line in read_lines(file)
    )
    names = list(dict.fromkeys(_name(line) for line in lines if line))
    if not names:
        raise UserError(
            f"{path}: expected the names of pictures, one per line. Received: "
            "none."
        )
    return names


def _as_list(files):
    return [files] if isinstance(files, str | Path) else files


def captions_of_records(
    files,
    image_field="image/data",
    caption_ids_field="image/caption_ids",
    caption_tokens_field="image/caption",
    delimiter=" ",
    normalize=False,
):
    """Captions in `tf.SequenceExample` records, each with its picture.

    Records of equal pictures are captions of one. What marks a caption's
    start and end is left out.

    Args:
        files: files or globs, not compressed.
        image_field: str. Feature of the context with the encoded picture.
        caption_ids_field: str. List of ids, which count where there are no
            words.
        caption_tokens_field: str. List of words.
        delimiter: str. Joins the words.
        normalize: bool. If True, captions become `plain_words`.

    Returns:
        `Captions`; the text of one without words is a list of ids.

    Raises:
        UserError: files that are missing, records that are damaged, or none
            with a picture or a caption.
    """
    numbers, pictures, digests = {}, [], []
    texts, owners = [], []
    left_out = collections.defaultdict(list)
    for stored, data, lists in _records(files, image_field, left_out):
        text = _caption(
            lists, caption_tokens_field, caption_ids_field, delimiter
        )
        if isinstance(text, str):
            text = plain_words(text) if normalize else text.strip()
        if not text:
            left_out[NO_TEXT].append(str(stored))
            continue
        digest = hashlib.sha256(data).digest()
        if digest not in numbers:
            numbers[digest] = len(numbers)
            pictures.append(stored)
            digests.append(digest)
        owners.append(numbers[digest])
        texts.append(text)
    if not texts:
        raise UserError(
            f"{', '.join(map(str, _as_list(files)))}: expected captions in "
            f"the feature lists {caption_tokens_field!r} or "
            f"{caption_ids_field!r}. Received: none."
        )
    stored = RecordPictures(pictures, digests)
    return Captions(stored, texts, owners, left_out, normalize)


def _records(files, field, left_out):
    """Records that have a picture; the others are noted in `left_out`.

    Yields:
        `StoredPicture`, its bytes, and the feature lists.

    Raises:
        UserError: a damaged record, or none that has a picture.
    """
    found, wrong = False, None
    for path in expand_files(files):
        for number, (begin, content) in enumerate(records_of(path), start=1):
            try:
                context, lists = read_sequence_example(content)
                data = _picture(context, field)
            except ValueError as error:
                raise _no_picture(path, number, field, error) from None
            if data is None:
                left_out[NO_PICTURE].append(f"{path}, record {number}")
                wrong = wrong or _no_picture(
                    path, number, field, _values(0, context)
                )
                continue
            found = True
            place = begin + content.index(data)
            end = place + len(data)
            yield StoredPicture(str(path), number, place, end), data, lists
    if wrong and not found:  # the field has another name
        raise wrong


def _no_picture(path, number, field, received):
    return UserError(
        f"{path}: record {number}: expected a tf.SequenceExample with one "
        f"picture in the feature {field!r} of its context. Received: "
        f"{received}."
    )


def _picture(context, field):
    """The encoded picture, or None where there is none."""
    values = context.get(field, [])
    if not values:
        return None
    if len(values) > 1 or not isinstance(values[0], bytes):
        raise ValueError(_values(len(values), context))
    return values[0]


def _values(count, context):
    names = ", ".join(map(repr, context)) or "none"
    return f"{count} values there; the context has {names}"


def _caption(lists, tokens_field, ids_field, delimiter):
    """Words joined to a text, else a list of ids."""
    words = [
        value.decode("utf-8", "replace")
        for step in lists.get(tokens_field, [])
        for value in step
        if isinstance(value, bytes)
    ]
    if words:
        words = words[words[0] in STARTS :]
        if words and words[-1] in ENDS:
            words.pop()
        return delimiter.join(words)
    return [
        value
        for step in lists.get(ids_field, [])
        for value in step
        if isinstance(value, int)
    ]
