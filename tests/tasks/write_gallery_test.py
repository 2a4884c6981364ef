import re
import types
from html.parser import HTMLParser

import numpy as np
import pytest

from keras_seq2seq.data.pictures import Picture
from keras_seq2seq.errors import UserError
from keras_seq2seq.tasks import WriteGallery, running
from keras_seq2seq.tasks.dump_attention import DumpAttention
from keras_seq2seq.zoo.generation import BLANK, Generation

PIXELS = np.arange(4 * 6 * 3, dtype="uint8").reshape(4, 6, 3)
MODEL = types.SimpleNamespace(encoder=types.SimpleNamespace(grid=(1, 2)))
HOSTILE = "<script>alert('&')</script>"


def generation(source="a.png", words=("a", HOSTILE, "END")):
    weights = np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]])[: len(words)]
    return Generation(
        " ".join(words[:-1]),
        (*words[:-1], "</s>"),
        ("1,1", "1,2"),
        -1.5,
        -0.5,
        attention=weights,
        picture=Picture(PIXELS if source is None else source, "a <b>", (1, 2)),
    )


class Reader(HTMLParser):
    """Collects tags with their attributes, and the text of the body."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data.strip())


def page(path, *generations, references=None):
    with running(WriteGallery(path, references), MODEL, None) as task:
        assert [task(each) for each in generations] == [None] * len(generations)
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def test_a_page_shows_captions_references_and_attention(tmp_path):
    references = {"gone.png": ["one dog", HOSTILE]}
    found = page(
        tmp_path / "a.html",
        generation("gone.png"),
        BLANK,
        references=references,
    )
    seen = [a["data-seen"] for t, a in found.tags if "data-seen" in a]
    assert seen == ["55ff", "ff00"]  # a third and all of the greatest
    assert [a for t, a in found.tags if t == "figure"] == [{"data-grid": "1,2"}]
    assert [t for t, _ in found.tags].count("script") == 1
    assert {"one dog", HOSTILE, "a"} <= set(found.texts)


def test_the_page_needs_no_other_file(tmp_path):
    found = page(tmp_path / "a.html", generation(None))
    for _, attributes in found.tags:
        source = attributes.get("src", "data:")
        assert source.startswith("data:") and "href" not in attributes
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert re.findall(r"https?://", text) == []


def test_a_model_of_text_has_no_gallery(tmp_path):
    text = types.SimpleNamespace(encoder=object())
    with pytest.raises(UserError, match="Leave --html out"):
        WriteGallery(tmp_path / "a.html").begin(text, None)


def test_an_error_leaves_no_page(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with running(WriteGallery(tmp_path / "a.html"), MODEL, None):
            raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_attention_is_drawn_over_the_photograph(tmp_path):
    task = DumpAttention(tmp_path)
    with running(task, MODEL, None):
        task(generation(None))
    assert (tmp_path / "00000.png").stat().st_size > 1000
    arrays = np.load(tmp_path / "attention_scores.npz")
    assert arrays["arr_0"].tolist() == [[0.25, 0.75], [1, 0], [0.5, 0.5]]
