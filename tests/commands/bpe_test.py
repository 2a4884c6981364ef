import sys

import pytest

from keras_seq2seq.__main__ import main

LINES = ["low low lower newest newest", "wide widest lowest 笑笑 笑笑 low", ""]
TEXT = "".join(f"{line}\n" for line in LINES) * 3


@pytest.fixture
def bpe(capsys, standard_input):
    """Lines that `bpe` writes for text on standard input."""

    def run(text, *arguments):
        standard_input(text)
        assert main(["bpe", *map(str, arguments)]) == 0
        return capsys.readouterr().out.split("\n")[:-1]

    return run


@pytest.fixture
def codes(tmp_path, bpe):
    path = tmp_path / "codes"
    assert bpe(TEXT, "learn", "-s", 12, "-c", path) == []
    return path


def test_codes_are_a_version_and_merges_the_likeliest_first(bpe):
    # Of "ab ab ac" the pair (a, b</w>) is seen twice, (a, c</w>) once.
    assert bpe("ab ab ac\n", "learn", "-s", 5) == ["#version: 0.2", "a b</w>"]
    found = bpe("ab ab ac\n", "learn", "--min_frequency", 1)
    assert found == ["#version: 0.2", "a b</w>", "a c</w>"]


def test_the_number_of_symbols_is_that_of_merges(bpe):
    for count in (1, 4):
        assert len(bpe(TEXT, "learn", "--symbols", count)) == 1 + count


def test_several_files_have_joint_codes(bpe, tmp_path):
    for name, text in (("1", "ab\n"), ("2", "ab\n")):
        (tmp_path / name).write_text(text)
    files = [tmp_path / "1", tmp_path / "2"]
    assert bpe("", "learn", "-i", *files)[1:] == ["a b</w>"]


def test_inner_ends_are_marked_and_joining_gives_the_text_back(bpe, codes):
    cut = bpe(TEXT, "apply", "-c", codes)
    assert [line.replace("@@ ", "") for line in cut] == TEXT.split("\n")[:-1]
    assert any("@@ " in line for line in cut)
    assert cut[0].startswith("low low ")


def test_applying_is_the_same_every_time(bpe, codes):
    assert bpe(TEXT, "apply", "-c", codes) == bpe(TEXT, "apply", "-c", codes)


def test_dropout_is_drawn_from_the_seed(bpe, codes):
    def drawn(seed, share):
        flags = ["-c", codes, "--dropout", share, "--seed", seed]
        return bpe(TEXT, "apply", *flags)

    whole = bpe(TEXT, "apply", "-c", codes)
    assert drawn(1, 0) == whole
    assert drawn(1, 0.5) == drawn(1, 0.5) != drawn(2, 0.5)
    pieces = [
        sum(line.count("@@") for line in t) for t in (drawn(1, 0.5), whole)
    ]
    assert pieces[0] > pieces[1]


def test_subwords_are_counted_the_most_frequent_first(bpe):
    text = "lo@@ w lo@@ w e\nlo@@\n"
    assert bpe(text, "vocab") == ["lo@@ 3", "w 2", "e 1"]
    assert bpe(text, "vocab", "--no_counts") == ["lo@@", "w", "e"]


def test_rare_subwords_of_a_vocabulary_are_cut_on(bpe, codes, tmp_path):
    path = tmp_path / "vocab"
    path.write_text("low 9\nn@@ 1\n")
    flags = ["-c", codes, "--vocabulary", path]
    assert bpe("low low\n", "apply", *flags) == ["low low"]
    flags += ["--vocabulary_threshold", 9]
    assert bpe("low\n", "apply", *flags) == ["low"]
    path.write_text("low\t8\nn@@\t9\n")  # as `keras-seq2seq vocab` writes
    assert bpe("low\n", "apply", *flags) == ["l@@ o@@ w"]


def test_files_take_the_place_of_streams(bpe, codes, tmp_path):
    (tmp_path / "in").write_text(TEXT)
    flags = ["-c", codes, "--input", tmp_path / "in"]
    assert bpe("", "apply", *flags, "--output", tmp_path / "out") == []
    expected = bpe(TEXT, "apply", "-c", codes)
    assert (tmp_path / "out").read_text().split("\n")[:-1] == expected


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        ("", ["learn"], "no such pair"),
        ("a b c\n", ["learn"], "no such pair"),
        ("ab\n", ["learn"], "rarer ones only"),
        ("ab\n", ["learn", "-s", "0"], "at least 1"),
        ("a\n", ["apply", "-c", "nowhere"], "nowhere: no such file"),
        ("a\n", ["apply", "-c", "BAD"], "2: expected two subwords"),
        ("a\n", ["apply", "-c", "EMPTY"], "expected codes"),
        ("a\n", ["apply", "-c", "NEW"], "1: expected version"),
        ("a\n", ["apply", "-c", "GOOD", "--dropout", "1"], "dropout must"),
        ("a\n", ["apply", "-c", "GOOD", "--vocabulary", "BAD"], "1: expected"),
        ("a\n", [], "learn,apply,vocab"),
    ],
)
def test_bad_input_is_explained(
    tmp_path, capsys, standard_input, text, arguments, told
):
    contents = {
        "BAD": "#version: 0.2\na b c\n",
        "EMPTY": "#version: 0.2\n",
        "NEW": "#version: 0.9\na b\n",
        "GOOD": "#version: 0.2\na b\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    arguments = [
        str(tmp_path / each) if each in contents else each for each in arguments
    ]
    standard_input(text)
    output = tmp_path / "output"
    flags = ["-o", str(output)] if arguments else []
    assert main(["bpe", *arguments, *flags]) == 2
    assert told in capsys.readouterr().err
    assert not output.exists()


def test_a_missing_package_is_named(monkeypatch, capsys, standard_input):
    monkeypatch.setitem(sys.modules, "subword_nmt.get_vocab", None)
    standard_input("ab ab\n")
    assert main(["bpe", "vocab"]) == 2
    assert "pip install 'keras-seq2seq[bpe]'" in capsys.readouterr().err
