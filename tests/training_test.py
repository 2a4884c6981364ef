import json
import types

import pytest

from keras_seq2seq import training
from keras_seq2seq.__main__ import main
from keras_seq2seq.config.files import load
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import read_run
from tests.commands.small_run import basic_flags


def losses(run, seed):
    """Losses of a training of three steps, with dropout."""
    flags = basic_flags(
        run,
        train_steps=3,
        eval_every_n_steps=2,
        tf_random_seed=seed,
        dev_decoding="{sample: 0}",
    )
    assert main(flags) == 0
    lines = (run / "metrics.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return [(one["loss"], one["val_loss"]) for one in found]


@pytest.mark.usefixtures("eagerly")
def test_equal_seeds_give_equal_losses(tmp_path):
    first, again, other = (
        losses(tmp_path / name, seed)
        for name, seed in (("first", 5), ("again", 5), ("other", 6))
    )
    assert len(first) == 2
    assert first == again != other


@pytest.mark.usefixtures("eagerly")
def test_a_run_keeps_its_number_of_shards(tmp_path):
    flags = {"tf_random_seed": 5, "dev_decoding": "{sample: 0}"}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    straight = basic_flags(whole, train_steps=4, batch_shards=2, **flags)
    assert main(straight) == 0
    assert main(basic_flags(cut, train_steps=2, batch_shards=2, **flags)) == 0
    flags["batch_shards"] = None
    assert main(basic_flags(cut, train_steps=4, **flags)) == 0
    assert read_run(cut).config.batch_shards == 2
    one, other = (
        (run / "ckpt-4" / "model.weights.h5").read_bytes()
        for run in (whole, cut)
    )
    assert one == other


def test_workers_with_clocks_of_their_own_share_no_rate_of_time():
    flags = {
        "model_params": "{optimizer.lr_decay_by_time: true}",
        "minutes": 5,
        "output_dir": "run",
    }
    config = load("", flags, complete=False)
    training._check_workers(types.SimpleNamespace(count=1), config)
    with pytest.raises(UserError, match="lr_decay_by_time: false"):
        training._check_workers(types.SimpleNamespace(count=2), config)
