"""The pages about tools and metrics, whose examples run as they stand."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import COMMANDS, main

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.M)


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(name):
    return BLOCK.findall(page(name))


def shell(script, folder):
    """What a script prints, `keras-seq2seq` being this tree's."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder / "work",
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tools_page_prints_what_it_says(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "keras-seq2seq"
    command.write_text(f'#!/bin/sh\n{sys.executable} -m keras_seq2seq "$@"\n')
    command.chmod(0o755)
    found = blocks("tools.md")
    printed = ""
    for kind, text in found:
        if kind == "text":
            assert printed == text
        printed = shell(text, tmp_path) if kind == "bash" else ""
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
