"""The pages about tools and metrics, whose examples run as they stand."""

import json
import re
import shlex
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import COMMANDS, main
from tests.processes import shell

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.M)


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(name):
    return BLOCK.findall(page(name))


def test_the_tools_page_prints_what_it_says(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    found = blocks("tools.md")
    printed = ""
    for kind, text in found:
        if kind == "text":
            assert printed == text
        printed = shell(text, folder) if kind == "bash" else ""
    assert [kind for kind, _ in found].count("text") >= 7


@pytest.mark.parametrize("name", ["tools.md", "metrics.md"])
def test_python_on_a_page_runs(name):
    for kind, text in blocks(name):
        if kind == "python":
            exec(compile(text, name, "exec"), {"__name__": "page"})


@pytest.mark.parametrize("name", ["tools.md", "metrics.md"])
def test_every_command_on_a_page_exists(name):
    named = set(re.findall(r"keras-seq2seq ([a-z][\w-]*)", page(name)))
    assert named <= set(COMMANDS)


@pytest.mark.slow
def test_the_metrics_page_logs_what_it_says(tmp_path, monkeypatch, capsys):
    for name, text in NAMED.findall(page("metrics.md")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    prepare = re.search(r"`keras-seq2seq (toy-data .*?)`", page("metrics.md"))
    assert main(shlex.split(prepare[1])) == 0
    for kind, text in blocks("metrics.md"):
        if kind == "bash":
            assert main(shlex.split(text)[1:]) == 0
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    for record in map(json.loads, lines):
        for name in ("log_perplexity", "bleu", "rouge_l/f_score"):
            assert record[name] == record[f"val_{name}"]
        assert {"val_chrf", "repetitions"} <= set(record)
    printed = capsys.readouterr().out.splitlines()
    scores = [json.loads(line)["metric"] for line in printed]
    assert len(scores) == 3 + 9
