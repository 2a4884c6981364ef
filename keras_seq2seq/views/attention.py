"""Pictures of attention weights."""

import io
import warnings
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from keras_seq2seq.checkpoint import storage

MAX_TOKENS = 80  # a side; keeps the picture under 2,600 pixels
MAX_LABEL = 24  # characters
DOTS_PER_INCH = 100
CELL = 0.26  # inches a token takes

# Asked in this order for a glyph; those that are installed are used.
FONTS = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
    "Noto Sans Arabic",
    "Noto Naskh Arabic",
    "Noto Sans Devanagari",
)


def attention_picture(source_tokens, target_tokens, weights):
    """Draws which source tokens each target token attended to.

    Args:
        source_tokens: sequence of str, length S: the columns.
        target_tokens: sequence of str, length T: the rows.
        weights: array `(T, S)`, in `[0, 1]`; black is 1.

    Returns:
        uint8 array `(H, W, 3)`, red, green, blue; at most `MAX_TOKENS` tokens
        a side are drawn.

    Raises:
        ValueError: if the shape of `weights` is not `(T, S)`.
    """
    canvas = _draw(source_tokens, target_tokens, weights)
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_attention_picture(path, source_tokens, target_tokens, weights):
    """Writes `attention_picture` as a PNG file.

    Returns:
        Path.

    Raises:
        StorageError: if the file cannot be written.
    """
    path = Path(path)
    content = io.BytesIO()
    canvas = _draw(source_tokens, target_tokens, weights)
    canvas.print_png(content)
    with storage.storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        storage.write_bytes(path, content.getbuffer())
    return path


def _draw(source_tokens, target_tokens, weights):
    weights = np.asarray(weights, dtype="float32")
    if weights.shape != (len(target_tokens), len(source_tokens)):
        raise ValueError(
            "`weights` must have one row per target token and one column per "
            f"source token, ({len(target_tokens)}, {len(source_tokens)}). "
            f"Received: {weights.shape}"
        )
    source = [_label(token) for token in source_tokens[:MAX_TOKENS]]
    target = [_label(token) for token in target_tokens[:MAX_TOKENS]]
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
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # A missing glyph shows as a box; that is all there is to say.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas.draw()
    return canvas


def _write_labels(axes, source, target):
    fonts = _installed_fonts()
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


def _label(token):
    shown = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in token
    )
    return shown if len(shown) <= MAX_LABEL else shown[: MAX_LABEL - 1] + "…"


def _installed_fonts():
    installed = set(font_manager.fontManager.get_font_names())
    return [name for name in FONTS if name in installed] or ["DejaVu Sans"]
