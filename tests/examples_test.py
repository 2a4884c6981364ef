"""The scripts in examples/ run from top to bottom, on tiny data."""

import ast
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.processes import python

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(name, folder, *flags, given=None):
    """What a script prints, run where it may leave files."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = ROOT / "examples" / name
    done = python(script, *flags, cwd=folder, env=environment, input=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def drawn(words, count):
    """Lines of a few words."""
    random = np.random.default_rng(1)
    return [
        " ".join(random.choice(words, random.integers(2, 6)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_is_short_and_uses_public_names(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = [*node.module.split("."), *(a.name for a in node.names)]
            assert not [name for name in names if name.startswith("_")]
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")


def test_reverse(tmp_path):
    flags = ["--examples=40", "--epochs=1", "--units=5", "--max_length=6"]
    printed = run("reverse.py", tmp_path, "--data_dir=toy", *flags)
    assert "Exact match: " in printed
    assert (tmp_path / "toy" / "train" / "sources.txt").exists()


@pytest.mark.slow
def test_pronounce(tmp_path):
    words = [line.replace(" ", "") for line in drawn(["a", "o", "nn"], 20)]
    lines = [f"{word}\t{' '.join(word.upper())}" for word in words]
    for split in ("train", "dev", "test"):
        write(tmp_path / f"xyz_{split}.tsv", lines)
    flags = ["--data_dir=.", "--language=xyz", "--epochs=1"]
    printed = run("pronounce.py", tmp_path, *flags)
    assert "Score(name='wer'" in printed
    assert words[0] in printed


@pytest.mark.slow
def test_translate_and_go_on(tmp_path):
    for split in ("train", "val", "heldout"):
        write(tmp_path / f"{split}.en", drawn(["one", "two", "three"], 20))
        write(tmp_path / f"{split}.de", drawn(["eins", "zwei", "drei"], 20))
    flags = ["--data_dir=.", "--test=heldout", "--subwords=30"]
    printed = run("translate.py", tmp_path, *flags, "--epochs=1")
    assert "Test Score(name='bleu'" in printed
    assert (tmp_path / "translate_run" / "ckpt-1").is_dir()
    run("translate.py", tmp_path, *flags, "--epochs=2")
    assert (tmp_path / "translate_run" / "ckpt-2").is_dir()


@pytest.mark.slow
def test_convs2s_and_go_on(tmp_path):
    for split in ("train", "val", "test_2016_flickr"):
        write(tmp_path / f"{split}.de", drawn(["eins", "zwei", "drei"], 20))
        write(tmp_path / f"{split}.en", drawn(["one", "two", "three"], 20))
    flags = ["--data_dir=.", "--subwords=30", "--layers=2", "--units=6"]
    printed = run("convs2s.py", tmp_path, *flags, "--epochs=1")
    assert "Test Score(name='bleu'" in printed
    run("convs2s.py", tmp_path, *flags, "--epochs=2")
    assert (tmp_path / "convs2s_run" / "ckpt-2").is_dir()


def columns(words, count):
    """Lines of two columns."""
    return map(
        "\t".join, zip(drawn(words, count), drawn(words, count), strict=True)
    )


@pytest.mark.slow
def test_summarize(tmp_path):
    for split in ("train", "dev"):
        write(tmp_path / f"{split}.tsv", columns(["one", "two", "three"], 20))
    flags = ["--data_dir=.", "--subwords=30", "--epochs=1"]
    printed = run("summarize.py", tmp_path, *flags)
    assert "model: rouge_1/f_score" in printed
    assert "first five words: rouge_l/f_score" in printed


@pytest.mark.slow
def test_caption(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", str(tmp_path / "cache"))
    (tmp_path / "images").mkdir()
    (tmp_path / "splits").mkdir()
    names = [f"{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        pixels = np.full((8, 8, 3), 40 * number, "uint8")
        Image.fromarray(pixels).save(tmp_path / "images" / name)
    lines = drawn(["a", "dog", "runs"], 12)
    pairs = zip(names * 2, lines, strict=True)
    write(tmp_path / "captions.tsv", map("\t".join, pairs))
    write(tmp_path / "splits" / "train.txt", names[:4])
    write(tmp_path / "splits" / "val.txt", names[4:])
    printed = run(
        "caption.py", tmp_path, "--data_dir=.", "--side=32", "--epochs=1"
    )
    assert "Score(name='bleu_4'" in printed
    page = (tmp_path / "caption_run" / "val.html").read_text(encoding="utf-8")
    assert page.count("<figure") == 2


@pytest.mark.slow
def test_converse(tmp_path):
    write(tmp_path / "train.tsv", columns(["well", "yes", "why"], 20))
    flags = ["--data_dir=.", "--subwords=20", "--epochs=1"]
    assert run("converse.py", tmp_path, *flags, given="yes\nwhy\n")
    assert (tmp_path / "converse_run" / "ckpt-1").is_dir()
    again = run("converse.py", tmp_path, *flags, "--sample", given="yes\n")
    assert again.count("\n") == 1
