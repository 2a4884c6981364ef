import keras
import numpy as np
import pytest

from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    BidirectionalRNNEncoder,
    DotAttention,
    GRUCell,
    LSTMCell,
    RecurrentStack,
    ZeroBridge,
)
from keras_seq2seq.zoo import AttentionSeq2Seq
from tests.contracts import assert_close
from tests.numpy_layers import dense, gru_step, softmax
from tests.zoo.tiny_models import (
    SOURCE_LENGTHS,
    B,
    S,
    T,
    attention_model,
    batch,
)


def nmt(size, vocabulary):
    """The example configurations of google/seq2seq."""
    width, attention, encoder, decoder = {
        "small": (128, DotAttention(128), GRUCell(128), GRUCell(128)),
        "medium": (256, AdditiveAttention(256), GRUCell(256), GRUCell(256)),
        "large": (512, AdditiveAttention(512), LSTMCell(512), LSTMCell(512)),
    }[size]
    layers = {"small": (1, 1), "medium": (1, 2), "large": (2, 4)}[size]
    return AttentionSeq2Seq(
        vocabulary,
        vocabulary,
        embedding_dim=width,
        encoder=BidirectionalRNNEncoder(RecurrentStack(encoder, layers[0])),
        attention=attention,
        decoder=AttentionDecoder(RecurrentStack(decoder, layers[1])),
    )


@pytest.mark.parametrize(
    ("size", "vocabulary", "expected"),
    [
        ("small", 23, 501_911),
        ("small", 32_003, 12_814_211),
        ("medium", 23, 2_381_079),
        ("medium", 32_003, 26_973_699),
        ("large", 23, 20_501_015),
        ("large", 32_003, 69_654_275),
    ],
)
def test_parameter_counts_of_the_historical_models(size, vocabulary, expected):
    model = nmt(size, vocabulary)
    assert sum(np.prod(v.shape) for v in model.trainable_variables) == expected


def test_documented_defaults():
    model = AttentionSeq2Seq(11, 13)
    assert model.embedding_dim == 100
    assert isinstance(model.encoder, BidirectionalRNNEncoder)
    assert isinstance(model.bridge, ZeroBridge)
    assert isinstance(model.attention, AdditiveAttention)
    assert model.attention.units == 128
    assert isinstance(model.decoder, AttentionDecoder)
    assert not model.decoder.input_feeding
    assert (model.reverse_source, model.share_embeddings) == (True, None)
    assert (model.clip_norm, model.label_smoothing) == (5.0, 0.0)


def test_initial_values_are_the_historical_ones():
    model = AttentionSeq2Seq(300, 400)
    for table in (model.embed_source.table, model.embed_target.table):
        assert 0.039 < np.abs(table).max() <= 0.04
    kernel = model.to_logits.kernel
    bound = np.sqrt(6 / sum(kernel.shape))  # Glorot uniform
    assert 0.99 * bound < np.abs(kernel).max() <= bound
    assert (np.asarray(model.to_logits.bias) == 0).all()


def encoded_by_hand(model, source):
    """Annotations `(B, S, 2U)`, each row by itself."""
    outputs = np.zeros((B, S, 8))
    table = np.asarray(model.embed_source.table)
    ahead = model.encoder.recurrence.cells[0]
    back = model.encoder.backward.cells[0]
    for row, count in enumerate(SOURCE_LENGTHS):
        for cell, order, part in (
            (ahead, range(count), slice(0, 4)),
            (back, range(count - 1, -1, -1), slice(4, 8)),
        ):
            h = np.zeros((1, 4))
            for position in order:
                h = gru_step(cell, table[source[row, position]][None], h)
                outputs[row, position, part] = h[0]
    return outputs


@pytest.mark.parametrize("input_feeding", [False, True])
def test_the_whole_model_by_hand(input_feeding):
    decoder = AttentionDecoder(RecurrentStack(GRUCell(8)), input_feeding)
    model = attention_model(decoder=decoder, reverse_source=False)
    inputs, _, _ = batch()
    values = encoded_by_hand(model, inputs["source"])
    attention = model.attention
    keys = dense(attention.key_projection, values)
    table = np.asarray(model.embed_target.table)
    valid = np.arange(S) < SOURCE_LENGTHS[:, None]
    h, fed, logits = np.zeros((B, 8)), np.zeros((B, 8)), []
    for time in range(T):
        x = np.concatenate([table[inputs["target"][:, time]], fed], axis=-1)
        h = gru_step(decoder.recurrence.cells[0], x, h)
        query = dense(attention.query_projection, h)[:, None]
        scores = np.tanh(keys + query) @ np.asarray(attention.vector)
        context = np.einsum("bs,bsm->bm", softmax(scores, valid), values)
        s = np.tanh(dense(decoder.mix, np.concatenate([h, context], axis=-1)))
        fed = s if input_feeding else context
        logits.append(s @ np.asarray(model.to_logits.kernel))
    expected = np.stack(logits, axis=1) + np.asarray(model.to_logits.bias)
    assert_close(model(inputs), expected)


def test_own_attention_layers_can_be_given():
    @keras.saving.register_keras_serializable("tests")
    class Uniform(DotAttention):
        """Looks everywhere alike."""

        def scorer(self, keys):
            return lambda query: keras.ops.zeros(
                (*keras.ops.shape(query)[:2], keys.shape[1])
            )

    model = attention_model(attention=Uniform(5))
    inputs, _, _ = batch()
    memory, carry = model.encode(inputs)
    _, _, weights = model.step(inputs["target"][:, :1], memory, carry)
    expected = (np.arange(S) < SOURCE_LENGTHS[:, None]) / SOURCE_LENGTHS[
        :, None
    ]
    assert_close(weights[:, 0], expected)
