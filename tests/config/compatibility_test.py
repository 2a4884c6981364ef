"""`docs/compatibility.md` says what the code does."""

import re
from pathlib import Path

import pytest
import yaml

from keras_seq2seq.config.schema import Config
from keras_seq2seq.config.upgrade import Layer, upgrade
from keras_seq2seq.config.wiki import DOCUMENT_001, DOCUMENT_002, FLAGS
from keras_seq2seq.config.wiki_inference import OLD_FLAGS, upgrade_inference

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"


def table(name):
    """The cells of a marked table, row by row, without its head."""
    text = PAGE.read_text("utf-8")
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
    lines = text.partition(begin)[2].partition(end)[0].splitlines()[2:]
    return [line.strip("| ").split(" | ") for line in lines]


def settings(cell):
    """The settings in a cell: YAML between backticks."""
    values = {}
    for text in re.findall("`([^`]*)`", cell):
        values |= yaml.safe_load(text)
    return values


def old_flag(cell):
    name, _, value = cell.strip("`-").partition("=")
    return name, int(value) if value.isdigit() else value


@pytest.mark.parametrize(("old", "new"), table("train"))
def test_an_old_flag_of_train_means_what_the_page_says(old, new):
    name, value = old_flag(old)
    assert upgrade([Layer({name: value})]).layers[0].values == settings(new)


@pytest.mark.parametrize(("old", "new"), table("infer"))
def test_an_old_flag_of_infer_means_what_the_page_says(old, new):
    name, value = old_flag(old)
    assert upgrade_inference({name: value})[0] == settings(new)


@pytest.mark.parametrize(("old", "new"), [*table("001"), *table("002")])
def test_an_old_key_means_what_the_page_says(old, new):
    (layer,) = upgrade([Layer({"hparams": old.strip("`")})]).layers
    assert layer.values == {"model_params": settings(new)}


@pytest.mark.parametrize(
    ("old", "new"), [*table("train"), *table("001"), *table("002")]
)
def test_what_the_page_says_is_a_configuration(old, new):
    values = settings(new)
    if not old.startswith("`--"):
        values = {"model_params": values}
    config = Config.model_validate(values)
    assert config.model_fields_set >= set(values)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("train", set(FLAGS) - {"config_path"}),
        ("infer", set(OLD_FLAGS) - {"hparams"}),
        ("001", set(DOCUMENT_001.hparams)),
        ("002", set(DOCUMENT_002.hparams)),
    ],
)
def test_the_page_leaves_nothing_out(name, known):
    found = {re.match("`-*([^=]*)=", old)[1] for old, _ in table(name)}
    shared = {"inference.beam_search.score_fn"} if name == "001" else set()
    assert found | shared == known
