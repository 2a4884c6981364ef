"""Pictures that lie in a folder, or in files of records, by number."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_seq2seq.data.pictures import (
    SUFFIXES,
    encoded_bytes,
    for_people,
    name_of,
)
from keras_seq2seq.errors import UserError


class FolderPictures:
    """Files of one folder.

    Args:
        directory: path.
        names: sequence of str. Relative to the folder.
    """

    def __init__(self, directory, names):
        self.directory = Path(directory)
        self.names = list(names)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        """Path of a picture, as text."""
        return os.path.join(self.directory, self.names[index])

    def name(self, index):
        """What a picture is called for people."""
        return for_people(self.names[index])

    def some(self, indices):
        """The same folder with these pictures only."""
        return FolderPictures(self.directory, [self.names[i] for i in indices])

    def fingerprint(self):
        """Hexadecimal sha256 of folder, names, sizes and times of the files."""
        return self._digest(str(self.directory.resolve()), "st_mtime_ns")

    def content(self):
        """Hexadecimal sha256 that a copy of the folder has, too."""
        return self._digest("")

    def _digest(self, begin, *more):
        digest = hashlib.sha256(begin.encode())
        for index, name in enumerate(self.names):
            told = [name]
            try:
                stat = os.stat(self[index])
                told += [getattr(stat, each) for each in ("st_size", *more)]
            except OSError:
                pass  # a missing one has its name alone
            digest.update(repr(told).encode())
        return digest.hexdigest()


class ListedPictures:
    """Pictures that are given one by one.

    Args:
        sources: sequence of paths, bytes or arrays, as `read_picture` takes
            them.
    """

    def __init__(self, sources):
        self.sources = list(sources)

    def __len__(self):
        return len(self.sources)

    def __getitem__(self, index):
        return self.sources[index]

    def name(self, index):
        """What a picture is called for people."""
        return name_of(self.sources[index])

    def some(self, indices):
        """These pictures only."""
        return ListedPictures([self.sources[i] for i in indices])

    def fingerprint(self):
        """Hexadecimal sha256 of the pictures as they are stored."""
        digest = hashlib.sha256()
        for source in self.sources:
            digest.update(hashlib.sha256(_stored(source)).digest())
        return digest.hexdigest()

    content = fingerprint


def _stored(source):
    """Bytes that tell a picture from others; its name if it is missing."""
    if isinstance(source, np.ndarray):
        return repr(source.shape).encode() + source.tobytes()
    try:
        return encoded_bytes(source)
    except OSError:
        return str(source).encode("utf-8", "surrogatepass")


class StoredPicture(NamedTuple):
    """The bytes of a picture inside of a larger file.

    Attributes:
        path: str, of the file.
        number: int. Of the record, from 1.
        begin, end: int. Bytes of the file that are the picture.
    """

    path: str
    number: int
    begin: int
    end: int

    def __str__(self):
        return f"{self.path}, record {self.number}"

    def read_bytes(self):
        """The picture as it is stored."""
        with open(self.path, "rb") as file:
            file.seek(self.begin)
            return file.read(self.end - self.begin)


class RecordPictures:
    """Pictures inside of files of records.

    Args:
        pictures: sequence of `StoredPicture`.
        digests: sequence of bytes. What tells the pictures apart.
    """

    def __init__(self, pictures, digests):
        self.pictures = list(pictures)
        self.digests = list(digests)

    def __len__(self):
        return len(self.pictures)

    def __getitem__(self, index):
        return self.pictures[index]

    def name(self, index):
        """What a picture is called for people."""
        return str(self.pictures[index])

    def some(self, indices):
        """The same files with these pictures only."""
        return RecordPictures(
            [self.pictures[i] for i in indices],
            [self.digests[i] for i in indices],
        )

    def fingerprint(self):
        """Hexadecimal sha256 of the pictures."""
        return hashlib.sha256(b"".join(self.digests)).hexdigest()

    content = fingerprint


def pictures_in(paths):
    """Paths of pictures: files as they are, of folders all that hold one.

    Args:
        paths: sequence of paths. Files need no suffix; folders are sorted and
            not searched deeper.

    Returns:
        list of str.

    Raises:
        UserError: nothing of that name, or a folder without pictures.
    """
    found = []
    for path in map(Path, paths):
        if not os.path.isdir(path):  # no error if the name is too long
            found.append(str(path))
            continue
        inside = sorted(
            entry.path for entry in os.scandir(path) if _is_picture(entry)
        )
        if not inside:
            raise UserError(
                f"{path}: expected pictures, files that end in "
                f"{', '.join(sorted(SUFFIXES))}. Received: a folder without."
            )
        found += inside
    return found


def picture_names(directory):
    """Names of all pictures in a folder, a set.

    Raises:
        UserError: no such folder.
    """
    try:
        with os.scandir(directory) as entries:
            return {entry.name for entry in entries if _is_picture(entry)}
    except OSError as error:
        raise UserError(
            f"{directory}: expected a folder of pictures. Received: "
            f"{error.strerror}."
        ) from error


def _is_picture(entry):
    return Path(entry.name).suffix.lower() in SUFFIXES and entry.is_file()
