import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.data.vocabulary import Vocabulary

GOLDEN = "b b a a c \n a b \n c  d c\n"  # reference: bin/tools/generate_vocab


@pytest.fixture
def vocab(capsys, standard_input):
    """Lines that `vocab` writes for text on standard input."""

    def run(text, *flags):
        standard_input(text)
        assert main(["vocab", *map(str, flags)]) == 0
        return capsys.readouterr().out.splitlines()

    return run


def test_the_historical_golden(vocab):
    assert vocab(GOLDEN) == ["c\t3", "b\t3", "a\t3", "d\t1"]


def test_the_minimum_frequency_is_inclusive(vocab):
    assert vocab(GOLDEN, "--min_frequency", 3) == ["c\t3", "b\t3", "a\t3"]
    assert vocab(GOLDEN, "--min_frequency", 1)[-1] == "d\t1"


def test_the_size_is_limited(vocab):
    assert vocab(GOLDEN, "--max_vocab_size", 2) == ["c\t3", "b\t3"]


def test_lower_casing_adds_counts_up(vocab):
    assert vocab("A a B\n") == ["a\t1", "B\t1", "A\t1"]
    assert vocab("A a B\n", "--downcase") == ["a\t2", "b\t1"]


@pytest.mark.parametrize("value", ["True", "False", "true", "false"])
def test_lower_casing_takes_the_values_of_old_scripts(vocab, value):
    lowered = vocab("A a\n", "--downcase", value) == ["a\t2"]
    assert lowered == (value.lower() == "true")


def test_lower_casing_alone_stands_before_flags_and_files(vocab, tmp_path):
    assert vocab("A a\n", "--downcase", "--min_frequency", 2) == ["a\t2"]
    for name in ("1.txt", "2.txt"):
        (tmp_path / name).write_text("A a\n")
    files = [tmp_path / "1.txt", tmp_path / "2.txt"]
    assert vocab("", "--downcase", *files) == ["a\t4"]


@pytest.mark.parametrize(
    "flags", [["--delimiter", ""], ["--kind", "character"]]
)
def test_characters_are_those_of_unicode_and_hold_the_space(vocab, flags):
    assert vocab("笑 笑\n", *flags) == ["笑\t2", " \t1"]


def test_a_delimiter_separates(vocab):
    assert vocab("a|b c|a\n", "--delimiter", "|") == ["a\t2", "b c\t1"]


def test_several_files_and_globs_are_one_text(vocab, tmp_path):
    for name, text in (("1.txt", "a b\n"), ("2.txt", "b\n"), ("3.md", "b\n")):
        (tmp_path / name).write_text(text)
    assert vocab("", tmp_path / "*.txt") == ["b\t2", "a\t1"]
    files = [tmp_path / "1.txt", tmp_path / "3.md"]
    assert vocab("", *files) == ["b\t2", "a\t1"]


def test_columns_of_a_tsv_are_read_alone_or_together(vocab, tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("ab\tx y\tno\nb\ty\tno\n")
    letters = vocab("", path, "--kind", "character", "--column", 0)
    assert letters == ["b\t2", "a\t1"]
    both = vocab("", path, "--column", 0, "--column", 1)
    assert both == ["y\t2", "x\t1", "b\t1", "ab\t1"]


def test_a_file_is_written_whole(vocab, tmp_path):
    path = tmp_path / "new" / "vocab.txt"
    assert vocab("a\n", "--output", path) == []
    assert path.read_text() == "a\t1\n"
    assert [each.name for each in path.parent.iterdir()] == ["vocab.txt"]


def test_a_subword_model_is_trained(vocab, tmp_path):
    text = "abab baba abba baab\n" * 20
    flags = ["--kind", "bpe", "--size", 10, "--output", tmp_path / "joint"]
    assert vocab(text, *flags) == []
    from keras_seq2seq.data.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(tmp_path / "joint.model")
    assert tokenizer.vocabulary_size == 10
    assert tokenizer.decode(tokenizer.encode("abba baba")) == "abba baba"


def test_a_positional_file_gives_what_standard_input_gives(vocab, tmp_path):
    path = tmp_path / "text"
    path.write_text(GOLDEN)
    assert vocab("", path) == vocab(GOLDEN)


def test_line_ends_blank_lines_and_special_names_are_no_words(vocab):
    text = "a b\r\n\r\n  \nUNK SEQUENCE_END <s> a\r\n"
    assert vocab(text) == ["a\t2", "b\t1"]


def test_what_it_writes_can_be_read_and_has_the_same_order(vocab, tmp_path):
    path = tmp_path / "vocab"
    path.write_text("".join(f"{line}\n" for line in vocab(GOLDEN)))
    found = Vocabulary.read(path)
    assert found.words == ("c", "b", "a", "d")
    assert found.counts == (3, 3, 3, 1)


def test_nothing_to_count_is_explained(capsys, standard_input):
    standard_input("\n")
    assert main(["vocab"]) == 2
    assert "No token is left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--max_vocab_size", "0"], "Received: '0'"),
        (["--max_vocab_size", "9", "--size", "8"], "Received: 8 and 9"),
    ],
)
def test_sizes_that_can_not_be_are_refused(flags, told, capsys):
    assert main(["vocab", *flags]) == 2
    assert told in capsys.readouterr().err
