"""A tiny run that many tests look at, and the flags that make it."""

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path

from keras_seq2seq.__main__ import main
from tests.graphs import running_eagerly

STEPS = 60
# Words that the target vocabulary lacks make a model that writes UNK.
TARGET_WORDS = ("a", "b")
LINES = [
    " ".join("abcdefgh"[(i * k + k) % 8] for k in range(1, 2 + i % 4))
    for i in range(48)
]
MODEL_PARAMS = {
    "vocab_source": "source.vocab",
    "vocab_target": "target.vocab",
    "embedding.dim": 8,
    "attention.params": {"num_units": 8},
    "encoder.params": {
        "rnn_cell": {
            "cell_class": "GRUCell",
            "cell_params": {"num_units": 8},
            "dropout_input_keep_prob": 0.8,
        }
    },
    "decoder.params": {
        "rnn_cell": {"cell_class": "GRUCell", "cell_params": {"num_units": 8}}
    },
    "optimizer.learning_rate": 0.02,
    # Early samples of so small a model end nowhere else.
    "inference.max_decode_length": 12,
}


@functools.cache
def workplace():
    """A directory with a corpus and vocabularies, gone with the process."""
    directory = Path(tempfile.mkdtemp(prefix="keras_seq2seq-tests-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    text = "".join(f"{line}\n" for line in LINES)
    for side in ("source", "target"):
        (directory / f"train.{side}").write_text(text)
        (directory / f"dev.{side}").write_text(text[:200].rpartition("\n")[0])
    (directory / "source.vocab").write_text("\n".join("abcdefgh") + "\n")
    (directory / "target.vocab").write_text("\n".join(TARGET_WORDS) + "\n")
    return directory


def pipeline(part):
    """JSON of the input pipeline of `part`, which is YAML, too."""
    files = {f"{s}_files": [f"{part}.{s}"] for s in ("source", "target")}
    return json.dumps({"class": "ParallelTextInputPipeline", "params": files})


def train_flags(output_dir, **changes):
    """Arguments of `train`, with every flag of document 000 but two."""
    flags = {
        "config_paths": "",
        "hooks": "[]",
        "metrics": "[]",
        "model": "AttentionSeq2Seq",
        "model_params": json.dumps(MODEL_PARAMS),
        "input_pipeline_train": pipeline("train"),
        "input_pipeline_dev": pipeline("dev"),
        "buckets": "3,4",
        "batch_size": 10,
        "output_dir": output_dir,
        "train_steps": STEPS,
        "eval_every_n_steps": 20,
        "tf_random_seed": 7,
        # Else it would depend on what the process has run before.
        "batch_shards": 1,
        "save_checkpoints_steps": 25,
        "keep_checkpoint_max": 0,
        "keep_checkpoint_every_n_hours": 4,
        "data_dir": workplace(),
        **changes,
    }
    given = [(k, v) for k, v in flags.items() if v is not None]
    return ["train", *(text for k, v in given for text in (f"--{k}", str(v)))]


def basic_flags(output_dir, **changes):
    """`train_flags` of a model without attention, which starts faster."""
    params = {
        key: value
        for key, value in MODEL_PARAMS.items()
        if not key.startswith("attention")
    }
    changes = {"model_params": json.dumps(params), **changes}
    return train_flags(output_dir, model="BasicSeq2Seq", **changes)


@functools.cache
def small_run():
    """The run directory of a finished training."""
    directory = workplace() / "run"
    with running_eagerly(False):
        trained = main(train_flags(directory))
    if trained != 0:
        raise RuntimeError("training failed, see the output")
    return directory


def without_data(values):
    """What a line of `metrics.jsonl` says about the model."""
    return {k: v for k, v in values.items() if "second" not in k}
