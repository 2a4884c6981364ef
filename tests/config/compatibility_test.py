"""`docs/compatibility.md` says what the code does."""

import re
from pathlib import Path

import pytest
import yaml

from keras_seq2seq.config import files
from keras_seq2seq.config.schema import Config
from keras_seq2seq.config.upgrade import Layer, upgrade
from keras_seq2seq.config.wiki import DOCUMENT_001, DOCUMENT_002, FLAGS
from keras_seq2seq.config.wiki_inference import OLD_FLAGS, upgrade_inference

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "compatibility.md"


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


DIALECTS = (
    {"hparams": "rnn_cell.num_layers=1"},
    {"hparams": "encoder.rnn_cell.num_layers=1"},
    {},
)
AMOUNTS = {3: "three of them", 2: "two of them", 0: "none"}


def spelt(value):
    """A value as the page's table spells it."""
    if isinstance(value, list | tuple):
        return AMOUNTS[len(value)]
    return str(value).lower() if isinstance(value, bool) else str(value)


def default(setting, model, flags):
    """What a setting is that nobody wrote down."""
    given = {"model": model} if model else {}
    config = files.load("", {**flags, **given}, complete=False)
    values = files.plain(config)
    params = values["model_params"]
    if setting == "decoder.params.max_decode_length":
        return params["decoder.params"]["max_decode_length"]
    value = (params if setting in params else values)[setting]
    return "none" if value == "" else value


@pytest.mark.parametrize("row", table("defaults"), ids=lambda row: row[0])
def test_the_page_tells_the_defaults_of_each_time(row):
    name, _, model = row[0].partition(" of ")
    name = name.strip("`")
    model = model or ("AttentionSeq2Seq" if name == "attention.class" else "")
    for told, flags in zip(row[1:], DIALECTS, strict=True):
        if told.startswith("`"):  # as another setting
            told = spelt(default(told.strip("`"), model, flags))
        found = default(name, model, flags)
        assert spelt(found).lower() == told.lower()


def test_every_feature_names_tests_that_exist():
    """The table of features; those without a test say why."""
    section = PAGE.read_text("utf-8").partition("## What each feature became")[
        2
    ]
    rows = re.findall(r"^\| (\d+) \|.*\| (.*?) \| (.*?) \|$", section, re.M)
    assert [int(number) for number, *_ in rows] == list(range(1, 109))
    for _, here, shown in rows:
        if not shown:
            assert here.startswith(("not yet", "not here", "later"))
            continue
        for link in shown.split(", "):
            form = r"\[(\w+)\]\(\.\./(tests/[\w/]+\.py)\)"
            name, path = re.fullmatch(form, link).groups()
            text = (ROOT / path).read_text("utf-8")
            assert f"def {name}(" in text or Path(path).stem == name
