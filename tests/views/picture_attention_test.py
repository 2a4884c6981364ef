import numpy as np
import pytest

from keras_seq2seq.data.pictures import Picture
from keras_seq2seq.views.picture_attention import (
    photograph,
    picture_attention,
    shade,
)

WHITE = np.full((40, 80, 3), 255, "uint8")
PICTURE = Picture(WHITE, "white", (1, 2))


def test_what_is_looked_at_stays_bright():
    seen = shade([0.1, 0.4], (1, 2), 10, 20)
    assert seen.shape == (10, 20)
    assert seen[:, -1].min() > 0.9 and 0.15 < seen[:, 0].max() < 0.35


def test_cells_stand_in_rows_from_the_top_left():
    seen = shade([0, 0, 1, 0], (2, 2), 20, 20)
    assert seen[-1, 0] > 0.9
    assert max(seen[0, 0], seen[0, -1], seen[-1, -1]) < 0.1


def test_every_word_has_a_panel():
    few = picture_attention(PICTURE, ["a"], np.full((1, 2), 0.5))
    many = picture_attention(PICTURE, ["a"] * 6, np.full((6, 2), 0.5))
    assert many.shape[0] > few.shape[0] and many.shape[1] == few.shape[1]
    assert few.dtype == np.uint8 and few.shape[2] == 3


def test_nothing_written_shows_the_photograph():
    black = Picture(np.zeros((40, 80, 3), "uint8"), "black", (1, 2))
    shown = picture_attention(black, [], np.zeros((0, 2)))
    assert (shown == 0).all(-1).sum() > 1_000


def test_weights_must_fit_the_grid():
    with pytest.raises(ValueError, match=r"\(1, 2\). Received: \(1, 3\)"):
        picture_attention(PICTURE, ["a"], np.zeros((1, 3)))


def test_photographs_keep_their_ratio_and_may_be_gone():
    assert photograph(WHITE, 20).shape == (10, 20, 3)
    assert photograph(WHITE, 500).shape == WHITE.shape
    assert (photograph("gone.jpg", 7) == 128).all()
