"""Pictures of attention weights."""

import functools
import logging
import warnings

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

LOGGER = logging.getLogger("keras_seq2seq")
MAX_TOKENS = 80  # a side; keeps the picture under 2,600 pixels
MAX_LABEL = 24  # characters
DOTS_PER_INCH = 100
CELL = 0.26  # inches a token takes
NOTHING = "(blank)"

# Asked in this order for a glyph; those that are installed are used.
FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK TC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "AR PL UMing CN",
    "Droid Sans Fallback",
    "PingFang SC",
    "PingFang HK",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Noto Sans Arabic",
    "Noto Naskh Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Unifont",
)


def attention_picture(source_tokens, target_tokens, weights):
    """Draws which source tokens each target token attended to.

    Args:
        source_tokens: sequence of str, length S: the columns.
        target_tokens: sequence of str, length T: the rows.
        weights: array `(T, S)`, in `[0, 1]`; black is 1.

    Returns:
        uint8 array `(H, W, 3)`, red, green, blue; at most `MAX_TOKENS` tokens
        a side are drawn. Without tokens the picture says so.

    Raises:
        ValueError: if the shape of `weights` is not `(T, S)`.
    """
    weights = np.asarray(weights, dtype="float32")
    if weights.shape != (len(target_tokens), len(source_tokens)):
        raise ValueError(
            "`weights` must have one row per target token and one column per "
            f"source token, ({len(target_tokens)}, {len(source_tokens)}). "
            f"Received: {weights.shape}"
        )
    source = [label(token) for token in source_tokens[:MAX_TOKENS]]
    target = [label(token) for token in target_tokens[:MAX_TOKENS]]
    figure = Figure(_size(source, target), DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    if source and target:
        axes.imshow(
            weights[: len(target), : len(source)],
            cmap="Greys",
            vmin=0,
            vmax=1,
            aspect="auto",
        )
        _write_labels(axes, source, target)
    else:
        axes.axis("off")
        axes.text(0.5, 0.5, NOTHING, ha="center", va="center")
    return drawn(figure)


def drawn(figure):
    """A figure as a uint8 array; says once if a font lacks characters.

    Returns:
        uint8 array `(H, W, 3)`, red, green, blue.
    """
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        canvas.draw()
    for warning in caught:
        if "missing from font" in str(warning.message):
            _tell_of_missing_glyphs()
        else:
            warnings.warn_explicit(
                warning.message,
                warning.category,
                warning.filename,
                warning.lineno,
            )
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


@functools.cache
def _tell_of_missing_glyphs():
    """Says it once, not for each character of each picture."""
    LOGGER.warning(
        "No font that is installed here has all characters of these tokens; "
        "pictures show boxes instead. Install one that has, such as the Noto "
        "fonts (fonts-noto-core, fonts-noto-cjk)."
    )


def _write_labels(axes, source, target):
    fonts = installed_fonts()
    style = {"family": fonts, "size": 9, "parse_math": False}
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(source)), source, rotation=90, **style)
    axes.set_yticks(range(len(target)), target, **style)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(len(source) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(target) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.5)
    axes.tick_params(which="minor", length=0)


def _size(source, target):
    """Inches `(width, height)` that hold the cells and the labels."""
    character = 0.09
    beside = character * max(map(len, target), default=0) + 0.4
    above = character * max(map(len, source), default=0) + 0.4
    return (
        max(len(source) * CELL + beside, 1.5),
        max(len(target) * CELL + above, 1.5),
    )


def label(token):
    """A token as it is shown: no control characters, not too long."""
    shown = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in token
    )
    return shown if len(shown) <= MAX_LABEL else shown[: MAX_LABEL - 1] + "…"


def installed_fonts():
    """Those of `FONTS` that are there."""
    installed = set(font_manager.fontManager.get_font_names())
    return [name for name in FONTS if name in installed] or ["DejaVu Sans"]
