import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import TARGET_WORDS, small_run

LINES = "a b c\n\nh a\n"


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory):
    path = tmp_path_factory.mktemp("lexicon") / "lexicon.npz"
    flags = ["--model_dir", small_run(), "--output", path, "--always", 1]
    assert main(["lexicon", "create", *map(str, flags)]) == 0
    return path


@pytest.fixture
def lines(standard_input, capsys):
    """Lines that a command prints, given some."""

    def printed(command, *flags, given=LINES):
        run = small_run()
        standard_input(given)
        capsys.readouterr()
        assert main([*command, "--model_dir", str(run), *map(str, flags)]) == 0
        return capsys.readouterr().out.splitlines()

    return printed


def test_each_token_is_shown_with_what_it_may_become(lexicon, lines):
    """The run copies, and knows two target words."""
    flags = ("--lexicon", lexicon, "-k", 1)
    found = lines(("lexicon", "inspect"), *flags, given="a b\n")
    assert found == ["a\ta", "b\tb"]


def test_infer_writes_only_what_the_lexicon_has(tmp_path, lines):
    """No word may become `a`."""
    text, path = tmp_path / "fast_align.txt", tmp_path / "lexicon.npz"
    text.write_text("".join(f"{word} b -0.1\n" for word in "abcdefgh"))
    flags = ["-i", text, "-o", path, "-m", small_run(), "-k", 1]
    assert main(["lexicon", "create", *map(str, flags)]) == 0
    first, blank, last = lines(("infer",), "--restrict_lexicon", path)
    assert blank == ""
    words = {*first.split(), *last.split()}
    assert words
    assert words <= {"b", "<unk>"}


def test_a_lexicon_of_all_words_changes_no_line(lexicon, lines):
    flags = ("--restrict_lexicon", lexicon, "--restrict_lexicon_topk")
    among = lines(("infer",), *flags, len(TARGET_WORDS))
    assert among == lines(("infer",))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--restrict_lexicon", "none.npz"], "none.npz: expected a lexicon"),
        (["--restrict_lexicon_topk", "3"], "an option of --restrict_lexicon"),
    ],
)
def test_what_can_not_be_read_is_explained(flags, said, capsys, standard_input):
    standard_input(LINES)
    assert main(["infer", "--model_dir", str(small_run()), *flags]) == 2
    assert said in capsys.readouterr().err


def test_a_bad_line_is_named(tmp_path, capsys):
    text = tmp_path / "fast_align.txt"
    text.write_text("a b -1\na b\n")
    flags = ["-i", text, "-o", tmp_path / "lexicon.npz", "-m", small_run()]
    assert main(["lexicon", "create", *map(str, flags)]) == 2
    assert f"{text}:2: expected" in capsys.readouterr().err
    assert not (tmp_path / "lexicon.npz").exists()


def test_a_run_that_is_none_is_refused(tmp_path, capsys):
    flags = ["-m", tmp_path / "no run", "-o", tmp_path / "lexicon.npz"]
    assert main(["lexicon", "create", *map(str, flags)]) == 2
    assert "no such directory" in capsys.readouterr().err
