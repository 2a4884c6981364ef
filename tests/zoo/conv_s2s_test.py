import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq.config.conv_architectures import (
    ARCHITECTURES,
    ConvArchitecture,
)
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.layers import (
    AttentionDecoder,
    BidirectionalRNNEncoder,
    ConvS2SDecoder,
    ConvS2SEncoder,
    GRUCell,
    InitialStateBridge,
    RecurrentStack,
)
from keras_seq2seq.search import BeamSearch, GreedySearch, SamplingSearch
from keras_seq2seq.zoo import AttentionSeq2Seq, ConvS2S, Ensemble
from tests.contracts import (
    assert_close,
    check_model_config,
    check_stepping,
    randomise,
)
from tests.zoo.tiny_models import (
    SOURCE_SIZE,
    TARGET_SIZE,
    B,
    E,
    T,
    attention_model,
    batch,
    conv_s2s_model,
    sockeye_conv_model,
    step,
)

WORDS = ("a", "b", "c", "d", "e", "f", "g")
SOURCES = ["a b c", "", "d", "b a c d e"]
BEAM = BeamSearch(3, n_best=2, with_attention=True)


# Two layers, one of which attends: graphs are made faster.
SMALL = {
    "encoder": {"layers": [(5, 3)]},
    "decoder": {"layers": [(5, 3), (4, 2)], "attention": [True, False]},
}


def gru(units):
    return RecurrentStack(GRUCell(units))


def with_words(make=conv_s2s_model, **options):
    pair = (
        DelimiterTokenizer(Vocabulary(WORDS)),
        DelimiterTokenizer(Vocabulary((*WORDS, "h", "i"))),
    )
    given = SMALL if make is conv_s2s_model else {}
    options = {"tokenizers": pair, "max_target_length": 6, **given, **options}
    return make(**options)


def eagerly(model):
    """The model without graphs, for short searches."""
    model.as_graph = lambda function: function
    model.trace = lambda *arguments: None
    return model


@pytest.fixture(scope="module")
def model():
    return with_words()


MAKERS = {
    "convs2s": conv_s2s_model,
    "reversed, tied": lambda: conv_s2s_model(
        reverse_source=True, share_embeddings="target_output"
    ),
    "sockeye": sockeye_conv_model,
    "sockeye, projected": lambda: sockeye_conv_model(project_qkv=True),
    "recurrent encoder": lambda: conv_s2s_model_of(
        BidirectionalRNNEncoder(gru(3)),
        ConvS2SDecoder([(5, 3)], project_memory=True),
    ),
    "recurrent decoder": lambda: conv_s2s_model_of(
        ConvS2SEncoder([(5, 3)], "sockeye"),
        AttentionDecoder(gru(4)),
        bridge=InitialStateBridge(),
    ),
}


def conv_s2s_model_of(encoder, decoder, kind=ConvS2S, **options):
    return randomise(
        kind(
            SOURCE_SIZE,
            TARGET_SIZE,
            E,
            encoder=encoder,
            decoder=decoder,
            **options,
        )
    )


@pytest.mark.parametrize("name", MAKERS)
def test_steps_equal_teacher_forcing_and_the_configuration_is_whole(name):
    made, (inputs, _, _) = MAKERS[name](), batch()
    check_stepping(made, inputs)
    check_model_config(made, inputs)


@pytest.mark.parametrize("make", [conv_s2s_model, sockeye_conv_model])
def test_padding_is_unseen(make):
    made, (inputs, _, _) = make(), batch()
    before = made(inputs)
    wider = {
        name: np.pad(ids, [(0, 0), (0, 3)]) for name, ids in inputs.items()
    }
    assert_close(np.asarray(made(wider))[:, :T], before)


def test_training_makes_the_loss_fall_and_reaches_every_weight():
    made, data = conv_s2s_model(label_smoothing=0.1), batch()
    made.compile(keras.optimizers.SGD(0.1))
    before = [np.asarray(w).copy() for w in made.trainable_variables]
    losses = [step(made, data)["loss"] for _ in range(4)]
    assert losses[-1] < losses[0]
    for variable, old in zip(made.trainable_variables, before, strict=True):
        assert (np.asarray(variable) != old).any(), variable.path


def test_fit_without_arguments_to_compile():
    made, (inputs, labels, weights) = conv_s2s_model(**SMALL), batch()
    made.compile()
    history = made.fit(inputs, labels, sample_weight=weights, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_searches_write_and_attention_is_real(model):
    for search in (BEAM, GreedySearch(with_attention=True)):
        for source, found in zip(
            SOURCES, model.generate(SOURCES, search), strict=True
        ):
            assert bool(found.tokens) == bool(source)
            if source:
                weights = found.attention
                assert weights.shape[1] == len(source.split()) + 1
                assert_close(weights.sum(1), np.ones(len(found.tokens)))


def test_sampling_is_repeatable():
    made = eagerly(with_words(max_target_length=3))
    one, other = (made.generate(["a b"], SamplingSearch(seed=3)) for _ in "ab")
    assert one[0].tokens == other[0].tokens


def test_batches_do_not_change_what_is_written(model):
    for together, source in zip(
        model.generate(SOURCES, BEAM), SOURCES, strict=True
    ):
        (alone,) = model.generate([source], BEAM)
        assert alone.tokens == together.tokens
        assert alone.log_prob == pytest.approx(together.log_prob, abs=1e-4)


def test_ensembles_take_it_beside_recurrence():
    first = eagerly(with_words(max_target_length=2))
    mixed = Ensemble([first, with_words(attention_model)])
    assert mixed.longest_source == mixed.longest_target == 9
    assert mixed.generate(["a b"], BEAM)[0].tokens
    twins = Ensemble([first, first]).generate(["a b"], BEAM)[0]
    assert twins.tokens == first.generate(["a b"], BEAM)[0].tokens


def test_bfloat16_gives_nearly_the_same_logits():
    plain, (inputs, _, _) = conv_s2s_model(), batch()
    keras.config.set_dtype_policy("mixed_bfloat16")
    half = conv_s2s_model()
    half.set_weights(plain.get_weights())
    logits = half(inputs)
    assert logits.dtype == "float32"
    assert_close(logits, plain(inputs), 0.2)
    memory, carry = half.encode(inputs)
    found, _, weights = half.step(inputs["target"][:, :1], memory, carry)
    assert_close(found[:, 0], logits[:, 0], 0.05)
    assert_close(np.sum(weights, -1), np.ones((B, 1)), 1e-3)


def test_too_long_texts_and_targets_are_refused_with_the_remedy(model):
    with pytest.raises(ValueError, match="for 9 tokens.*a source of 11 tokens"):
        model.generate([" ".join("abcdefgabc")])
    with pytest.raises(ValueError, match="9 tokens.*targets of up to 10 tok"):
        model.generate(["a"], max_length=10)
    cut = eagerly(with_words(max_source_length=8, max_target_length=2))
    assert cut.generate([" ".join("abcdefgabc")])[0].tokens
    with pytest.raises(ValueError, match="Received: max_target_length=10"):
        conv_s2s_model(max_target_length=10)


def test_sinusoids_have_no_limit():
    endless = with_words(
        **{side: {**SMALL[side], "positions": "sinusoid"} for side in SMALL},
        max_target_length=2000,
    )
    assert endless.longest_source is endless.longest_target is None
    long = " ".join("abcdefgabcdefg")
    assert eagerly(endless).generate([long], max_length=2)[0].tokens


def expected_weights(sizes, vocabulary):
    """Weights of an architecture by the formula, for one vocabulary size."""

    def linear(inputs, units):  # direction, norm and bias
        return inputs * units + 2 * units

    def stack(layers):
        width, total = layers[0][0], linear(sizes.embedding_dim, layers[0][0])
        for units, kernel in layers:
            total += linear(kernel * width, 2 * units)
            if width != units:
                total += linear(width, units)
            width = units
        return total

    tables = 2 * (vocabulary + 1024) * sizes.embedding_dim
    back = linear(sizes.encoder[-1][0], sizes.embedding_dim)
    attention = sum(
        linear(units, sizes.embedding_dim) + linear(sizes.embedding_dim, units)
        for units, _ in sizes.decoder
    )
    out = linear(sizes.decoder[-1][0], sizes.out_units)
    return (
        tables
        + stack(sizes.encoder)
        + back
        + stack(sizes.decoder)
        + attention
        + out
        + linear(sizes.out_units, vocabulary)
    )


def narrow(sizes):
    """An architecture whose widths are a sixteenth."""

    def layers(pairs):
        return tuple((units // 16, kernel) for units, kernel in pairs)

    return ConvArchitecture(
        layers(sizes.encoder),
        layers(sizes.decoder),
        sizes.embedding_dim // 16,
        sizes.out_units // 16,
    )


@pytest.mark.parametrize("name", [*ARCHITECTURES, "iwslt_de_en as it is"])
def test_named_architectures_have_the_weights_of_the_formula(name, monkeypatch):
    name, _, whole = name.partition(" ")
    sizes = ARCHITECTURES[name] if whole else narrow(ARCHITECTURES[name])
    monkeypatch.setitem(ARCHITECTURES, name, sizes)
    made = ConvS2S(11, 11, architecture=name)
    total = sum(math.prod(each.shape) for each in made.trainable_variables)
    assert total == expected_weights(sizes, 11)


def test_documented_sizes_of_architectures():
    sizes = ARCHITECTURES
    assert sizes["base"].encoder == sizes["base"].decoder == ((512, 3),) * 20
    assert [len(each.encoder) for each in sizes.values()] == [20, 4, 20, 15, 15]
    assert len(sizes["iwslt_de_en"].decoder) == 3
    assert sizes["wmt_en_fr"].encoder[-2:] == ((2048, 1), (4096, 1))
    assert [each.embedding_dim for each in sizes.values()] == [
        512,
        256,
        512,
        768,
        768,
    ]
    assert [each.out_units for each in sizes.values()] == [
        256,
        256,
        512,
        512,
        512,
    ]


def test_initial_values():
    decoder = ConvS2SDecoder([(4, 3)], out_units=40, dropout=0.2)
    made = ConvS2S(
        300, 400, 50, encoder=ConvS2SEncoder([(4, 3)]), decoder=decoder
    )
    for embedding in (made.embed_source, made.embed_target):
        table = np.asarray(embedding.table)
        assert (table[0] == 0).all()  # padding
        assert abs(table[1:].std() / 0.1 - 1) < 0.03
    kernel = np.asarray(made.to_logits.kernel)
    assert abs(kernel.std() / math.sqrt(0.8 / 40) - 1) < 0.03
    assert_close(made.to_logits.norm, np.sqrt((kernel**2).sum(0)))


def test_the_output_is_weight_normed_in_convs2s_only():
    assert conv_s2s_model().to_logits.weight_norm
    assert not sockeye_conv_model().to_logits.weight_norm
    made, (inputs, _, _) = conv_s2s_model(), batch()
    before = made(inputs)
    kernel = made.to_logits.kernel
    kernel.assign(3.0 * kernel)  # the norm does not change
    assert_close(made(inputs), before, 1e-4)


def test_the_encoder_knows_how_many_layers_look_at_it():
    assert conv_s2s_model().encoder.readers == 2
    assert sockeye_conv_model().encoder.readers == 2
    recurrent = MAKERS["recurrent decoder"]()
    assert recurrent.encoder.readers == 1


def test_attention_models_take_the_convolutional_decoder_too():
    made = conv_s2s_model_of(
        ConvS2SEncoder([(5, 3)], dropout=0.0),
        ConvS2SDecoder([(5, 3)], dropout=0.0),
        kind=AttentionSeq2Seq,
    )
    assert made.attention is None
    assert made.has_attention
    assert made(batch()[0]).shape == (B, T, TARGET_SIZE)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ConvS2S(5, 5, architecture="wmt"), "Received: 'wmt'"),
        (
            lambda: conv_s2s_model_of(
                BidirectionalRNNEncoder(gru(3)), ConvS2SDecoder([(5, 3)])
            ),
            "encoder 6, embedding 7",
        ),
        (
            lambda: conv_s2s_model(bridge=InitialStateBridge()),
            "no state. Use `ZeroBridge`",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_a_graph_serves_all_lengths():
    made, (inputs, _, _) = conv_s2s_model(**SMALL), batch()
    traced = []

    @tf.function(reduce_retracing=True)
    def run(given):
        traced.append(1)
        return made(given)

    for cut in (0, 1):
        given = {name: ids[:, : 5 - cut] for name, ids in inputs.items()}
        assert_close(run(given), made(given))
    assert len(traced) <= 2
