import gzip

import pytest

from keras_seq2seq.__main__ import main

HYPOTHESES = (
    "The brown fox jumps over the dog 笑\n"
    "The brown fox jumps over the dog 2 笑\n"
)
REFERENCES = "The quick brown fox jumps over the lazy dog 笑\n" * 2
FOX = (
    "BLEU = 46.51, 94.1/60.0/46.2/36.4 "
    "(BP=0.838, ratio=0.850, hyp_len=17, ref_len=20)\n"
)
EMPTY = "BLEU = 0, 0/0/0/0 (BP=0, ratio=0, hyp_len=0, ref_len=0)\n"
FAR = "x y z\nx y z\n"


@pytest.fixture
def bleu(tmp_path, capsys, standard_input):
    """What `bleu` returns, prints and complains, in a folder of files."""

    def run(text, *arguments, **files):
        for name, content in files.items():
            path = tmp_path / name.replace("_", ".")
            data = content.encode() if isinstance(content, str) else content
            path.write_bytes(data)
        standard_input(text)
        paths = [
            each if each.startswith("-") else str(tmp_path / each)
            for each in arguments
        ]
        code = main(["bleu", *paths])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_the_line_is_that_of_multi_bleu(bleu):
    code, line, told = bleu(HYPOTHESES, "ref", ref=REFERENCES)
    assert (code, line) == (0, FOX)
    assert "tok:none|smooth:none" in told


def test_the_case_of_letters_is_ignored_on_demand(bleu):
    text = HYPOTHESES.replace("the dog", "The Dog")
    assert bleu(text, "-lc", "ref", ref=REFERENCES)[1] == FOX
    assert bleu(text, "ref", ref=REFERENCES)[1] != FOX


@pytest.mark.parametrize(
    "names", [("ref0", "ref1"), ("ref", "ref0"), ("ref_ref0", "ref_ref1")]
)
def test_one_argument_stands_for_numbered_references(bleu, names):
    files = dict(zip(names, (FAR, HYPOTHESES), strict=True))
    assert bleu(HYPOTHESES, "ref", **files)[1].startswith("BLEU = 100.00")


def test_numbers_end_at_the_first_gap(bleu):
    files = {"ref0": FAR, "ref2": HYPOTHESES}
    assert bleu(HYPOTHESES, "ref", **files)[1].startswith("BLEU = 0.00")


def test_more_arguments_are_more_references(bleu):
    found = bleu(HYPOTHESES, "a", "b", a=FAR, b=HYPOTHESES)[1]
    assert found.startswith("BLEU = 100.00")


def test_compressed_references_are_told_by_content(bleu):
    packed = gzip.compress(REFERENCES.encode())
    assert bleu(HYPOTHESES, "ref.gz", ref_gz=packed)[1] == FOX
    assert bleu(HYPOTHESES, "packed", packed=packed)[1] == FOX
    # A random name that ended in gz made google/seq2seq's BLEU 0.
    assert bleu(HYPOTHESES, "tmpxgz", tmpxgz=REFERENCES)[1] == FOX


@pytest.mark.parametrize("text", ["", "a b\n"])
def test_an_empty_reference_exits_with_1(bleu, text):
    assert bleu(text, "ref", ref="")[:2] == (1, EMPTY)
    assert bleu(text, "ref", ref="\n \n")[:2] == (1, EMPTY)


def test_empty_hypotheses_score_zero_where_perl_divided_by_zero(bleu):
    code, line, _ = bleu("\n\n", "ref", ref=REFERENCES)
    assert code == 0
    assert line == (
        "BLEU = 0.00, 0.0/0.0/0.0/0.0 "
        "(BP=0.000, ratio=0.000, hyp_len=0, ref_len=20)\n"
    )


def test_a_last_line_without_line_end_keeps_its_last_letter(bleu):
    text = HYPOTHESES.removesuffix("\n")
    assert bleu(text, "ref", ref=REFERENCES.removesuffix("\n"))[1] == FOX


@pytest.mark.parametrize(
    ("arguments", "files", "told"),
    [
        (["ref"], {}, "could not find the reference"),
        (["ref", "more"], {"ref": REFERENCES}, "more: no such file"),
        (["ref"], {"ref": REFERENCES * 2}, "2 hypotheses, 4 references"),
        (["ref"], {"ref": b"\x1f\x8b\x08damaged"}, "expected a gzip file"),
        (["ref"], {"ref": b"a\n\xff\n"}, "ref:2: expected UTF-8"),
        ([], {}, "REFERENCE"),
    ],
)
def test_bad_input_is_explained(bleu, arguments, files, told):
    code, line, error = bleu(HYPOTHESES, *arguments, **files)
    assert (code, line) == (2, "")
    assert told in error
