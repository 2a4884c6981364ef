"""What a model looked at, a photograph's cells or a text's tokens."""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from keras_seq2seq.data.pictures import PictureError, read_picture
from keras_seq2seq.views.attention import (
    DOTS_PER_INCH,
    NOTHING,
    attention_picture,
    drawn,
    installed_fonts,
    label,
)

MOST_WORDS = 60
COLUMNS = 5  # pictures in a row; the first is the photograph alone
SIDE = 2.0  # inches of a picture
SHOWN = 320  # pixels of a photograph's longer side
DARKEST = 0.85  # how much of the photograph the shade may take


def attention_of(generation, weights=None):
    """Draws what a model looked at while it wrote a text.

    Args:
        generation: `zoo.Generation`.
        weights: array or None. The attention; None: the generation's own.

    Returns:
        `picture_attention` of a picture, `attention_picture` of a text.
    """
    weights = generation.attention if weights is None else weights
    if generation.picture is not None:
        return picture_attention(generation.picture, generation.tokens, weights)
    return attention_picture(
        generation.source_tokens, generation.tokens, weights
    )


def picture_attention(picture, tokens, weights):
    """Draws a photograph, and again for each word what had attention.

    What a word did not look at is dark; the scale of each word is its own,
    and its greatest weight stands beside it.

    Args:
        picture: `data.pictures.Picture`.
        tokens: sequence of str, length T.
        weights: array `(T, C)`, for the cells of the picture's grid in rows
            from the top left.

    Returns:
        uint8 array `(H, W, 3)`; at most `MOST_WORDS` words are drawn.

    Raises:
        ValueError: if the shape of `weights` does not fit.
    """
    weights = np.asarray(weights, "float32")
    cells = picture.grid[0] * picture.grid[1]
    if weights.shape != (len(tokens), cells):
        raise ValueError(
            "`weights` must have one row per token and one column per cell, "
            f"({len(tokens)}, {cells}). Received: {weights.shape}"
        )
    pixels = photograph(picture.source)
    tokens = tokens[:MOST_WORDS]
    rows = -(-(len(tokens) + 1) // COLUMNS)
    size = (COLUMNS * SIDE, rows * (SIDE + 0.25))
    figure = Figure(size, DOTS_PER_INCH, layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    style = {"family": installed_fonts(), "size": 9, "parse_math": False}
    for panel in panels:
        panel.axis("off")
    panels[0].imshow(pixels)
    if not len(tokens):
        panels[0].set_title(NOTHING, **style)
    for panel, token, row in zip(panels[1:], tokens, weights, strict=False):
        seen = shade(row, picture.grid, *pixels.shape[:2])[..., None]
        lit = pixels * (1 - DARKEST * (1 - seen))
        panel.imshow(lit.astype("uint8"))
        panel.set_title(f"{label(token)}  {row.max():.2f}", **style)
    return drawn(figure)


def photograph(source, longest=SHOWN):
    """A picture as it is shown: uint8 `(H, W, 3)`, its sides' ratio kept.

    Grey where it can't be read any more.
    """
    try:
        pixels = read_picture(source)
    except PictureError:
        return np.full((longest, longest, 3), 128, "uint8")
    height, width = pixels.shape[:2]
    share = min(longest / max(height, width), 1.0)
    size = (max(round(width * share), 1), max(round(height * share), 1))
    return np.asarray(Image.fromarray(pixels).resize(size))


def shade(weights, grid, height, width):
    """Weights of one word as float32 `(height, width)` from 0 to 1."""
    cells = np.asarray(weights, "float32").reshape(grid)
    cells = cells / max(float(cells.max()), 1e-9)
    image = Image.fromarray(cells).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(image), 0, 1)
