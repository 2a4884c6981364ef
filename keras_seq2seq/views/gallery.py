"""A page of photographs with their captions: one file, nothing else."""

import base64
import html
import io
from pathlib import Path

import numpy as np
from PIL import Image

from keras_seq2seq.views.attention import label
from keras_seq2seq.views.picture_attention import photograph

PAGE = Path(__file__).with_name("gallery.html")
QUALITY = 80  # of the photographs, as JPEG


def gallery_ends(title):
    """What stands in the page's file before and behind its pictures.

    Args:
        title: str.

    Returns:
        two str, HTML.
    """
    page = PAGE.read_text(encoding="utf-8")
    begin, end = page.replace("@TITLE@", html.escape(title)).split("@ITEMS@")
    return begin, end


def gallery_item(picture, tokens, weights, facts="", references=()):
    """One photograph of the page.

    Args:
        picture: `data.pictures.Picture`.
        tokens: sequence of str, length T: the words of the caption.
        weights: array `(T, C)` of attention to the picture's cells, or None.
        facts: str. A line of small print.
        references: sequence of str. What people wrote.

    Returns:
        str, HTML; any text is escaped.
    """
    words = " ".join(
        _word(token, None if weights is None else weights[index])
        for index, token in enumerate(tokens)
    )
    listed = "".join(f"<li>{html.escape(each)}</li>" for each in references)
    rows, columns = picture.grid
    return (
        f'<figure data-grid="{rows},{columns}">\n'
        f'<div class="photo"><img alt="" src="{_data_url(picture.source)}">'
        "<canvas></canvas></div>\n<figcaption>\n"
        f'<p class="caption">{words}</p>\n'
        f'<p class="facts">{html.escape(facts)}</p>\n'
        + (f"<ul>{listed}</ul>\n" if listed else "")
        + "</figcaption>\n</figure>\n"
    )


def _word(token, seen):
    text = html.escape(label(token))
    if seen is None:
        return f"<span>{text}</span>"
    seen = np.asarray(seen, "float32")
    scaled = np.rint(255 * seen / max(float(seen.max()), 1e-9))
    cells = scaled.clip(0, 255).astype("uint8").tobytes().hex()
    return f'<span data-seen="{cells}">{text}</span>'


def _data_url(source):
    content = io.BytesIO()
    Image.fromarray(photograph(source)).save(content, "JPEG", quality=QUALITY)
    code = base64.b64encode(content.getvalue()).decode("ascii")
    return f"data:image/jpeg;base64,{code}"
