import pytest

from keras_seq2seq.layers import (
    AttentionDecoder,
    BilinearAttention,
    DotAttention,
    FixedAttention,
    GRUCell,
    RecurrentStack,
)
from keras_seq2seq.operations import operations_of, products
from tests.zoo.tiny_models import attention_model

SOURCE, TARGET, REAL = (3, 6), (3, 5), 9


def test_operations_are_counted_by_the_positions_that_a_matrix_sees():
    model = attention_model()
    reads, writes = 3 * 6, 3 * 5
    encoder = 2 * (7 * 12 + 4 * 12)  # two directions of GRU(4) over 7
    decoder = (7 + 8) * 24 + 8 * 24 + (8 + 8) * 8  # GRU(8), mixing layer
    keys, query, output = 8 * 9, 8 * 9, 8 * 13
    sums = 6 * (9 + 8)  # scores and contexts of a position
    expected = 2 * (
        reads * (encoder + keys)
        + writes * (decoder + query + sums)
        + REAL * output
    )
    assert operations_of(model, SOURCE, TARGET, REAL) == expected


def test_a_table_that_is_the_projection_too_is_counted_as_one():
    tied = attention_model(share_embeddings="target_output")
    more = operations_of(tied, SOURCE, TARGET, REAL + 1)
    less = operations_of(tied, SOURCE, TARGET, REAL)
    assert more - less == 2 * (13 * 7 + 8 * 7)  # the table, and its resize


def test_products_are_told_apart_by_name():
    found = products(attention_model(), 3, 18, 15, 90, REAL)
    assert found["to_logits/kernel"] == 2 * REAL * 8 * 13
    assert found["attention (scores and sums)"] == 2 * 90 * (9 + 8)
    assert "embed_target/table" not in found


@pytest.mark.parametrize(
    ("attention", "width"),
    [
        (DotAttention(5), 5),
        (BilinearAttention(), 6),  # as wide as the decoder's query
        (FixedAttention(), 0),  # compares nothing
    ],
    ids=lambda each: type(each).__name__,
)
def test_scores_are_counted_by_the_width_of_the_keys(attention, width):
    model = attention_model(
        attention=attention,
        decoder=AttentionDecoder(RecurrentStack(GRUCell(6))),
        reverse_source=False,
    )
    found = products(model, 3, 18, 15, 90, REAL)
    assert found["attention (scores and sums)"] == 2 * 90 * (width + 8)
