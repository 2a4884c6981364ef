import json

import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import LINES, small_run

SOURCES = [*LINES[:9], "h g", "a"]


@pytest.fixture
def score(capsys, tmp_path):
    def run(sources, targets, *flags):
        for name, lines in (("source", sources), ("target", targets)):
            text = "".join(f"{line}\n" for line in lines)
            (tmp_path / name).write_text(text)
            flags = (*flags, f"--{name}", str(tmp_path / name))
        assert main(["score", "--model_dir", str(small_run()), *flags]) == 0
        lines = capsys.readouterr().out.split("\n")[:-1]
        return [line.split("\t") for line in lines]

    return run


def generated(capsys, standard_input):
    standard_input("".join(f"{line}\n" for line in SOURCES))
    flags = ["--model_dir", str(small_run()), "--n_best", "1"]
    assert main(["infer", *flags]) == 0
    return [json.loads(x) for x in capsys.readouterr().out.splitlines()]


def test_a_score_is_what_generation_reported(score, capsys, standard_input):
    records = generated(capsys, standard_input)
    texts = [each["text"] for each in records]
    found = score(SOURCES, texts)
    assert [target for _, _, target in found] == texts
    for (value, tokens, target), record in zip(found, records, strict=True):
        assert float(value) == pytest.approx(record["log_prob"], abs=1e-4)
        assert int(tokens) == len(target.split()) + 1


def test_batch_size_does_not_matter(score):
    one = score(SOURCES, SOURCES, "--batch_size", "1")
    many = score(SOURCES, SOURCES)
    for (a, *_), (b, *_) in zip(one, many, strict=True):
        assert float(a) == pytest.approx(float(b), abs=1e-4)


def test_blank_lines_are_scored_too(score):
    found = score(["a b", "", ""], ["", "a", ""])
    assert [tokens for _, tokens, _ in found] == ["1", "2", "1"]
    assert all(float(value) < 0 for value, _, _ in found)


def test_the_checkpoint_decides(score):
    early = score(SOURCES, SOURCES, "--checkpoint", "20")
    assert early != score(SOURCES, SOURCES, "--checkpoint", "60")
