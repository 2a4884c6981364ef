import shutil

import numpy as np
import pytest

from keras_seq2seq import checkpoint
from keras_seq2seq.checkpoint import averaging
from keras_seq2seq.checkpoint.array_files import read_hdf5, write_hdf5
from keras_seq2seq.errors import UserError


def write(run_dir, step, value, score=None, shape=(2,), mode="min"):
    arrays = {
        "kernel": np.full(shape, value, "float32"),
        "count": np.array(step, "int32"),
    }

    def fill(directory):
        write_hdf5(directory / "model.weights.h5", arrays)

    record = {"score": score, "mode": mode}
    return checkpoint.write_checkpoint(run_dir, step, fill, record)


def test_the_last_are_averaged(tmp_path):
    for step, value in ((1, 100.0), (2, 1.0), (3, 4.0)):
        write(tmp_path, step, value)
    mean = checkpoint.average(tmp_path, last=2)
    np.testing.assert_array_equal(mean["kernel"], [2.5, 2.5])
    assert mean["kernel"].dtype == "float32"


def test_a_count_comes_from_the_newest(tmp_path):
    write(tmp_path, 1, 1.0)
    write(tmp_path, 4, 1.0)
    assert checkpoint.average(tmp_path, last=2)["count"] == 4


@pytest.mark.parametrize(("mode", "mean"), [("min", 1.5), ("max", 6.0)])
def test_the_best_are_averaged(tmp_path, mode, mean):
    scored = ((1, 1.0, 10.0), (2, 2.0, 20.0), (3, 4.0, 30.0), (4, 8.0, 40.0))
    for step, value, score in scored:
        write(tmp_path, step, value, score, mode=mode)
    write(tmp_path, 5, 100.0)  # never scored
    np.testing.assert_array_equal(
        checkpoint.average(tmp_path, best=2)["kernel"], [mean, mean]
    )


def test_a_damaged_one_is_left_out(tmp_path):
    write(tmp_path, 1, 1.0)
    bad = write(tmp_path, 2, 3.0)
    (bad / "model.weights.h5").write_bytes(b"")
    mean = checkpoint.average(tmp_path, last=2)
    np.testing.assert_array_equal(mean["kernel"], [1.0, 1.0])


def test_large_values_are_summed_without_rounding(tmp_path):
    values = (2.0**24, 1.0, 1.0, 2.0)
    paths = [write(tmp_path, i, v) for i, v in enumerate(values)]
    mean = checkpoint.average(paths)["kernel"]
    np.testing.assert_array_equal(mean, np.float32((2.0**24 + 4) / 4))


def test_different_models_are_refused_by_name(tmp_path):
    paths = [write(tmp_path, 1, 1.0), write(tmp_path, 2, 1.0, shape=(3,))]
    with pytest.raises(UserError, match="kernel: model"):
        checkpoint.average(paths)


def test_a_directory_without_checkpoints_is_the_users_error(tmp_path):
    with pytest.raises(UserError, match="intact checkpoints"):
        checkpoint.average(tmp_path, last=3)


def chosen(run_dir, losses, **choice):
    """Steps that are chosen of a run with the losses of steps 1, 2, ..."""
    for step, loss in enumerate(losses, start=1):
        write(run_dir, step, 1.0, loss)
    paths = averaging.choose(run_dir, **choice)
    return [int(path.name.rpartition("-")[2]) for path in paths]


def test_those_that_were_the_best_for_long_are_averaged(tmp_path):
    # 1 and 3 are each beaten at once, 4 stays for three, 8 for one.
    losses = [9.0, 8.0, 7.0, 5.0, 6.0, 7.5, 6.5, 4.0, 4.5]
    assert chosen(tmp_path, losses, lifespan=3) == [4, 8, 9]
    assert chosen(tmp_path, losses, lifespan=5) == [4, 8, 9, 5, 7]


def test_those_up_to_the_best_are_averaged(tmp_path):
    losses = [9.0, 8.0, 7.0, 5.0, 6.0]
    assert chosen(tmp_path, losses, until_best=3) == [4, 3, 2]
    assert chosen(tmp_path, losses, until_best=9) == [4, 3, 2, 1]


def test_without_scores_there_is_no_best(tmp_path):
    for strategy in ("best", "lifespan", "until_best"):
        assert chosen(tmp_path, [None, None], **{strategy: 2}) == []


@pytest.mark.parametrize(
    "choice", [{}, {"last": 1, "best": 2}, {"worst": 1}, {"last": 0}]
)
def test_one_strategy_chooses_a_positive_number(tmp_path, choice):
    with pytest.raises(ValueError, match="must be"):
        averaging.choose(tmp_path, **choice)


def test_an_average_may_be_written_elsewhere(tmp_path):
    write(tmp_path / "run", 1, 2.0)
    arrays = checkpoint.average(tmp_path / "run", last=1)
    path = averaging.write_average(tmp_path / "run", arrays, tmp_path / "mean")
    assert path == tmp_path / "mean"
    assert checkpoint.verify(path).step == 0
    assert not (tmp_path / "run" / "averaged").exists()


def test_what_an_interrupted_average_left_is_cleaned(tmp_path):
    write(tmp_path, 1, 2.0)
    arrays = checkpoint.average(tmp_path, last=1)
    final = averaging.write_average(tmp_path, arrays)
    shutil.copytree(final, tmp_path / ".averaged.tmp-77")
    final.rename(tmp_path / ".averaged.old")
    assert len(checkpoint.clean(tmp_path)) == 2
    assert checkpoint.verify(final)
    assert not list(tmp_path.glob(".averaged*"))


@pytest.mark.parametrize("held", ["run", "a file", "other files"])
def test_an_average_replaces_nothing_but_an_average(tmp_path, held):
    write(tmp_path / "run", 1, 2.0)
    arrays = checkpoint.average(tmp_path / "run", last=1)
    output = tmp_path / ("run" if held == "run" else "output")
    if held == "a file":
        output.write_text("mine")
    elif held == "other files":
        output.mkdir()
        (output / "thesis.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match="Type another --output"):
        averaging.write_average(tmp_path / "run", arrays, output)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_later_average_replaces_the_earlier_one(tmp_path):
    for value in (2.0, 3.0):
        write(tmp_path / "run", int(value), value)
        arrays = checkpoint.average(tmp_path / "run", last=1)
        path = averaging.write_average(
            tmp_path / "run", arrays, tmp_path / "mean"
        )
    np.testing.assert_array_equal(
        read_hdf5(path / averaging.WEIGHTS_FILE)["kernel"], [3.0, 3.0]
    )
