import numpy as np
import pytest

from keras_seq2seq.layers import (
    BasicDecoder,
    GRUCell,
    InitialStateBridge,
    LSTMCell,
    PassThroughBridge,
    RecurrentStack,
    UnidirectionalRNNEncoder,
)
from keras_seq2seq.zoo import BasicSeq2Seq
from tests.contracts import assert_close, randomise
from tests.numpy_layers import gru_step
from tests.zoo.tiny_models import SOURCE_LENGTHS, B, E, T, batch


def passing(encoder_cell, decoder_cell):
    return BasicSeq2Seq(
        11,
        13,
        E,
        encoder=UnidirectionalRNNEncoder(RecurrentStack(encoder_cell)),
        bridge=PassThroughBridge(),
        decoder=BasicDecoder(RecurrentStack(decoder_cell)),
        reverse_source=False,
    )


def test_documented_defaults():
    model = BasicSeq2Seq(11, 13)
    assert isinstance(model.encoder, UnidirectionalRNNEncoder)
    assert isinstance(model.bridge, InitialStateBridge)
    assert model.bridge.bridge_input == "final_state"
    assert isinstance(model.decoder, BasicDecoder)
    assert model.attention is None


def test_the_whole_model_by_hand():
    model = randomise(passing(GRUCell(8), GRUCell(8)))
    inputs, _, _ = batch()
    source = np.asarray(model.embed_source.table)[inputs["source"]]
    target = np.asarray(model.embed_target.table)[inputs["target"]]
    encoder = model.encoder.recurrence.cells[0]
    decoder = model.decoder.recurrence.cells[0]
    logits = model(inputs)
    for row in range(B):
        h = np.zeros((1, 8))
        for position in range(SOURCE_LENGTHS[row]):
            h = gru_step(encoder, source[row : row + 1, position], h)
        for time in range(T):
            h = gru_step(decoder, target[row : row + 1, time], h)
            expected = h @ np.asarray(model.to_logits.kernel)
            expected += np.asarray(model.to_logits.bias)
            assert_close(logits[row, time], expected[0])


def test_states_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="Use `InitialStateBridge` instead"):
        passing(GRUCell(8), LSTMCell(8))


def test_memory_holds_nothing_to_attend_to():
    model = passing(GRUCell(8), GRUCell(8))
    memory, _ = model.encode(batch()[0])
    assert set(memory) == {"valid"}
