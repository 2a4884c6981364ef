import numpy as np
import pytest

from keras_seq2seq.data.vectors import read_vectors
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.errors import UserError

WORDS = Vocabulary(["dog", "New York", "été"])


@pytest.fixture
def file(tmp_path):
    def write(text, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_rows_stand_at_the_ids_of_their_words(file, header):
    path = file(f"{header}été 1 2\ncat 3 4\ndog -5e-1 6 \n")
    rows, found = read_vectors(path, WORDS, 2)
    assert found == 2
    assert rows.dtype == np.float32
    nan = [np.nan, np.nan]
    expected = [nan] * 4 + [[-0.5, 6], nan, [1, 2]]
    np.testing.assert_array_equal(rows, np.float32(expected))


def test_words_may_hold_spaces(file):
    rows, found = read_vectors(file("New York 1 2\n"), WORDS, 2)
    assert (found, rows[5].tolist()) == (1, [1, 2])


def test_of_a_double_word_the_first_vector_counts(file):
    rows, _ = read_vectors(file("dog 1 2\ndog 3 4\n"), WORDS, 2)
    assert rows[4].tolist() == [1, 2]


def test_names_of_special_tokens_are_no_words(file):
    _, found = read_vectors(file("</s> 1 2\n<unk> 3 4\n"), WORDS, 2)
    assert found == 0


@pytest.mark.parametrize("specials", [0, 4])
def test_an_array_has_a_row_per_id_or_per_word(tmp_path, specials):
    array = np.arange(2.0 * (3 + specials)).reshape(-1, 2)
    np.save(tmp_path / "vectors.npy", array)
    rows, found = read_vectors(tmp_path / "vectors.npy", WORDS, 2)
    assert found == 3 + specials
    np.testing.assert_array_equal(rows[4 - specials :], array)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dog 1 2\nset 1\n", r"txt:2: expected a word and 2 numbers"),
        ("9 3\ndog 1 2 3\n", r"txt:1: expected vectors of 2 numbers"),
        ("été 1 2\ndog 1 x\n", r"txt:2: expected numbers"),
        ("dog 1 nan\n", r"txt:1: expected finite numbers"),
        ("", "no lines"),
        (b"dog 1 2\n\xff 1 2\n", r"txt:2: expected UTF-8"),
    ],
)
def test_files_of_another_form_are_refused_with_their_line(file, text, message):
    with pytest.raises(UserError, match=message):
        read_vectors(file(text), WORDS, 2)


def test_an_array_of_another_shape_is_refused(tmp_path):
    np.save(tmp_path / "vectors.npy", np.zeros((5, 2)))
    with pytest.raises(UserError, match=r"\(7, 2\).*\(3, 2\).*\(5, 2\)"):
        read_vectors(tmp_path / "vectors.npy", WORDS, 2)


def test_objects_are_never_unpickled(tmp_path):
    objects = np.array([{}], dtype=object)
    np.save(tmp_path / "vectors.npy", objects, allow_pickle=True)
    with pytest.raises(UserError, match="NumPy array of numbers"):
        read_vectors(tmp_path / "vectors.npy", WORDS, 2)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt: no such file"):
        read_vectors(tmp_path / "none.txt", WORDS, 2)
