import json

import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import LINES, small_run

pytestmark = pytest.mark.usefixtures("eagerly")

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


def test_sockeyes_score_is_divided_by_its_length_penalty(score):
    plain = score(SOURCES, SOURCES)
    found = score(SOURCES, SOURCES, "--output_type", "pair_with_score")
    for (value, tokens, _), (shown, *pair) in zip(plain, found, strict=True):
        expected = -float(value) / int(tokens)
        assert float(shown) == pytest.approx(expected, abs=6e-4)
        assert pair[0] == pair[1]
    flags = ["--score_type", "logprob", "--length_penalty_beta", "5"]
    for (value, tokens, _), (shown,) in zip(
        plain, score(SOURCES, SOURCES, *flags), strict=True
    ):
        expected = float(value) / ((5 + int(tokens)) / 6)
        assert float(shown) == pytest.approx(expected, abs=6e-4)


def test_a_pair_that_is_too_long_keeps_its_line(score):
    found = score(
        ["a", "a b c", "a"], ["a", "a", "a b"], "--max_seq_len", "2:1"
    )
    assert [value == "-inf" for value, _, _ in found] == [False, True, True]
    assert [target for _, _, target in found] == ["a", "a", "a b"]


def test_a_model_with_itself_scores_as_it_does(score):
    alone = score(SOURCES, SOURCES)
    twins = score(SOURCES, SOURCES, "--model_dir", str(small_run()))
    for (a, *_), (b, *_) in zip(alone, twins, strict=True):
        assert float(a) == pytest.approx(float(b), abs=1e-4)


def test_targets_may_come_from_standard_input(
    score, standard_input, capsys, tmp_path
):
    expected = score(["a b", "c"], ["b", "a"])
    standard_input("b\na\n")
    flags = ["--source", str(tmp_path / "source"), "--target", "-"]
    assert main(["score", "--model_dir", str(small_run()), *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t") for line in lines] == expected


@pytest.mark.parametrize(
    "flags",
    [
        ["--max_seq_len", "0"],
        ["--max_seq_len", "1:2:3"],
        ["--softmax_temperature", "0"],
        ["--length_penalty_alpha", "-1"],
        ["--output_type", "loss"],
    ],
)
def test_options_that_cannot_be_are_refused(capsys, flags):
    files = ["--source", "-", "--target", "-"]
    assert main(["score", "--model_dir", "run", *files, *flags]) == 2
    assert flags[0].removesuffix("_type") in capsys.readouterr().err


def test_both_sides_cannot_be_standard_input(capsys):
    files = ["--source", "-", "--target", "-"]
    assert main(["score", "--model_dir", "run", *files]) == 2
    assert "must be a file" in capsys.readouterr().err
