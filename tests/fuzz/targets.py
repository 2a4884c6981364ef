"""Everything that reads a user's file, as functions of bytes.

Each target may raise `UserError` and nothing else, must come to an end, and
must not take memory that its input does not have.
"""

import gzip
import io
import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_seq2seq import checkpoint, run_files
from keras_seq2seq.callbacks.saved_training import read_training
from keras_seq2seq.checkpoint import array_files
from keras_seq2seq.checkpoint.manifest import read_manifest
from keras_seq2seq.config import files
from keras_seq2seq.config.upgrade_file import upgrade_file
from keras_seq2seq.data.byte_lines import read_plain_or_gzip
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.json_lines import JsonLines
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.marked_subwords import segmenter
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.prepared_text import read_description
from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import frame
from keras_seq2seq.data.recordio_reader import RecordIOReader
from keras_seq2seq.data.records import RecordReader, frame_pairs
from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.text_source import TextSource
from keras_seq2seq.data.vectors import read_vectors
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.views.beam_file import read_beams
from keras_seq2seq.views.beam_tree import beam_page, beam_tree
from keras_seq2seq.views.metrics_table import (
    from_sockeye,
    read_metrics,
    to_sockeye,
)

WORDS = Vocabulary(list("abc"))


class Target(NamedTuple):
    """A reader and valid inputs, which a fuzzer changes.

    Attributes:
        read: callable `read(content, directory)`; the directory is empty.
        seeds: list of bytes.
    """

    read: object
    seeds: list


def _file(directory, content, name="file"):
    path = directory / name
    path.write_bytes(content)
    return path


def read_beam_file(content, directory):
    beams = read_beams(_file(directory, content, "beams.npz"))
    for steps in beams:
        beam_page(beam_tree(steps, str, beams.end), "Line")


def read_yaml(content, directory):
    path = _file(directory, content, "config.yml")
    files.load([str(path)], complete=False)


def read_flag(content, directory):
    text = content.decode("utf-8", "replace")
    for flag in ("model_params", "buckets", "hooks", "batch_size", "prepare"):
        files.load("", {flag: text}, complete=False)


def read_hparams(content, directory):
    files.load(
        "", {"hparams": content.decode("utf-8", "replace")}, complete=False
    )


def read_old_file(content, directory):
    upgrade_file(str(_file(directory, content, "old.yml")))


def read_stored_config(content, directory):
    files.from_json(content.decode("utf-8", "replace"))


def read_run(content, directory):
    """`tokenizers.json` of a run directory, which names other files."""
    for name in ("vocab.source.txt", "vocab.target.txt"):
        _file(directory, b"a\nb\n", name)
    _file(directory, _stored_config(), run_files.CONFIG_FILE)
    _file(directory, content, run_files.TOKENIZER_FILE)
    run_files.read_run(directory)


def read_vocabulary(content, directory):
    Vocabulary.read(_file(directory, content))


def read_sentence_piece(content, directory):
    tokenizer = SentencePieceTokenizer(content)
    tokenizer.decode(tokenizer.encode("a b"))


def read_text_vectors(content, directory):
    read_vectors(_file(directory, content, "vectors.txt"), WORDS, 2)


def read_array_vectors(content, directory):
    read_vectors(_file(directory, content, "vectors.npy"), WORDS, 2)


def read_pairs(content, directory):
    """Source and target are the parts around the first form feed."""
    sides = content.split(b"\x0c", 1)
    paths = [_file(directory, s, f"{i}") for i, s in enumerate(sides)]
    words = DelimiterTokenizer(WORDS)
    columns = {} if len(paths) == 2 else {"target_column": 1}
    for limit in (10**9, 0):  # in memory, and from an index
        ParallelText(
            *paths,
            source_tokenizer=words,
            in_memory_bytes=limit,
            cache_dir=directory / "cache",
            **columns,
        )


def read_packed_text(content, directory):
    list(read_plain_or_gzip(_file(directory, content)))


def read_codes(content, directory):
    """Codes of byte pairs are the part before the first form feed."""
    codes, _, counts = content.partition(b"\x0c")
    counted = _file(directory, counts, "counts") if counts else None
    segmenter(_file(directory, codes, "codes"), counted, 2)("ab  abc\t\x85")


def read_records(content, directory, name="records"):
    path = _file(directory, content, name)
    readers = RecordReader("source"), RecordReader("target", required=False)
    sides = [TextSource.open(path, reader) for reader in readers]
    list(zip(*sides, strict=True))
    ParallelText(*sides, source_tokenizer=DelimiterTokenizer(WORDS))


def read_packed_records(content, directory):
    read_records(content, directory, "records.gz")


def read_id_records(content, directory):
    path = _file(directory, content)
    readers = [RecordIOReader(side, 400) for side in ("source", "target")]
    sides = [TextSource.open(path, reader) for reader in readers]
    list(zip(*sides, strict=True))
    ParallelText(*sides, source_tokenizer=DelimiterTokenizer(WORDS))


def read_json_vocabulary(content, directory):
    JsonVocabulary.read(_file(directory, content, "vocab.src.json"))


def read_checkpoint_manifest(content, directory):
    _file(directory, content, "manifest.json")
    read_manifest(directory)


def read_pointer(content, directory):
    _file(directory, content, "best")
    checkpoint.find(directory, "best")


def read_weights(content, directory):
    array_files.read_hdf5(_file(directory, content))


def read_zip(content, directory):
    array_files.read_zip(_file(directory, content))


def read_state(content, directory):
    _file(directory, content, "state.json")
    array_files.write_zip(directory / "callbacks.npz", {})
    read_training(directory)


def read_json_lines(content, directory):
    list(JsonLines(content.decode("utf-8", "replace").split("\n"), "file"))


def read_metrics_file(content, directory):
    to_sockeye(read_metrics(_file(directory, content)))


def read_sockeye_metrics(content, directory):
    from_sockeye(content.decode("utf-8", "replace"))


def read_prepared(content, directory):
    _file(directory, content, "prepared.json")
    read_description(directory)


def _prepared():
    side = {
        "vocabulary": "vocab.txt",
        "options": {"delimiter": " "},
        "fingerprint": "0",
        "bytes_per_id": 2,
        "max_length": None,
        "files": ["a"],
    }
    both = {"source": side, "target": side}
    said = {"format": 1, "append_end": True, "unit": "line", **both}
    return json.dumps(said).encode()


def _stored_config():
    return files.to_json(files.load("", complete=False)).encode()


def _arrays(write):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "file"
        write(path, {"a/kernel": np.eye(2, dtype="float32"), "b": np.arange(3)})
        return path.read_bytes()


def _write_beams(path, _):
    words = np.array([[[4, 5], [3, 5]]], "int32")
    scores = np.array([[[-0.5, -1], [-1, -np.inf]]], "float32")
    arrays = {
        "predicted_ids": words,
        "beam_parent_ids": np.zeros_like(words),
        "scores": scores,
        "log_probs": scores,
        "lengths": np.array([2], "int32"),
        "best": np.array([[1, 0]], "int32"),
    }
    array_files.write_zip(path, arrays)


def _manifest():
    with tempfile.TemporaryDirectory() as directory:
        path = checkpoint.write_checkpoint(directory, 3, lambda _: {"f": {}})
        return (path / "manifest.json").read_bytes()


def _npy():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((3, 2), "float32"))
    return buffer.getvalue()


def _sentence_piece():
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b", "b c", "a a c b"] * 3),
        model_writer=model,
        vocab_size=9,
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        minloglevel=2,
    )
    return model.getvalue()


_YAML = b"""\
batch_size: 16
model: AttentionSeq2Seq
buckets: 10,20
model_params: &params
  embedding.dim: 8
  attention.params: {num_units: 8}
  optimizer.learning_rate: 1e-4
input_pipeline_train:
  class: ParallelTextInputPipeline
  params: {source_files: [a], target_files: [b], shuffle: true}
published: [*params]
"""
_HPARAMS = [
    b"rnn_cell.num_layers=2,\n rnn_cell.type=GRUCell,source.reverse=False",
    b'encoder.rnn_cell.cell_spec={"class": "GRUCell", "num_units": 8},'
    b'bridge_spec={"class":"ZeroBridge"},attention.dim=8.0',
    b'{"attention.score_type": "dot", "embedding.dim": 8}',
]
_OLD = b"""\
model: AttentionSeq2Seq
hparams: {encoder.type: BidirectionalRNNEncoder, attention.dim: 8}
train_source: a
train_epochs: 3
"""
_TOKENIZERS = json.dumps(
    {
        side: {"file": f"vocab.{side}.txt", "options": {"delimiter": " "}}
        for side in ("source", "target")
    }
).encode()
_RECORDS = frame_pairs([("a b", "c"), ("", "a"), ("b", None)])
_ID_RECORDS = [
    frame(write_record({"source": source, "target": target}))
    for source, target in [([4, 5, 300], [7, 8]), ([9], []), ([4], [1])]
]
# One that is cut into parts, and nothing that is known after it.
_CUT_RECORD = frame(
    write_record({"source": [4], "target": [4]})
    + b"\xfa\x01\x0c"
    + b"\x0a\x23\xd7\xce" * 3
)
_JSON_VOCABULARY = json.dumps(
    {"<pad>": 0, "<unk>": 1, "<s>": 2, "</s>": 3, "a": 4, "ö": 5}
).encode()
_STATE = json.dumps(
    {"step": 3, "seconds": 1.5, "mid_epoch": False, "callbacks": {}}
).encode()


def targets():
    """All targets by name; makes the seeds."""
    return {
        "yaml": Target(read_yaml, [_YAML]),
        "flag": Target(read_flag, [b"{embedding.dim: 8}", b"10,20", b"16"]),
        "hparams": Target(read_hparams, _HPARAMS),
        "old_file": Target(read_old_file, [_OLD, *_HPARAMS[:2]]),
        "stored_config": Target(read_stored_config, [_stored_config()]),
        "run": Target(read_run, [_TOKENIZERS]),
        "vocabulary": Target(read_vocabulary, [b"a\nb\n", b"a\t3\nb\t1\n"]),
        "sentence_piece": Target(read_sentence_piece, [_sentence_piece()]),
        "text_vectors": Target(
            read_text_vectors, [b"2 2\na 1 2\nb 3e1 4\n", b"a 1 2\n"]
        ),
        "array_vectors": Target(read_array_vectors, [_npy()]),
        "pairs": Target(
            read_pairs, [b"a b\nc\n\x0cb\na c\n", b"a b\tc\nb\ta\n"]
        ),
        "packed_text": Target(
            read_packed_text, [b"a b\n\nc\n", gzip.compress(b"a b\nc\n")]
        ),
        "codes": Target(
            read_codes, [b"#version: 0.2\na b\nab c</w>\n", b"a b\n\x0cab 2\n"]
        ),
        "records": Target(read_records, [_RECORDS]),
        "packed_records": Target(
            read_packed_records, [gzip.compress(_RECORDS)]
        ),
        "id_records": Target(
            read_id_records, [b"".join(_ID_RECORDS), _CUT_RECORD]
        ),
        "json_vocabulary": Target(read_json_vocabulary, [_JSON_VOCABULARY]),
        "manifest": Target(read_checkpoint_manifest, [_manifest()]),
        "pointer": Target(read_pointer, [b"ckpt-3\n"]),
        "weights": Target(read_weights, [_arrays(array_files.write_hdf5)]),
        "zip": Target(read_zip, [_arrays(array_files.write_zip)]),
        "state": Target(read_state, [_STATE]),
        "beams": Target(read_beam_file, [_arrays(_write_beams)]),
        "json_lines": Target(
            read_json_lines, [b'{"text": "a b", "id": 1}\n\n{"text": ""}']
        ),
        "metrics": Target(
            read_metrics_file, [b'{"step": 1, "val_bleu": 2.5}\n']
        ),
        "sockeye_metrics": Target(read_sockeye_metrics, [b"1\ta=2\tb=\n2\n"]),
        "prepared": Target(read_prepared, [_prepared()]),
    }


def run(target, content):
    """Runs a target in an empty directory, which is removed again."""
    directory = Path(tempfile.mkdtemp(prefix="keras_seq2seq-fuzz-"))
    logging.disable(logging.WARNING)
    try:
        target.read(content, directory)
    finally:
        logging.disable(logging.NOTSET)
        shutil.rmtree(directory)
