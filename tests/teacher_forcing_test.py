import numpy as np
import pytest

from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.teacher_forcing import TeacherForcing
from keras_seq2seq.tokens import END, START
from tests.zoo.tiny_models import basic_model, conv_s2s_model

SOURCES = ["a b c", "d", "", "c c zzz d e"]
REFERENCES = ["a i", "b c d e f g", "h", ""]


WORDS = ("a", "b", "c", "d", "e", "f", "g")
TOKENIZERS = (
    DelimiterTokenizer(Vocabulary(WORDS)),
    DelimiterTokenizer(Vocabulary(WORDS + ("h", "i"))),
)


@pytest.fixture(scope="module")
def model():
    return basic_model(tokenizers=TOKENIZERS)


def likeliest(model, source, reference):
    """Ids up to the first END, of one pair alone."""
    pair = model.tokenizers
    inputs = {
        "source": np.array([[*pair[0].encode(source), END]]),
        "target": np.array([[START, *pair[1].encode(reference)]]),
    }
    ids = np.argmax(model(inputs), axis=-1)[0].tolist()
    return ids[: ids.index(END)] if END in ids else ids


def test_each_place_has_the_likeliest_token_after_the_true_ones(model):
    found = TeacherForcing(SOURCES, REFERENCES, batch_size=3).write(model)
    expected = [
        likeliest(model, *pair)
        for pair in zip(SOURCES, REFERENCES, strict=True)
    ]
    tokenizer = model.tokenizers[1]
    assert [each.tokens for each in found] == [
        tuple(tokenizer.pieces(ids)) for ids in expected
    ]
    assert [each.text for each in found] == [
        tokenizer.decode(ids) for ids in expected
    ]
    assert any(expected)


def test_nothing_is_written_beyond_the_place_of_the_references_end(model):
    found = TeacherForcing(SOURCES, REFERENCES).write(model)
    for each, reference in zip(found, REFERENCES, strict=True):
        assert len(each.tokens) <= len(reference.split()) + 1


def test_writing_again_gives_the_same(model):
    teacher = TeacherForcing(SOURCES, REFERENCES)
    assert teacher.write(model) == teacher.write(model)


def test_references_are_cut_to_the_positions_of_the_model():
    positions = {"num_positions": 4}
    model = conv_s2s_model(
        decoder=positions, max_target_length=4, tokenizers=TOKENIZERS
    )
    sources, long = ["a b", "c"], "b c d e f g"
    found = TeacherForcing(sources, [long, "h"]).write(model)
    assert found == TeacherForcing(sources, ["b c d", "h"]).write(model)
