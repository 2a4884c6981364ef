import gzip
import io

import pytest

from keras_seq2seq.data.byte_lines import decode_lines, read_plain_or_gzip
from keras_seq2seq.data.lines import read_lines
from keras_seq2seq.errors import UserError

TEXT = "\ufeffa b\r\n\nc\u2028d\n 笑\x85e"


def test_lines_are_cut_as_those_of_a_file(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(TEXT.encode())
    expected = list(read_lines(path))
    assert list(decode_lines(io.BytesIO(TEXT.encode()), "x")) == expected
    assert list(read_plain_or_gzip(path)) == expected
    path.write_bytes(gzip.compress(TEXT.encode()))
    assert list(read_plain_or_gzip(path)) == expected


def test_wrong_bytes_are_named_with_their_line():
    with pytest.raises(UserError, match="standard input:2: expected UTF-8"):
        list(decode_lines(io.BytesIO(b"a\n\xff\n"), "standard input"))


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"a b c\n" * 100)[:-9])
    with pytest.raises(UserError, match="cut off"):
        list(read_plain_or_gzip(path))
