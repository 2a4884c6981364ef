"""The page for users of Sockeye: its commands run, its flags exist."""

import argparse
import contextlib
import importlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import COMMANDS, main
from keras_seq2seq.config.inference_flags import OUTPUT_TYPES
from keras_seq2seq.tasks.sockeye_outputs import CLASSES
from keras_seq2seq.views.metrics_table import from_sockeye

PAGE = Path(__file__).parents[1] / "docs" / "sockeye.md"
TEXT = PAGE.read_text("utf-8")
CHAPTERS = {
    "train": "train",
    "translate": "infer",
    "score": "score",
    "evaluate": "evaluate",
    "average": "average",
}


def rows(chapter):
    """The rows of the first table of a chapter, cell by cell."""
    text = re.split(rf"^#+ {re.escape(chapter)}\n", TEXT, flags=re.M)[1]
    table = re.split(r"^#", text, flags=re.M)[0]
    lines = re.findall(r"^\| (.*) \|$", table, re.M)[1:]
    return [re.split(r" \| ?", line) for line in lines]


def flags_of(command):
    module, _ = COMMANDS[command]
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"keras_seq2seq.commands.{module}").add_arguments(
        parser
    )
    return parser._option_string_actions


@pytest.mark.parametrize(("chapter", "command"), CHAPTERS.items())
def test_every_flag_that_is_named_exists(chapter, command):
    named = re.findall(r"`(-[\w-]+)`", " ".join(r[1] for r in rows(chapter)))
    assert named
    assert set(named) <= set(flags_of(command))


def test_flags_of_other_commands_exist_too():
    chapter = "vocab, prepare_data, init_embedding, extract_parameters"
    commands = ("vocab", "prepare", "inspect", "train")
    known = set().union(*map(flags_of, commands))
    cells = " ".join(row[1] for row in rows(chapter))
    assert set(re.findall(r"--\w+", cells)) <= known


def test_the_page_names_every_output_type():
    named = re.findall(r"`(\w+)`", " ".join(r[0] for r in rows("Output types")))
    assert set(named) == set(OUTPUT_TYPES)
    assert set(OUTPUT_TYPES) - set(CLASSES) == {"translation", "text"}


def run(line, standard_input):
    """Runs a command of the page with what its shell line redirects."""
    words = shlex.split(line)
    source = target = None
    if ">" in words:
        target = Path(words.pop(words.index(">") + 1))
        words.remove(">")
    if "<" in words:
        source = Path(words.pop(words.index("<") + 1))
        words.remove("<")
    standard_input(source.read_text() if source else "")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(words[1:]) == 0, line
    if target:
        target.write_text(printed.getvalue())
    return printed.getvalue().splitlines()


@pytest.fixture
def standard_input(monkeypatch):
    def give(text):
        stream = io.TextIOWrapper(io.BytesIO(text.encode()))
        monkeypatch.setattr("sys.stdin", stream)

    return give


@pytest.mark.slow
def test_the_commands_run_one_after_the_other(
    tmp_path, monkeypatch, standard_input
):
    monkeypatch.chdir(tmp_path)
    blocks = dict(re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S))
    Path("model.yml").write_text(blocks["yaml"])
    printed = [
        run(line, standard_input) for line in blocks["bash"].splitlines()
    ]
    named = [line.split()[1] for line in blocks["bash"].splitlines()]
    said = dict(zip(named, printed, strict=True))
    lines = len(Path("toy/test/sources.txt").read_text().splitlines())
    assert said["inspect"][-1].startswith("total")
    assert len(from_sockeye("\n".join(said["metrics"]))) == 2
    scored = Path("scored.txt").read_text().splitlines()
    aligned = Path("hypotheses.txt").read_text().splitlines()
    assert len(scored) == len(aligned) == len(said["score"]) == lines
    assert all(float(line.partition("\t")[0]) > 0 for line in scored)
    records = [json.loads(line) for line in said["evaluate"]]
    assert len(records) == 5
    assert all(len(record["values"]) == 2 for record in records)
