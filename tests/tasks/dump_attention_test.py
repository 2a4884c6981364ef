import numpy as np
import pytest

from keras_seq2seq.errors import StorageError
from keras_seq2seq.tasks import DumpAttention, running
from tests.tasks.generations import BLANK, attending, carry_out

GENERATIONS = [
    attending("a a", "x"),
    attending("b b", "x y z"),
    attending("c c c", ""),
    BLANK,
    attending("笑 笑 笑", "笑"),
]


def dumped(tmp_path, **params):
    task = DumpAttention(tmp_path / "new" / "out", **params)
    assert carry_out(task, GENERATIONS) == [None] * len(GENERATIONS)
    return tmp_path / "new" / "out"


def test_arrays_come_in_the_order_of_the_input(tmp_path):
    path = dumped(tmp_path, dump_plots=False) / "attention_scores.npz"
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    assert list(arrays) == [f"arr_{i}" for i in range(5)]
    # Rows: target with END. Columns: source with END, as in google/seq2seq's
    # own test for these sources.
    shapes = [array.shape for array in arrays.values()]
    assert shapes == [(2, 3), (4, 3), (1, 4), (0, 0), (2, 4)]
    assert {array.dtype for array in arrays.values()} == {np.dtype("float32")}
    for array, one in zip(arrays.values(), GENERATIONS, strict=True):
        if one is not BLANK:
            np.testing.assert_allclose(array, one.attention, rtol=1e-6)


def test_there_is_a_picture_of_each_line(tmp_path):
    names = sorted(path.name for path in dumped(tmp_path).glob("*.png"))
    assert names == [f"{i:05d}.png" for i in range(5)]


@pytest.mark.parametrize("plots, left", [(True, 1), (False, 0)])
def test_no_picture_of_an_earlier_input_stays(tmp_path, plots, left):
    folder = dumped(tmp_path)
    (folder / "mine.png").touch()
    task = DumpAttention(folder, dump_plots=plots)
    carry_out(task, GENERATIONS[:1])
    names = sorted(path.name for path in folder.glob("*.png"))
    assert names == ["00000.png"][:left] + ["mine.png"]


def test_pictures_can_be_left_out(tmp_path):
    found = list(dumped(tmp_path, dump_plots=False).iterdir())
    assert [path.name for path in found] == ["attention_scores.npz"]


def test_arrays_are_written_as_they_come(tmp_path):
    task = DumpAttention(tmp_path, dump_plots=False)
    task.begin(None, None)
    big, sizes = attending("a " * 100, "b " * 100), []
    for _ in range(3):
        task(big)
        (file,) = tmp_path.iterdir()
        sizes.append(file.stat().st_size)
    assert sizes[2] - sizes[0] >= 2 * 101 * 101 * 4 - 10_000  # buffered
    task.end()


def test_an_interrupted_pass_leaves_what_was_there(tmp_path):
    out = dumped(tmp_path, dump_plots=False)
    before = (out / "attention_scores.npz").read_bytes()
    task = DumpAttention(out, dump_plots=False)
    with pytest.raises(KeyboardInterrupt), running(task, None, None):
        task(GENERATIONS[0])
        raise KeyboardInterrupt
    assert [path.name for path in out.iterdir()] == ["attention_scores.npz"]
    assert (out / "attention_scores.npz").read_bytes() == before


def test_a_place_that_cannot_be_written_is_told_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match="file"),
        running(DumpAttention(tmp_path / "file" / "out"), None, None),
    ):
        pytest.fail("began")
