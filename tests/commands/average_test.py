import shutil

import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.array_files import read_hdf5
from tests.commands.small_run import small_run


@pytest.fixture
def run(tmp_path):
    """A copy of the small run, which may be written to."""
    return shutil.copytree(small_run(), tmp_path / "run")


def weights(path):
    return read_hdf5(path / "model.weights.h5")


def mean_of(run, *steps):
    each = [weights(run / f"ckpt-{step}") for step in steps]
    return {name: np.mean([one[name] for one in each], 0) for name in each[0]}


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-6, atol=1e-9)


def test_checkpoints_that_are_named_are_averaged(run, tmp_path):
    paths = [str(run / f"ckpt-{step}") for step in (20, 60)]
    assert main(["average", *paths, "--output", str(tmp_path / "mean")]) == 0
    same(weights(tmp_path / "mean"), mean_of(run, 20, 60))
    assert not (run / "averaged").exists()


def test_a_strategy_chooses_and_infer_takes_the_result(run, capsys):
    assert main(["average", str(run), "-n", "2", "--strategy", "last"]) == 0
    told = capsys.readouterr().err
    first, second = (
        int(name.removeprefix("ckpt-"))
        for name in told.splitlines()[0].partition(": ")[2].split(", ")
    )
    same(weights(run / "averaged"), mean_of(run, first, second))


@pytest.mark.parametrize("strategy", ["best", "lifespan", "until_best"])
def test_one_alone_is_what_it_was(run, strategy):
    command = ["average", str(run), "-n", "1", "--strategy", strategy]
    assert main(command) == 0
    best = (run / "best").read_text().strip()
    if strategy != "lifespan":
        same(weights(run / "averaged"), weights(run / best))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["absent"], "no such directory"),
        (["."], "must hold intact checkpoints"),
        ([".", "-n", "0"], "at least 1"),
        ([".", "--strategy", "worst"], "invalid choice"),
    ],
)
def test_what_cannot_be_averaged_is_explained(
    tmp_path, monkeypatch, capsys, arguments, told
):
    monkeypatch.chdir(tmp_path)
    assert main(["average", *arguments]) == 2
    assert told in capsys.readouterr().err
