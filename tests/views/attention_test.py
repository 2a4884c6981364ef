import numpy as np
import pytest

from keras_seq2seq.views import attention
from keras_seq2seq.views.attention import attention_picture

SOURCE = ["the", "black", "cat", "</s>"]
TARGET = ["die", "schwarze", "Katze", "schläft", "</s>"]


def weights(rows=5, columns=4):
    return np.random.default_rng(0).dirichlet(np.ones(columns), rows)


def test_columns_are_sources_and_rows_are_targets():
    one = np.zeros((2, 3))
    one[0, 2] = 1
    picture = attention_picture(["a"] * 3, ["b"] * 2, one)
    black = (picture == attention_picture(["a"] * 3, ["b"] * 2, one * 0)) == 0
    rows, columns = np.nonzero(black.any(-1))
    # Labels take the left and upper margin, so compare with the far corner.
    assert columns.max() > picture.shape[1] - 10
    assert rows.max() < picture.shape[0] - 10


def test_the_size_is_bounded_for_long_sentences():
    tokens = ["word" * 50] * 400
    picture = attention_picture(tokens, tokens, weights(400, 400))
    assert max(picture.shape) < 2600


@pytest.mark.parametrize(
    "tokens",
    [["猫", "睡觉"], ["قطة", "سوداء"], ["Fuß", "Öl"], ["$x_", "\\frac"],
     ["", "\n"], ["\ud800", "🙂"]],
)  # fmt: skip
def test_any_text_is_drawn_without_a_warning(tokens):
    picture = attention_picture(tokens, tokens, np.eye(2))
    assert picture.std() > 0


@pytest.mark.parametrize("shape", [(0, 1), (0, 0)])
def test_a_blank_line_is_said_to_be_blank(shape):
    picture = attention_picture(["a"] * shape[1], [], np.zeros(shape))
    assert picture.min() < 50  # something is written


def test_a_script_without_a_font_is_told_once(caplog):
    attention._tell_of_missing_glyphs.cache_clear()
    cuneiform = ["\U00012000", "\U00012001"]
    for _ in range(2):
        attention_picture(cuneiform, cuneiform, np.eye(2))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_fonts_that_are_installed_are_asked_in_order(monkeypatch):
    names = ["Unifont", "Noto Sans CJK SC", "DejaVu Sans", "Comic Neue"]
    monkeypatch.setattr(
        attention.font_manager.fontManager, "get_font_names", lambda: names
    )
    assert attention.installed_fonts() == [
        "DejaVu Sans",
        "Noto Sans CJK SC",
        "Unifont",
    ]


def test_rows_are_targets():
    with pytest.raises(ValueError, match=r"\(5, 4\).*\(4, 5\)"):
        attention_picture(SOURCE, TARGET, weights().T)
