"""Encoded corpora in files: written once, mapped into memory, found again."""

import dataclasses
import errno
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from keras_seq2seq.data.encode_spans import encode_spans
from keras_seq2seq.data.exclusive import exclusively
from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.subword_sampling import seed_of
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.data.token_table import TokenTable, fingerprint_of
from keras_seq2seq.errors import StorageError, UserError

FORMAT = 5  # raise it when the layout of the files changes
BUILDING = ".building-"  # begins the names of what is not finished
logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of a corpus: which text, encoded how."""

    name: str  # "source" or "target"
    texts: TextSource
    encoder: LineEncoder
    seed: int = 0  # of the samples, if the encoder draws any

    def describe(self):
        """What decides the ids of this side, as JSON."""
        encoder = self.encoder
        return [
            self.texts.describe(),
            [encoder.tokenizer.fingerprint, encoder.max_length],
            [encoder.append_end, encoder.never_empty],
            [encoder.sampling, self.seed],
        ]

    def seed_of(self, place, span):
        """Seed of a part of the text: of a file, by its place, and bytes."""
        return seed_of(self.seed, self.name, place, *span)


def load_or_build(sides, cache_dir=None):
    """Tables of both sides, from the cache or encoded anew.

    Args:
        sides: two of `Side`.
        cache_dir: path or None. None means `$KERAS_SEQ2SEQ_CACHE`, else
            `~/.cache/keras-seq2seq`.

    Returns:
        list of two `TokenTable`, mapped from files, and for each side the
        lines of each of its files.

    Raises:
        UserError: bad text; `StorageError` if the cache cannot be written.
    """
    described = json.dumps([FORMAT, [side.describe() for side in sides]])
    key = hashlib.sha256(described.encode()).hexdigest()[:32]
    directory = cache_directory(cache_dir) / key
    dtypes = {side.name: side.encoder.dtype for side in sides}
    opened = open_index(directory, dtypes)
    if opened is not None:
        return opened
    try:
        with exclusively(directory.parent / f".{key}.lock"):
            opened = open_index(directory, dtypes)
            if opened is not None:  # another process was faster
                return opened
            _build(directory, sides)
            return open_index(directory, dtypes)
    except OSError as error:
        raise storage_error(directory.parent, error) from error


def build(directory, sides):
    """Encodes both sides into files of a directory, which is replaced.

    Raises:
        UserError: bad text; `StorageError` if it cannot be written.
    """
    try:
        _build(directory, sides)
    except OSError as error:
        raise StorageError(
            f"{directory}: cannot be written: {error}"
        ) from error


def cache_directory(cache_dir=None):
    """Where large corpora are kept, see `load_or_build`."""
    default = os.environ.get("KERAS_SEQ2SEQ_CACHE") or "~/.cache/keras-seq2seq"
    return Path(cache_dir or default).expanduser()


def storage_error(cache, error):
    """What an `OSError` in the cache's directory is to the user."""
    reason = "no space is left" if error.errno == errno.ENOSPC else error
    return StorageError(
        f"{cache}: cannot build the encoded corpus: {reason}. Set "
        "KERAS_SEQ2SEQ_CACHE to a directory with space on a local disk."
    )


def open_index(directory, dtypes):
    """Tables and lines of a directory, as `load_or_build` returns them.

    Args:
        directory: Path.
        dtypes: dict from the name of a side to the type of its ids.

    Returns:
        None if it is absent or damaged.
    """
    try:
        meta = json.loads((directory / "index.json").read_text("utf-8"))
        tables = [
            _open_side(directory, name, dtype, meta[name])
            for name, dtype in dtypes.items()
        ]
        return tables, [list(meta[name]["lines"]) for name in dtypes]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _open_side(directory, name, ids_dtype, meta):
    def array(part, dtype, count):
        path = directory / f"{name}.{part}"
        if path.stat().st_size != count * np.dtype(dtype).itemsize:
            raise ValueError(f"{path} is damaged")
        if not count:
            return np.zeros(0, dtype)  # nothing to map
        return np.memmap(path, dtype, mode="r", shape=(count,))

    rows, tokens = meta["rows"], meta["tokens"]
    return TokenTable(
        array("ids", ids_dtype, tokens),
        array("offsets", np.int64, rows + 1),
        array("unsliced", np.int32, rows),
        meta["counts"],
        meta["fingerprint"],
    )


def _build(directory, sides):
    directory.parent.mkdir(parents=True, exist_ok=True)
    logger.info("Encoding the corpus into %s ...", directory)
    _remove_remains(directory.parent)
    temporary = tempfile.mkdtemp(dir=directory.parent, prefix=BUILDING)
    try:
        meta = _write(Path(temporary), sides)
        text = json.dumps(meta)
        (Path(temporary) / "index.json").write_text(text, "utf-8")
        shutil.rmtree(directory, ignore_errors=True)  # damaged, or replaced
        os.replace(temporary, directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_remains(cache):
    """Removes what processes left that were killed more than a day ago."""
    for path in cache.glob(f"{BUILDING}*"):
        if time.time() - path.stat().st_mtime > 86400:
            shutil.rmtree(path, ignore_errors=True)


def _write(directory, sides):
    jobs = [
        (number, place, span)
        for number, side in enumerate(sides)
        for place, path in enumerate(side.texts.files)
        for span in side.texts.reader.spans(path)
    ]
    parts = encode_spans(directory, sides, jobs)
    counts = [[0] * len(side.texts.files) for side in sides]
    for (number, place, _), part in zip(jobs, parts, strict=True):
        counts[number][place] += part.rows
    check_line_counts(sides, counts)
    meta = {}
    for number, side in enumerate(sides):
        own = [
            p for (n, _, _), p in zip(jobs, parts, strict=True) if n == number
        ]
        merged = _merge(directory, side, own)
        meta[side.name] = {**merged, "lines": counts[number]}
    return meta


def _merge(directory, side, parts):
    """Appends the parts of one side; removes each as soon as it is copied."""
    name, dtype = side.name, side.encoder.dtype
    fingerprint = fingerprint_of(
        (np.fromfile(f"{part.stem}.ids", dtype) for part in parts),
        (np.fromfile(f"{part.stem}.lengths", np.int32) for part in parts),
    )
    for kind in ("ids", "unsliced"):
        with (directory / f"{name}.{kind}").open("wb") as whole:
            for part in parts:
                path = Path(f"{part.stem}.{kind}")
                with path.open("rb") as piece:
                    shutil.copyfileobj(piece, whole, 1 << 20)
                path.unlink()
    total = 0
    with (directory / f"{name}.offsets").open("wb") as whole:
        whole.write(np.zeros(1, np.int64).tobytes())
        for part in parts:
            path = Path(f"{part.stem}.lengths")
            lengths = np.fromfile(path, np.int32)
            ends = total + np.cumsum(lengths, dtype=np.int64)
            whole.write(ends.tobytes())
            total = int(ends[-1]) if len(ends) else total
            path.unlink()
    return {
        "rows": sum(part.rows for part in parts),
        "tokens": total,
        "counts": np.sum([p.counts for p in parts], axis=0).tolist(),
        "fingerprint": fingerprint,
    }


def check_line_counts(sides, counts):
    """Refuses sides whose lines do not pair up.

    Args:
        sides: two of `Side`.
        counts: for each side the lines of each of its files.

    Raises:
        UserError: names the files, the counts and the first lines past the
            end. As many files on both sides are compared one by one.
    """
    source, target = sides
    sources, targets = (
        [[p] for p in source.texts.files],
        [[p] for p in target.texts.files],
    )
    source_counts, target_counts = counts
    if len(sources) != len(targets):
        sources, targets = [source.texts.files], [target.texts.files]
        source_counts, target_counts = [sum(counts[0])], [sum(counts[1])]
    compared = zip(sources, source_counts, targets, target_counts, strict=True)
    for own, source_count, others, target_count in compared:
        if source_count != target_count:
            rest = (
                _past(source.texts, own, target_count)
                if source_count > target_count
                else _past(target.texts, others, source_count)
            )
            unit = source.texts.reader.unit
            raise UserError(
                f"{_names(own)} has {source_count} {unit}s and "
                f"{_names(others)} has {target_count}. They are paired by "
                f"position, so both need as many. The first past the "
                f"end of the shorter, in {rest}"
            )


def _names(paths):
    return " + ".join(map(str, paths))


def _past(texts, paths, count):
    """Up to three texts from number `count` of the files together."""
    for path in paths:
        found, number = [], -1
        for number, text in enumerate(texts.texts(path)):
            if number >= count:
                found.append(f"{number + 1}: {text[:60]!r}")
            if len(found) == 3:
                break
        else:
            count -= number + 1
        if found:
            return f"{path}: " + ", ".join(found)
    return "neither"
