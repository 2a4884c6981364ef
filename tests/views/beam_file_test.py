import numpy as np
import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.tasks import DumpBeams
from keras_seq2seq.views.beam_file import read_beams
from tests.tasks.generations import BLANK, carry_out, with_history


@pytest.fixture
def path(tmp_path):
    return tmp_path / "beams.npz"


@pytest.fixture
def arrays(path):
    """Arrays of a good file at `path`."""
    generations = [with_history(4), BLANK, with_history(2, seed=1)]
    carry_out(DumpBeams(path), generations, BeamSearch(3))
    with np.load(path) as file:
        return dict(file)


def test_what_was_dumped_is_read(path, arrays):
    first, blank, last = read_beams(path)
    assert [len(each.words) for each in (first, blank, last)] == [4, 0, 2]
    np.testing.assert_array_equal(first.words, arrays["predicted_ids"][0])
    assert first.best == (3, 1)


def test_without_lengths_all_steps_count_and_the_first_slot_wins(path, arrays):
    tables = {k: v for k, v in arrays.items() if v.ndim == 3}
    tables["log_probs"] = np.maximum(tables["log_probs"], -9)
    np.savez(path, **tables)
    found = read_beams(path)
    assert found.end is None
    assert {(len(each.words), each.best) for each in found} == {(4, (3, 0))}


def test_a_file_with_pickles_is_refused_with_what_to_type(path):
    rows = np.empty(2, object)
    rows[:] = [np.zeros((2, 3)), np.zeros((4, 3))]
    np.savez(path, predicted_ids=rows)
    with pytest.raises(UserError, match="pickled.*infer --tasks"):
        read_beams(path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("scores", None, "no scores"),
        ("predicted_ids", np.zeros((3, 4)), r"shape \(3, 4\)"),
        ("lengths", np.array([4, 0, 9]), "lengths"),
        ("lengths", np.array([4, 0]), r"\(2,\)"),
        ("beam_parent_ids", np.full((3, 4, 3), 3), "beam_parent_ids"),
        ("beam_parent_ids", np.zeros((3, 4, 3)), "ints from 0 to 2"),
        ("predicted_ids", np.full((3, 4, 3), -1), "predicted_ids"),
        ("scores", np.full((3, 4, 3), np.nan), "scores that are not"),
        ("log_probs", np.zeros((3, 4, 3), int), "int64"),
    ],
)
def test_wrong_arrays_are_refused(path, arrays, name, value, told):
    arrays[name] = value
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(UserError, match=told):
        read_beams(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
def test_a_file_that_is_none_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match="DumpBeams"):
        read_beams(path)


def test_a_cut_file_is_refused(path, arrays):
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="DumpBeams"):
        read_beams(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(
        UserError, match="beams.npz cannot be read: .*No such file"
    ):
        read_beams(path)
