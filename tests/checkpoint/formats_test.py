"""A run of each format that was released stays readable.

`format_1` was written by 0.1.0: forty steps of `tests.commands.small_run`,
with relative paths and without `samples/` and events.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import keras_seq2seq
from keras_seq2seq.__main__ import main
from keras_seq2seq.inference import score_pairs
from tests.commands.small_run import MODEL_PARAMS, train_flags

# Format -> nats of three targets, as the version that wrote it had them.
WRITTEN = {"format_1": [-1.98086882, -7.51690722, -8.93072224]}
SOURCES, TARGETS = ["a b", "c d e", "h"], ["a", "b a", "a b"]


@pytest.fixture(params=WRITTEN)
def stored(request, tmp_path, monkeypatch):
    """Name of a format; its run is a copy in the current directory."""
    place = tmp_path / request.param
    shutil.copytree(Path(__file__).parent / request.param, place)
    monkeypatch.chdir(place)
    return request.param


def test_an_old_run_gives_the_same_probabilities(stored):
    model = keras_seq2seq.load("run")
    nats, _ = score_pairs(model, SOURCES, TARGETS, 8)
    np.testing.assert_allclose(nats, WRITTEN[stored], rtol=1e-5)


def test_an_old_run_goes_on(stored, capsys):
    params = {k: v for k, v in MODEL_PARAMS.items() if "length" not in k}
    flags = train_flags(
        "run",
        data_dir=None,
        model_params=json.dumps(params),
        train_steps=45,
        eval_every_n_steps=40,
        save_checkpoints_steps=None,
        keep_checkpoint_max=1,
        batch_shards=None,  # which it does not know
    )
    assert main(flags) == 0, capsys.readouterr().err
    assert "Going on from ckpt-40." in capsys.readouterr().err
    assert Path("run/latest").read_text() == "ckpt-45\n"
