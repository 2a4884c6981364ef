"""What all models promise."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.layers import (
    AdditiveAttention,
    AttentionDecoder,
    BasicDecoder,
    BasicRNNCell,
    BidirectionalRNNEncoder,
    BilinearAttention,
    ConcatInputBridge,
    ConvEncoder,
    DotAttention,
    EncoderOutputBridge,
    FixedAttention,
    GRUCell,
    InitialStateBridge,
    LSTMCell,
    PassThroughBridge,
    PoolingEncoder,
    RecurrentStack,
    ScaledDotAttention,
    StackBidirectionalRNNEncoder,
    UnidirectionalRNNEncoder,
    ZeroBridge,
)
from keras_seq2seq.ops import reverse_within
from keras_seq2seq.zoo import AttentionSeq2Seq, BasicSeq2Seq
from tests.contracts import (
    array,
    arrays,
    assert_close,
    check_model_config,
    check_stepping,
    randomise,
)
from tests.zoo.tiny_models import (
    SOURCE_LENGTHS,
    SOURCE_SIZE,
    TARGET_SIZE,
    B,
    E,
    S,
    T,
    attention_model,
    basic_model,
    batch,
    conv_model,
    pooling_model,
    sockeye_rnn_model,
)


def pooling(recurrence):
    return PoolingEncoder(3, strides=2, pooling="max", combiner="add")


def convolutions(recurrence):
    return ConvEncoder(5, 3, 2, 6, 2, 2)


ENCODERS = (
    UnidirectionalRNNEncoder,
    BidirectionalRNNEncoder,
    StackBidirectionalRNNEncoder,
    pooling,
    convolutions,
)
DECODERS = ("basic", "context", "input_feeding")
CELLS = (
    {"cell": GRUCell(4), "num_layers": 2, "residual": True},
    {"cell": LSTMCell(4, projection=3, peephole=True), "num_layers": 2},
    {"cell": GRUCell(4, reset_after=True, layer_norm=True)},
    {"cell": BasicRNNCell(4)},
    {"cell": LSTMCell(4, layer_norm=True), "num_layers": 2, "residual": True},
)
ATTENTIONS = (
    AdditiveAttention(9),
    DotAttention(9),
    BilinearAttention(),
    ScaledDotAttention(9),
    FixedAttention(),
)
VARIANTS = list(enumerate(itertools.product(ENCODERS, DECODERS)))


def variant(number, encoder_class, decoder):
    """One combination; cells and attentions take turns."""

    def fresh(layer):
        return type(layer).from_config(layer.get_config())

    def stack(turn):
        options = dict(CELLS[(number + turn) % len(CELLS)])
        return RecurrentStack(fresh(options.pop("cell")), **options)

    options = {
        "encoder": encoder_class(stack(0)),
        "reverse_source": number % 2 == 0,
        "share_embeddings": (None, "target_output")[number % 2],
    }
    if decoder == "basic":
        kind, options["decoder"] = BasicSeq2Seq, BasicDecoder(stack(1))
    else:
        kind = AttentionSeq2Seq
        options["attention"] = fresh(ATTENTIONS[number % len(ATTENTIONS)])
        options["reverse_source"] &= not options["attention"].needs_last
        options["decoder"] = AttentionDecoder(
            stack(1), input_feeding=decoder == "input_feeding"
        )
        options["bridge"] = (ZeroBridge(), InitialStateBridge("outputs"))[
            number % 2
        ]
    return randomise(kind(SOURCE_SIZE, TARGET_SIZE, E, **options), 0.4)


@pytest.mark.parametrize(
    ("number", "parts"),
    VARIANTS,
    ids=[f"{encoder.__name__}-{name}" for _, (encoder, name) in VARIANTS],
)
def test_contract(number, parts):
    model, inputs = variant(number, *parts), batch()[0]
    check_stepping(model, {**inputs, "target": inputs["target"][:, :2]})
    check_model_config(model, inputs)


def check_padding_of(encoder, **options):
    """Wider padding changes no logit of a model with this encoder."""
    # Convolutions give values of width 6, pooling the embeddings.
    width = {pooling: E, convolutions: 6}[encoder]
    model = attention_model(
        encoder=encoder(None),
        decoder=AttentionDecoder(RecurrentStack(GRUCell(width))),
        **options,
    )
    inputs, wide = batch()[0], wider(batch())[0]
    assert_close(model(wide)[:, :T], model(inputs))


@pytest.mark.parametrize(
    "attention", ATTENTIONS, ids=lambda a: type(a).__name__
)
@pytest.mark.parametrize("encoder", [pooling, convolutions])
def test_encoders_without_recurrence_serve_every_attention(encoder, attention):
    check_padding_of(
        encoder,
        attention=type(attention).from_config(attention.get_config()),
        bridge=InitialStateBridge(),
        reverse_source=not attention.needs_last,
    )


@pytest.mark.parametrize(
    "bridge",
    [
        ZeroBridge,
        PassThroughBridge,
        InitialStateBridge,
        lambda: InitialStateBridge("outputs"),
        lambda: InitialStateBridge("attention_values"),
    ],
    ids=["zero", "pass_through", "final_state", "outputs", "attention_values"],
)
@pytest.mark.parametrize("encoder", [pooling, convolutions])
def test_encoders_without_recurrence_serve_every_bridge(encoder, bridge):
    check_padding_of(encoder, bridge=bridge())


@pytest.mark.parametrize(
    "decoder",
    [
        AttentionDecoder(RecurrentStack(GRUCell(8))),
        AttentionDecoder(RecurrentStack(GRUCell(8)), input_feeding=True),
        BasicDecoder(RecurrentStack(GRUCell(8), num_layers=2)),
    ],
    ids=["context", "input_feeding", "basic"],
)
def test_contract_of_a_bridge_that_feeds_the_decoder(decoder):
    make = basic_model if type(decoder) is BasicDecoder else attention_model
    model = make(decoder=decoder, bridge=ConcatInputBridge(3))
    inputs = batch()[0]
    check_stepping(model, {**inputs, "target": inputs["target"][:, :2]})
    check_model_config(model, inputs)


def test_what_a_bridge_feeds_is_a_part_of_every_decoder_input():
    """The same as a wider token vector whose tail depends on the source."""
    model = basic_model(bridge=ConcatInputBridge(3))
    inputs = batch()[0]
    memory, carry = model.encode(inputs)
    assert memory["fed"].shape == (B, 3)
    fed = np.repeat(np.asarray(memory["fed"])[:, None], T, axis=1)
    embedded = np.asarray(model.embed_target(inputs["target"]))
    features = model.decoder.decode(
        np.concatenate([embedded, fed], axis=-1), memory, carry, None
    )
    assert_close(model.to_logits(features), model(inputs))
    for state in arrays(carry["states"]):
        assert (state == 0).all()


MAKERS = (attention_model, basic_model, pooling_model, conv_model)


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def model(request):
    return request.param()


def loss_gradients(model, data):
    """Gradients of the training loss, none of them applied."""
    inputs, labels, weights = data
    with tf.GradientTape() as tape:
        logits = model(inputs)
        nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_sum(nats * weights)
    return tape.gradient(loss, [v.value for v in model.trainable_variables])


def wider(data):
    inputs, labels, weights = data
    pad = ((0, 0), (0, 2))
    inputs = {name: np.pad(ids, pad) for name, ids in inputs.items()}
    return inputs, np.pad(labels, pad), np.pad(weights, pad)


def test_wider_padding_changes_no_logit_state_or_gradient(model):
    data = batch()
    before, slopes = model(data[0]), loss_gradients(model, data)
    memory, carry = model.encode(data[0])
    wide = wider(data)
    assert_close(model(wide[0])[:, :T], before, 1e-6)
    assert_close(loss_gradients(model, wide), slopes)
    wide_memory, wide_carry = model.encode(wide[0])
    assert_close(wide_carry["states"], carry["states"], 1e-6)
    for name, part in memory.items():
        assert_close(wide_memory[name][:, :S], part, 1e-6)


def test_the_vector_of_padding_is_never_seen(model):
    data = batch()
    real = data[2].astype(bool)
    before = np.asarray(model(data[0]))
    slopes = loss_gradients(model, data)
    tables = (model.embed_source.table, model.embed_target.table)
    for table in tables:
        table.assign(np.r_[np.full((1, E), 50.0), np.asarray(table)[1:]])
    assert_close(np.asarray(model(data[0]))[real], before[real], 0)
    assert_close(loss_gradients(model, data), slopes, 1e-6)
    found = dict(
        zip([v.path for v in model.trainable_variables], slopes, strict=True)
    )
    for table in tables:
        assert (np.asarray(found[table.path])[0] == 0).all()


def test_rows_do_not_see_each_other(model):
    inputs, _, _ = batch()
    together = np.asarray(model(inputs))
    for row in range(B):
        alone = {name: ids[row : row + 1] for name, ids in inputs.items()}
        assert_close(model(alone)[0], together[row])


def test_an_output_sees_no_later_target(model):
    inputs, _, _ = batch()
    inputs["target"][:] = np.arange(4, 4 + T)
    before = np.asarray(model(inputs))
    inputs["target"][:, 2:] = 12
    after = np.asarray(model(inputs))
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert (after[:, 2] != before[:, 2]).all()


def test_nothing_is_kept_from_one_call_to_the_next(model):
    first, second = batch(0)[0], batch(1)[0]
    alone = np.asarray(model(second))
    model(first)
    np.testing.assert_array_equal(model(second), alone)


# Source reversal ----------------------------------------------------------


@pytest.mark.parametrize("make", [attention_model, pooling_model, conv_model])
def test_reversal_equals_a_source_reversed_by_hand(make):
    forwards, backwards = (
        make(reverse_source=reverse) for reverse in (False, True)
    )
    inputs, _, _ = batch()
    reversed_inputs = {
        **inputs,
        "source": np.asarray(reverse_within(inputs["source"], SOURCE_LENGTHS)),
    }
    assert_close(backwards(inputs), forwards(reversed_inputs))


@pytest.mark.parametrize("make", [attention_model, pooling_model, conv_model])
def test_attention_rows_stand_in_the_original_order(make):
    forwards, backwards = (
        make(reverse_source=reverse) for reverse in (False, True)
    )
    inputs, _, _ = batch()
    reversed_source = np.asarray(
        reverse_within(inputs["source"], SOURCE_LENGTHS)
    )

    def weights(model, source):
        memory, carry = model.encode({"source": source})
        return model.step(inputs["target"][:, :1], memory, carry)[2]

    found = weights(backwards, inputs["source"])
    by_hand = weights(forwards, reversed_source)[:, 0]
    assert_close(found[:, 0], reverse_within(by_hand, SOURCE_LENGTHS))
    np.testing.assert_allclose(np.sum(found, axis=-1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"attention": FixedAttention()}, {"bridge": EncoderOutputBridge("last")}],
    ids=lambda options: next(iter(options)),
)
def test_the_last_word_must_not_be_read_first_where_only_it_is_seen(options):
    with pytest.raises(ValueError, match="reverse_source=False.*=True"):
        attention_model(**options)
    attention_model(reverse_source=False, **options)


def test_without_attention_the_last_output_is_that_of_the_word_read_last():
    model = basic_model(
        encoder=UnidirectionalRNNEncoder(RecurrentStack(GRUCell(4))),
        bridge=EncoderOutputBridge("last"),
    )
    inputs, _, _ = batch()
    before = np.asarray(model(inputs))
    inputs["source"][:, 0] = inputs["source"][:, 0] % 7 + 4
    assert (np.asarray(model(inputs)) != before).any()


# Sharing ------------------------------------------------------------------


def attention_model_of(size, sharing):
    return AttentionSeq2Seq(
        size,
        size,
        E,
        encoder=BidirectionalRNNEncoder(RecurrentStack(GRUCell(4))),
        attention=AdditiveAttention(9),
        decoder=AttentionDecoder(RecurrentStack(GRUCell(8))),
        share_embeddings=sharing,
    )


def test_sharing_saves_the_weights_that_it_shares():
    size, units = 17, 8
    count = {
        sharing: attention_model_of(size, sharing).count_params()
        for sharing in (None, "source_target", "target_output", "all")
    }
    table, kernel, resize = size * E, units * size, units * E + E
    assert count["source_target"] == count[None] - table
    assert count["target_output"] == count[None] - kernel + resize
    assert count["all"] == count[None] - table - kernel + resize


@pytest.mark.parametrize("sharing", ["source_target", "all"])
def test_a_shared_table_is_one_variable_that_both_sides_train(sharing):
    model = randomise(attention_model_of(17, sharing))
    assert model.embed_source.table is model.embed_target.table
    inputs, labels, weights = batch()
    inputs["source"][inputs["source"] > 0] = 15  # 15 is a source word only
    inputs["target"] = np.minimum(inputs["target"], 14)
    paths = [v.path for v in model.trainable_variables]
    assert len(set(paths)) == len(paths)
    slopes = loss_gradients(model, (inputs, labels, weights))
    table = np.asarray(slopes[paths.index(model.embed_target.table.path)])
    target_word = inputs["target"][0, 1]
    assert np.abs(table[15]).max() > 0
    assert np.abs(table[target_word]).max() > 0
    # A word that neither side holds is moved by the output side only.
    assert (table[16] == 0).all() == (sharing == "source_target")


def test_a_tied_projection_multiplies_with_the_table():
    model = randomise(attention_model_of(17, "target_output"))
    features = array(B, 8)
    resized = np.asarray(model.to_logits.resize(features))
    expected = resized @ np.asarray(model.embed_target.table).T
    expected += np.asarray(model.to_logits.bias)
    assert_close(model.to_logits(features), expected)


def test_sharing_needs_one_vocabulary():
    with pytest.raises(ValueError, match="Received: sizes 11 and 13"):
        AttentionSeq2Seq(11, 13, share_embeddings="source_target")


@pytest.mark.parametrize(
    ("sharing", "saved"),
    # Sockeye's src_trg, trg_softmax and src_trg_softmax.
    [("source_target", 1), ("target_output", 1), ("all", 2)],
)
def test_sockeyes_weight_tying_saves_whole_tables(sharing, saved):
    model, plain = (
        sockeye_rnn_model((17, 17), share_embeddings=each)
        for each in (sharing, None)
    )
    assert model.count_params() == plain.count_params() - saved * 17 * 8
    inputs, _, _ = batch()
    check_stepping(model, inputs)
    check_model_config(model, inputs)


# Sides that differ --------------------------------------------------------


def test_sides_may_have_widths_of_their_own():
    model = AttentionSeq2Seq(SOURCE_SIZE, TARGET_SIZE, (5, 9))
    assert model.embed_source.table.shape == (SOURCE_SIZE, 5)
    assert model.embed_target.table.shape == (TARGET_SIZE, 9)
    inputs, _, _ = batch()
    check_model_config(model, inputs)
    check_stepping(model, inputs)


def test_a_shared_table_has_one_width():
    with pytest.raises(ValueError, match="one width. Received: 5 and 9"):
        AttentionSeq2Seq(11, 11, (5, 9), share_embeddings="all")


@pytest.mark.parametrize("option", ["embedding_dropout", "word_dropout"])
@pytest.mark.parametrize("side", [0, 1], ids=["source", "target"])
def test_sides_may_drop_shares_of_their_own(side, option):
    shares = [0.0, 0.0]
    shares[side] = 0.5
    model, inputs = attention_model(**{option: shares}), batch()[0]
    memory, carry = model.encode(inputs)
    dropped, _ = model.encode(inputs, training=True)
    same = np.allclose(dropped["values"], memory["values"], atol=1e-3)
    assert same == (side == 1)
    clean = model.decode(inputs["target"], memory, carry)
    trained = model.decode(inputs["target"], memory, carry, training=True)
    assert np.allclose(trained, clean, atol=1e-3) == (side == 0)
    check_model_config(model, inputs)


# Dropout and precision ----------------------------------------------------


def test_a_dropped_word_is_dropped_as_a_whole():
    model = attention_model(word_dropout=(0.5, 0.75), seed=3)
    vectors = np.ones((4, 50, 6), "float32")
    source = np.array(model.drop_source_words(vectors, training=True))
    target = np.array(model.drop_words(vectors, training=True))
    for dropped, kept in ((source, 2), (target, 4)):
        assert set(np.unique(dropped)) == {0, kept}
        assert (dropped == dropped[:, :, :1]).all()
    assert np.mean(source > 0) > np.mean(target > 0)


@pytest.mark.parametrize(
    "option", ["embedding_dropout", "word_dropout", "output_dropout"]
)
def test_dropout_acts_in_training_only(option):
    model, plain = attention_model(**{option: 0.5}), attention_model()
    inputs, _, _ = batch()
    clean = plain(inputs)
    assert_close(model(inputs), clean, 0)
    assert not np.allclose(model(inputs, training=True), clean, atol=1e-3)


def test_equal_seeds_drop_the_same():
    one, other = (attention_model(embedding_dropout=0.5, seed=3) for _ in "ab")
    inputs, _, _ = batch()
    first = one(inputs, training=True)
    assert_close(other(inputs, training=True), first, 0)
    assert not np.allclose(one(inputs, training=True), first, atol=1e-3)


@pytest.mark.parametrize("make", [*MAKERS, sockeye_rnn_model])
def test_logits_are_float32_in_bfloat16(make):
    model, (inputs, _, _) = make(), batch()
    keras.config.set_dtype_policy("mixed_bfloat16")
    half = make()
    logits = half(inputs)
    assert logits.dtype == "float32"
    assert_close(logits, model(inputs), 0.2)
    stepped, _, _ = half.step(inputs["target"][:, :1], *half.encode(inputs))
    assert stepped.dtype == "float32"


def test_a_model_keeps_its_precision_under_another_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    model = attention_model()
    keras.config.set_dtype_policy("float32")
    twin = type(model).from_config(model.get_config())
    twin.set_weights(model.get_weights())
    inputs, _, _ = batch()
    assert_close(twin(inputs), model(inputs), 0)


# Errors -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share_embeddings": "both"}, "'both'"),
        ({"label_smoothing": 1.0}, r"Received: 1\.0"),
        ({"embedding_dropout": 1.5}, r"1\.5"),
        ({"word_dropout": 1.5}, r"1\.5"),
        ({"embedding_dim": (1, 2, 3)}, r"or a pair.*\(1, 2, 3\)"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AttentionSeq2Seq(SOURCE_SIZE, TARGET_SIZE, **options)
