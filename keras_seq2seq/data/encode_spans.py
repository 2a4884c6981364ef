"""Encodes ranges of files of text into files, in several processes.

The processes are started as `python -m keras_seq2seq.data.encode_spans`, not
by multiprocessing, which would run the user's script again in each.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_seq2seq.data.line_encoder import LineEncoder
from keras_seq2seq.data.subword_sampling import seed_of
from keras_seq2seq.data.text_source import describe_reader, rebuild_reader
from keras_seq2seq.data.tokenizer import load_tokenizer
from keras_seq2seq.errors import StorageError, UserError
from keras_seq2seq.processors import processors


class Part(NamedTuple):
    """Where one encoded range lies: `stem` + `.ids`, `.lengths`, ..."""

    stem: str
    rows: int
    counts: list  # tokens, cut off, unknown


def encoded_blocks(encoder, reader, path, span, seed):
    """Encodes a range of a file, some megabytes of text at a time.

    Yields:
        `EncodedLines`.
    """
    for number, texts in enumerate(reader.blocks(path, *span)):
        if reader.holds_ids:
            yield encoder.take(texts)
        else:
            yield encoder(texts, seed_of(seed, number) if number else seed)


def encode_spans(directory, sides, jobs):
    """Encodes every range of every side.

    Args:
        directory: path. Where the parts are written.
        sides: two of `corpus_index.Side`.
        jobs: list of `(number of the side, of the file in it, (begin, end) in
            bytes)`.

    Returns:
        list of `Part`, one per job.

    Raises:
        UserError: bad text, with file and line.
    """
    tasks = [
        {
            "side": number,
            "path": str(sides[number].texts.files[place]),
            "span": span,
            "reader": describe_reader(sides[number].texts.reader),
            "seed": sides[number].seed_of(place, span),
            "stem": str(directory / f"part{index:06d}"),
        }
        for index, (number, place, span) in enumerate(jobs)
    ]
    workers = min(processors(), len(tasks))
    encoders = [side.encoder for side in sides]
    foreign = any(e.tokenizer.options is None for e in encoders)
    if foreign or workers < 2 or not sys.executable:
        return [_encode(task, encoders) for task in tasks]
    return _encode_in_processes(directory, encoders, tasks, workers)


def _encode(task, encoders):
    stem, rows, counts = task["stem"], 0, np.zeros(3, np.int64)
    blocks = encoded_blocks(
        encoders[task["side"]],
        rebuild_reader(task["reader"]),
        task["path"],
        task["span"],
        task["seed"],
    )
    with (
        open(f"{stem}.ids", "wb") as ids,
        open(f"{stem}.lengths", "wb") as lengths,
        open(f"{stem}.unsliced", "wb") as unsliced,
    ):
        for encoded in blocks:
            encoded.ids.tofile(ids)
            encoded.lengths.tofile(lengths)
            encoded.unsliced_lengths.tofile(unsliced)
            rows += len(encoded.lengths)
            counts += encoded.counts
    return Part(stem, rows, counts.tolist())


def _encode_in_processes(directory, encoders, tasks, workers):
    described = [
        _describe(encoder, directory / f"tokenizer{i}")
        for i, encoder in enumerate(encoders)
    ]
    parts = [None] * len(tasks)
    running = []
    try:
        for worker in range(workers):
            work = {"encoders": described, "tasks": tasks[worker::workers]}
            path = directory / f"work{worker}.json"
            path.write_text(json.dumps(work), "utf-8")
            running.append(_start(path))
        for worker, process in enumerate(running):
            parts[worker::workers] = _results(process)
    finally:
        for process in running:
            process.kill()
            process.communicate()
    for path in [*directory.glob("work*"), *directory.glob("tokenizer*")]:
        path.unlink()
    return parts


def _describe(encoder, stem):
    return {
        "tokenizer": str(encoder.tokenizer.save(stem)),
        "options": encoder.tokenizer.options,
        "max_length": encoder.max_length,
        "append_end": encoder.append_end,
        "never_empty": encoder.never_empty,
        "sampling": encoder.sampling,
    }


def _start(path):
    # The package may be known to this process only.
    search = os.pathsep.join(p or os.getcwd() for p in sys.path)
    return subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(path)],
        env={**os.environ, "PYTHONPATH": search},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _results(process):
    output, errors = process.communicate()
    if process.returncode == UserError.exit_code:
        raise UserError(json.loads(output))
    if process.returncode == StorageError.exit_code:
        raise OSError(json.loads(output))
    if process.returncode:
        raise RuntimeError(
            f"A process that encodes text ended with {process.returncode}: "
            f"{errors[-2000:]}"
        )
    return [Part(*part) for part in json.loads(output)]


def _rebuild(described):
    options = dict(described)
    path, arguments = options.pop("tokenizer"), options.pop("options")
    return LineEncoder(load_tokenizer(path, **arguments), **options)


def main(path):
    """Does the work described in a file; prints the parts as JSON."""
    work = json.loads(Path(path).read_text("utf-8"))
    encoders = [_rebuild(described) for described in work["encoders"]]
    try:
        parts = [_encode(task, encoders) for task in work["tasks"]]
    except UserError as error:
        print(json.dumps(str(error)))
        return UserError.exit_code
    except OSError as error:
        print(json.dumps(str(error)))
        return StorageError.exit_code
    print(json.dumps(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
