import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from tests.browser import document_after_scripts

CLICK = (
    "<script>const all = document.querySelectorAll('[role=button]');"
    "all[all.length - 1].dispatchEvent(new MouseEvent('click'));</script>"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two lines: one of two steps with a beam of two, and a blank one."""
    path = tmp_path_factory.mktemp("beams") / "beams.npz"
    words = np.zeros((2, 2, 2), "int32")
    words[0] = [[4, 5], [3, 5]]
    scores = np.full((2, 2, 2), -np.inf, "float32")
    scores[0] = [[-0.5, -1.25], [-1, -2]]
    np.savez(
        path,
        predicted_ids=words,
        beam_parent_ids=np.zeros_like(words),
        scores=scores,
        log_probs=scores,
        lengths=np.array([2, 0], "int32"),
        best=np.array([[1, 0], [-1, -1]], "int32"),
    )
    return path


@pytest.fixture
def pages(data, tmp_path, capsys):
    """Pages that `beam-viz` makes, with a vocabulary file of this text."""

    def make(vocabulary=None):
        flags = ["-d", str(data), "-o", str(tmp_path / "out")]
        if vocabulary is not None:
            (tmp_path / "vocab").write_text(vocabulary)
            flags += ["-v", str(tmp_path / "vocab")]
        code = main(["beam-viz", *flags])
        return code, sorted((tmp_path / "out").glob("*"))

    return make


def test_there_is_a_page_of_each_line(pages):
    code, found = pages()
    assert code == 0
    assert [path.name for path in found] == ["000000.html", "000001.html"]
    assert '"token": "5"' in found[0].read_text()


def test_words_are_shown_without_their_counts(pages):
    _, (first, _) = pages("ja\t12\nnein\t3\n")
    text = first.read_text()
    assert '"token": "nein"' in text and "\\t3" not in text


def test_the_long_flags_mean_the_same(data, tmp_path):
    flags = ["--data", str(data), "--output_dir", str(tmp_path)]
    assert main(["beam-viz", *flags]) == 0
    assert (tmp_path / "000001.html").exists()


def test_the_vocabulary_of_another_model_is_refused(pages, capsys):
    code, found = pages("alone\n")
    told = capsys.readouterr().err
    assert (code, found) == (2, [])
    assert "5 entries, specials included, for the id 5" in told


def test_a_missing_file_is_no_traceback(tmp_path, capsys):
    flags = ["-d", str(tmp_path / "none.npz"), "-o", str(tmp_path)]
    assert main(["beam-viz", *flags]) == 2
    assert "none.npz" in capsys.readouterr().err


def test_a_browser_draws_the_tree_and_folds_it_at_a_click(pages, tmp_path):
    _, (first, blank) = pages('<i>"ja"</i>\nnein\n')
    drawn = document_after_scripts(first)
    assert drawn.count("<circle") == 5
    assert drawn.count('class="best"') == 2  # two links of the chosen way
    assert '&lt;i&gt;"ja"&lt;/i&gt;' in drawn
    assert ">-1.250<" in drawn
    clicked = tmp_path / "clicked.html"
    clicked.write_text(first.read_text().replace("</body>", f"{CLICK}</body>"))
    folded = document_after_scripts(clicked)
    assert folded.count("<circle") == 3
    assert 'aria-expanded="false"' in folded
    assert document_after_scripts(blank).count("<circle") == 1
