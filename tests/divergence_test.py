import json

import keras
import numpy as np
import pytest

from keras_seq2seq import set_up
from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.variable_value import variable_value
from tests.commands.small_run import LINES, basic_flags, pipeline


class Poison(keras.callbacks.Callback):
    """Makes a weight no number in front of a step, once or each time."""

    def __init__(self, step, once):
        super().__init__()
        self.step = step
        self.once = once
        self.done = False

    def on_train_batch_begin(self, batch, logs=None):
        step = int(variable_value(self.model.optimizer.iterations))
        if step == self.step and not (self.done and self.once):
            self.done = True
            table = self.model.embed_source.table
            table.assign(np.full(table.shape, np.nan))


@pytest.fixture
def poisoned(monkeypatch):
    """`poisoned(step, once)`: the next training meets a `Poison`."""

    def poison(step, once=True):
        def with_poison(*arguments):
            return [Poison(step, once), *make(*arguments)]

        make = set_up.run_callbacks
        monkeypatch.setattr(set_up, "run_callbacks", with_poison)

    return poison


def state(checkpoint):
    return json.loads((checkpoint / "state.json").read_text())


def test_a_step_that_is_no_number_is_told_with_its_batch(
    poisoned, tmp_path, capsys
):
    poisoned(step=30)
    assert main(basic_flags(tmp_path / "run", buckets=None)) == 4
    told = capsys.readouterr().err
    assert "at step 31: loss nan" in told
    assert "norm of the weights before it nan" in told
    assert "Gradients not finite: encoder/" in told
    assert "Newest checkpoint: ckpt-25." in told
    assert "--nan_policy rollback" in told
    lines = told.partition("train.source lines ")[2].partition(".")[0]
    assert "10 pairs" in told
    assert len(lines.split(", ")) == 10
    assert all(1 <= int(line) <= len(LINES) for line in lines.split(", "))
    kept = sorted(p.name for p in (tmp_path / "run").glob("ckpt-*"))
    assert kept == ["ckpt-20", "ckpt-25"]


def test_the_lines_are_those_of_the_batch(poisoned, tmp_path, capsys):
    poisoned(step=2)
    ordered = json.loads(pipeline("train"))
    ordered["params"]["shuffle"] = False
    flags = basic_flags(
        tmp_path / "run",
        buckets=None,
        input_pipeline_train=json.dumps(ordered),
    )
    assert main(flags) == 4
    expected = ", ".join(str(line) for line in range(21, 31))
    assert f"train.source lines {expected}." in capsys.readouterr().err


def test_rollback_goes_on_with_half_the_learning_rate(
    poisoned, tmp_path, capsys
):
    poisoned(step=30)
    run = tmp_path / "run"
    assert main(basic_flags(run, nan_policy="rollback")) == 0
    told = capsys.readouterr().err
    assert "at step 31" in told
    assert "Going back to ckpt-25 with learning rates times 0.5." in told
    scale = state(run / "ckpt-60")["callbacks"]["LearningRateDecay"]["scale"]
    assert scale == 0.5


def test_rollback_before_the_first_save_goes_back_to_the_beginning(
    poisoned, tmp_path, capsys
):
    poisoned(step=3)
    flags = basic_flags(tmp_path / "run", nan_policy="rollback", train_steps=6)
    assert main(flags) == 0
    assert "Going back to ckpt-0" in capsys.readouterr().err


def test_rollback_gives_up_when_it_does_not_help(poisoned, tmp_path, capsys):
    poisoned(step=3, once=False)
    flags = basic_flags(tmp_path / "run", nan_policy="rollback", train_steps=6)
    assert main(flags) == 4
    told = capsys.readouterr().err
    assert told.count("Going back to ckpt-0") == 8
    assert "did not help" in told


def test_weights_that_are_no_numbers_are_never_saved(
    poisoned, tmp_path, capsys
):
    # The poison comes after step 25 and before its checkpoint.
    poisoned(step=25)
    assert main(basic_flags(tmp_path / "run")) == 4
    told = capsys.readouterr().err
    assert "weights are not finite" in told
    assert "embed_source/table" in told
    kept = sorted(p.name for p in (tmp_path / "run").glob("ckpt-*"))
    assert kept == ["ckpt-20"]
