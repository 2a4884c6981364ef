"""Tiny jobs on the layout of `/opt/ml`."""

import json

from keras_seq2seq.__main__ import main

HYPERPARAMETERS = {
    "batch_size": "8",
    "max_num_batches": "4",
    "checkpoint_frequency_num_batches": "2",
    "rnn_num_hidden": "8",
    "rnn_cell_type": "gru",
    "num_embed_source": "6",
    "num_embed_target": "6",
    "max_seq_len_source": "8",
    "max_seq_len_target": "8",
    "bucketing_enabled": "false",
    "optimized_metric": "perplexity",
    "beam_size": "2",
}
LINES = [
    " ".join("abcdefgh"[(i * k + k) % 8] for k in range(1, 2 + i % 5))
    for i in range(48)
]


def write_texts(folder, lines=LINES):
    """Training and validation texts; the target is the source reversed."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, own in (("train", lines), ("val", lines[:6])):
        sides = own, [line[::-1] for line in own]
        for side, text in zip(("src", "trg"), sides, strict=True):
            path = folder / f"{part}.{side}"
            path.write_text("".join(f"{t}\n" for t in text), "utf-8")
    return folder


def prepare(folder, *flags):
    """Runs `sagemaker prepare` on the texts of a folder."""
    named = {"-ts": "train.src", "-tt": "train.trg"}
    named |= {"-vs": "val.src", "-vt": "val.trg"}
    texts = [part for f, n in named.items() for part in (f, str(folder / n))]
    return main(["sagemaker", "prepare", *texts, *map(str, flags)])


def write_hyperparameters(root, **changes):
    path = root / "input" / "config" / "hyperparameters.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**HYPERPARAMETERS, **changes}), "utf-8")


def write_job(root, **changes):
    """A job that can be trained."""
    if prepare(write_texts(root / "texts"), "--root", root):
        raise RuntimeError("nothing was prepared, see the output")
    write_hyperparameters(root, **changes)
    return root


def train(root, *flags):
    return main(["sagemaker", "train", "--root", str(root), *flags])
