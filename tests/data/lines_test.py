import os

import pytest

from keras_seq2seq.data.lines import expand_files, read_lines, read_span, spans
from keras_seq2seq.errors import UserError


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_pipe_is_refused_since_files_are_read_twice(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe: expected a file, .* a pipe"):
        expand_files(tmp_path / "pipe")


def test_only_newlines_end_lines(tmp_path):
    path = write(tmp_path / "t", "a\u2028b\x85c\x0bd\x0ce\rf\r\n\ng")
    assert list(read_lines(path)) == ["a\u2028b\x85c\x0bd\x0ce\rf", "", "g"]


def test_the_last_line_needs_no_end_and_a_blank_one_counts(tmp_path):
    assert list(read_lines(write(tmp_path / "t", "a\nb"))) == ["a", "b"]
    assert list(read_lines(write(tmp_path / "t", "a\nb\n"))) == ["a", "b"]
    assert list(read_lines(write(tmp_path / "t", "a\n\n"))) == ["a", ""]


def test_a_byte_order_mark_is_no_text(tmp_path):
    assert list(read_lines(write(tmp_path / "t", "\ufeffa\nb\n"))) == ["a", "b"]


@pytest.mark.parametrize("size", [1, 2, 5, 7, 100])
def test_spans_of_any_size_hold_every_line_once(tmp_path, size):
    lines = ["", "ä", "bcd", "", "笑笑", "x"]
    path = write(tmp_path / "t", "\n".join(lines))
    found = [x for s in spans(path, size) for x in read_span(path, *s)]
    assert found == lines


def test_columns_count_from_zero(tmp_path):
    path = write(tmp_path / "t", "a\tb c\td\r\n\te\t\n")
    assert list(read_lines(path, 0)) == ["a", ""]
    assert list(read_lines(path, 1)) == ["b c", "e"]
    assert list(read_lines(path, 2)) == ["d", ""]


def test_bad_lines_are_named_in_any_span(tmp_path):
    path = write(tmp_path / "t", b"a\tb\nc\td\n\xe4\te\nf\n")
    begin, end = spans(path, 5)[1]
    assert begin > 0
    with pytest.raises(UserError, match=r"t:3: expected UTF-8.*0xe4"):
        read_span(path, begin, end)
    path = write(tmp_path / "t", b"a\tb\nc\td\nf\n")
    with pytest.raises(UserError, match=r"t:3: expected a column 1"):
        list(read_lines(path, 1))


def test_files_keep_their_order_and_globs_are_sorted(tmp_path):
    for name in ("b.txt", "a.txt", "c.en"):
        write(tmp_path / name, "x\n")
    found = expand_files([tmp_path / "c.en", str(tmp_path / "*.txt")])
    assert [path.name for path in found] == ["c.en", "a.txt", "b.txt"]


def test_a_name_with_pattern_characters_is_a_file_first(tmp_path):
    path = write(tmp_path / "a[1].txt", "x\n")
    assert expand_files(path) == [path]


def test_nothing_found_and_directories_are_explained(tmp_path):
    for files in ([], tmp_path / "*.en", tmp_path / "none", tmp_path):
        with pytest.raises(UserError):
            expand_files(files)
