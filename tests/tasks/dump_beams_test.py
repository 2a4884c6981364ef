import numpy as np
import pytest

from keras_seq2seq.errors import StorageError
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.tasks import DumpBeams, running
from tests.tasks.generations import BLANK, carry_out, with_history

SEARCH = BeamSearch(3)
GENERATIONS = [with_history(4), BLANK, with_history(6, seed=1), with_history(1)]
FIELDS = {
    "predicted_ids": "words",
    "beam_parent_ids": "parents",
    "scores": "scores",
    "log_probs": "log_probs",
}


def dumped(path, generations=GENERATIONS):
    assert not any(carry_out(DumpBeams(path), generations, SEARCH))
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_the_documented_arrays_hold_what_the_search_kept(tmp_path):
    arrays = dumped(tmp_path / "beams.npz")
    assert arrays["lengths"].tolist() == [4, 0, 6, 1]
    for name, field in FIELDS.items():
        assert arrays[name].shape == (4, 6, 3)
        for row, one in enumerate(GENERATIONS):
            if one is not BLANK:
                steps = arrays[name][row, : one.history.steps]
                np.testing.assert_allclose(steps, getattr(one.history, field))


def test_what_fills_up_is_no_hypothesis(tmp_path):
    arrays = dumped(tmp_path / "beams.npz")
    assert (arrays["predicted_ids"][0, 4:] == 0).all()
    assert (arrays["beam_parent_ids"][1] == 0).all()
    assert np.isneginf(arrays["scores"][3, 1:]).all()
    assert np.isneginf(arrays["log_probs"][1]).all()


def test_the_chosen_hypothesis_is_named(tmp_path):
    best = dumped(tmp_path / "beams.npz")["best"]
    assert best.tolist() == [[3, 1], [-1, -1], [5, 1], [0, 1]]


@pytest.mark.parametrize("generations", [[], [BLANK, BLANK]])
def test_nothing_searched_gives_empty_arrays(tmp_path, generations):
    arrays = dumped(tmp_path / "beams.npz", generations)
    assert arrays["scores"].shape == (len(generations), 0, 3)
    assert arrays["best"].shape == (len(generations), 2)


def test_the_name_is_taken_as_it_is(tmp_path):
    dumped(tmp_path / "beams")
    assert [path.name for path in tmp_path.iterdir()] == ["beams"]


def test_a_failed_pass_leaves_no_file(tmp_path):
    task = DumpBeams(tmp_path / "beams.npz")
    with pytest.raises(OSError, match="gone"), running(task, None, SEARCH):
        task(GENERATIONS[0])
        raise OSError("gone")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_no_file(tmp_path):
    task = DumpBeams(tmp_path)
    with pytest.raises(StorageError, match="cannot be written"):
        carry_out(task, GENERATIONS, SEARCH)
