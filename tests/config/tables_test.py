from pathlib import Path

import pytest

from keras_seq2seq.config.schema import Config
from keras_seq2seq.config.tables import (
    OTHER_TABLES,
    TABLES,
    fill,
    main,
    settings_table,
)

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_tables_on_the_pages_are_those_of_the_schema(page):
    """`python -m keras_seq2seq.config.tables docs/*.md` writes them anew."""
    text = page.read_text("utf-8")
    assert fill(text) == text


def test_every_table_stands_on_a_page():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [
        name
        for name in (*TABLES, *OTHER_TABLES)
        if f"<!-- table: {name} -->" not in text
    ] == []


def test_a_table_has_a_row_for_each_setting():
    lines = settings_table(Config).splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == list(Config.keys())
    assert "| `eval_every_n_steps` | `1000` | an integer >= 1 |" in "".join(
        lines
    )


def test_a_page_that_has_drifted_is_mended_and_the_rest_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- table: train -->\nold\n<!-- end of table -->\nafter\n"
    )
    main([str(page)])
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "| `batch_size` | `16` |" in text and "\nold\n" not in text


def test_an_unknown_table_is_an_error():
    with pytest.raises(KeyError, match="nothing"):
        fill("<!-- table: nothing -->\n<!-- end of table -->\n")
