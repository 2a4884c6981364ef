"""A corpus that was encoded beforehand, into a directory of its own.

Sockeye cut its prepared data into shards and held one in memory at a time.
Here ids lie in files that are mapped into memory: the operating system holds
the parts that are in use, and needs none of them to stay.
"""

import json
from pathlib import Path

import numpy as np

from keras_seq2seq.config.yaml_reader import parse_json
from keras_seq2seq.data import corpus_index
from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.write_file import write_file
from keras_seq2seq.errors import StorageError, UserError

FORMAT = 1
DESCRIPTION = "prepared.json"
TOKENS = "tokens"
SIDES = ("source", "target")
# What a description holds, in whole and of each side, and of which type.
KEYS = {"append_end": bool, "unit": str, "source": dict, "target": dict}
SIDE_KEYS = {
    "vocabulary": str,
    "options": dict,
    "fingerprint": str,
    "bytes_per_id": int,
    "max_length": int | None,
    "files": list,
}


def prepare_text(
    directory,
    sources,
    targets,
    tokenizers,
    max_lengths=(None, None),
    append_end=True,
):
    """Encodes a corpus into a directory that `open_prepared` reads.

    Args:
        directory: path. Made if it is missing; what was prepared there before
            is replaced.
        sources: `TextSource`.
        targets: `TextSource`.
        tokenizers: pair of `Tokenizer` (source, target) of kinds that
            `load_tokenizer` knows.
        max_lengths: pair of int or None. Most tokens kept of a line.
        append_end: bool. If True, END follows the source.

    Returns:
        dict: what `prepared.json` says, `statistics` and `length_ratio` among
        it: mean and standard deviation over the pairs of the target's tokens
        for each of the source's, without END, after truncation.

    Raises:
        UserError: bad text, sides that do not pair up; `StorageError` if the
            directory cannot be written.
    """
    directory = Path(directory)
    encoders = (
        LineEncoder(tokenizers[0], max_lengths[0], append_end, True),
        LineEncoder(tokenizers[1], max_lengths[1]),
    )
    sides = [
        corpus_index.Side(name, texts, encoder)
        for name, texts, encoder in zip(
            SIDES, (sources, targets), encoders, strict=True
        )
    ]
    try:
        (directory / DESCRIPTION).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{directory}: cannot be written: {error}"
        ) from error
    corpus_index.build(directory / TOKENS, sides)
    described = {
        "format": FORMAT,
        "append_end": append_end,
        "unit": sources.reader.unit,
    }
    for name, tokenizer, most, texts in zip(
        SIDES, tokenizers, max_lengths, (sources, targets), strict=True
    ):
        described[name] = {
            "vocabulary": tokenizer.save(directory / f"vocab.{name}").name,
            "options": tokenizer.options or {},
            "fingerprint": tokenizer.fingerprint,
            "bytes_per_id": sides[SIDES.index(name)].encoder.dtype().itemsize,
            "max_length": most,
            "files": [str(path) for path in texts.files],
        }
    pairs = _mapped(directory, described)
    described["statistics"] = pairs.statistics
    described["length_ratio"] = pairs.length_ratio._asdict()
    # Last: a directory with a description is complete.
    text = json.dumps(described, indent=2, ensure_ascii=False)
    write_file(directory / DESCRIPTION, f"{text}\n")
    return described


def open_prepared(directory, tokenizers, max_lengths, append_end):
    """The pairs of a prepared corpus, no text of which is read.

    Args:
        directory: path, as `prepare_text` wrote it.
        tokenizers: pair of `Tokenizer` (source, target) of a model.
        max_lengths: pair of int or None. Most tokens that it reads of a line.
        append_end: bool. Whether its sources end with END.

    Returns:
        `ParallelText`.

    Raises:
        UserError: no prepared corpus, or one that was prepared otherwise.
    """
    directory = Path(directory)
    described = read_description(directory)
    if described["append_end"] != append_end:
        raise UserError(
            _otherwise(
                directory,
                "source.append_end",
                described["append_end"],
                append_end,
            )
        )
    for name, tokenizer, most in zip(
        SIDES, tokenizers, max_lengths, strict=True
    ):
        own = described[name]
        if own["fingerprint"] != tokenizer.fingerprint:
            raise UserError(
                f"{directory} was prepared with another vocabulary of the "
                f"{name} than the model's. Type vocab_{name}: "
                f"{directory / own['vocabulary']}, or prepare it again."
            )
        if own["max_length"] != most:
            raise UserError(
                _otherwise(
                    directory, f"{name}.max_seq_len", own["max_length"], most
                )
            )
    return _mapped(directory, described)


def read_description(directory):
    """What `prepared.json` says.

    Raises:
        UserError: no such file, or one of a newer version.
    """
    path = Path(directory) / DESCRIPTION
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{directory}: expected what `keras-seq2seq prepare` wrote. "
            f"Received: {path.name} cannot be read ({error})."
        ) from None
    described = parse_json(text, str(path))
    version = described.get("format") if isinstance(described, dict) else None
    if version != FORMAT:
        raise UserError(
            f"{path}: expected format {FORMAT}. Received: {version!r}. Prepare "
            "the corpus again."
        )
    wrong = _wrong(described, KEYS) or [
        f"{side}.{key}"
        for side in SIDES
        for key in _wrong(described[side], SIDE_KEYS)
    ]
    if wrong:
        raise UserError(
            f"{path}: is damaged at {', '.join(wrong)}. Prepare the corpus "
            "again."
        )
    return described


def _wrong(values, types):
    """Keys that are missing or have a value of another type."""
    return [
        key
        for key, kind in types.items()
        if key not in values or not isinstance(values[key], kind)
    ]


def _mapped(directory, described):
    types = {2: np.uint16, 4: np.int32}
    dtypes = {n: types.get(described[n]["bytes_per_id"]) for n in SIDES}
    opened = all(dtypes.values()) and corpus_index.open_index(
        directory / TOKENS, dtypes
    )
    if not opened:
        raise UserError(
            f"{directory} is damaged or incomplete. Prepare the corpus again."
        )
    tables, lines = opened
    files = zip(described["source"]["files"], lines[0], strict=False)
    return ParallelText.of_tables(
        *tables, described["append_end"], list(files), described["unit"]
    )


def _otherwise(directory, name, before, now):
    return (
        f"{directory} was prepared with {name} {_shown(before)}, and the "
        f"configuration says {_shown(now)}. Type {name}: {_shown(before)}, or "
        "prepare it again."
    )


def _shown(value):
    return json.dumps(value)
