import numpy as np
import pytest

from keras_seq2seq import inference
from keras_seq2seq.config.serving_flags import ServingFlags
from keras_seq2seq.data.sentence_piece_tokenizer import SentencePieceTokenizer
from keras_seq2seq.data.tokenizer_training import train_tokenizer
from keras_seq2seq.errors import UserError
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.serving.exchange import Instance
from keras_seq2seq.serving.refusal import Refusal
from keras_seq2seq.serving.translator import Translator, load_translator
from keras_seq2seq.tasks import DecodeText
from keras_seq2seq.tokens import UNKNOWN
from tests.commands.small_run import small_run
from tests.graphs import running_eagerly
from tests.run_directories import words
from tests.zoo.tiny_models import (
    attention_model,
    basic_model,
    conv_s2s_model,
)

pytestmark = pytest.mark.usefixtures("eagerly")

TEXTS = ["a b c", "g", "", "c c ? d e f a", "d e", "f g a b", "  ", "e e e"]
TOKENIZERS = (words("a b c d e f g"), words("q r s t u v w x y"))
BEAM = BeamSearch(3, length_penalty=0.6)


def translator_of(make, **options):
    model = make(tokenizers=TOKENIZERS, max_target_length=9, **options)
    model.generator.default_search = BEAM
    return Translator(model, DecodeText(), batch_size=4, max_tokens=7)


@pytest.fixture(scope="module")
def translator():
    found = translator_of(attention_model, max_source_length=5)
    assert len(list(found.warming())) > 1
    return found


def test_warming_stays_within_the_positions_of_the_model(monkeypatch):
    few = {"num_positions": 5}
    model = conv_s2s_model(
        encoder=few, decoder=few, max_target_length=5, tokenizers=TOKENIZERS
    )
    lengths = []

    def search(source, search, limits):
        lengths.append((source.shape[1], max(limits)))

    monkeypatch.setattr(model.generator, "search", search)
    translator = Translator(model, DecodeText(), batch_size=4, max_tokens=7)
    assert list(translator.warming())
    assert [max(side) for side in zip(*lengths, strict=True)] == [5, 5]


def test_a_loaded_model_has_the_precision_of_the_flags():
    flags = ServingFlags(
        model_dir=[str(small_run())], precision="mixed_bfloat16"
    )
    loaded = load_translator(flags, flags.model_dir)
    assert loaded.model.decoder.compute_dtype == "bfloat16"


def sentences(translator, instances):
    return [translator.sentence(one, i) for i, one in enumerate(instances)]


def decoded(translator, *instances):
    return translator(sentences(translator, instances))


@pytest.fixture(scope="module")
def expected(translator):
    """What the model says by itself, attention included."""
    return translator.model.generate(
        TEXTS, BeamSearch(3, length_penalty=0.6, with_attention=True)
    )


@pytest.mark.parametrize("size", [1, 2, 3, len(TEXTS)])
def test_answers_are_the_models_in_whatever_batches(translator, expected, size):
    plain = [Instance(text) for text in TEXTS]
    found = []
    for begin in range(0, len(TEXTS), size):
        found += decoded(translator, *plain[begin : begin + size])
    assert [each.text for each in found] == [one.text for one in expected]
    assert {each.matrix for each in found} == {None}


def test_a_matrix_has_target_rows_and_source_columns(translator, expected):
    # Every second sentence, beside others that want none.
    wanted = [index % 2 == 0 for index in range(len(TEXTS))]
    pairs = zip(TEXTS, wanted, strict=True)
    found = decoded(translator, *[Instance(*pair) for pair in pairs])
    for text, want, answer, one in zip(
        TEXTS, wanted, found, expected, strict=True
    ):
        assert answer.text == one.text
        if not want:
            assert answer.matrix is None
        elif not text.strip():
            assert answer.matrix.size == 0
        else:
            columns = min(len(text.split()), 5)
            matrix = answer.matrix
            assert matrix.shape == (len(one.tokens), columns)
            np.testing.assert_allclose(
                matrix, one.attention[:, :columns], atol=1e-5
            )


@pytest.fixture
def traced():
    with running_eagerly(False):
        yield


def test_what_is_warm_needs_no_more_graphs(traced):
    model = attention_model(tokenizers=TOKENIZERS, max_target_length=9)
    translator = Translator(model, DecodeText(), 64, 100)
    for _ in translator.warming():
        pass
    once = [[1, 1, 1, 1]] * 2
    assert graphs(model) == once
    for count in (1, 7, 20, 64):
        texts = [" ".join(["a b c d"] * (1 + n % 3)) for n in range(count)]
        decoded(translator, *map(Instance, texts))
        decoded(translator, *[Instance(text, True) for text in texts])
    assert graphs(model) == once


def graphs(model):
    """How many graphs a model's generator has made of each function."""
    return [
        [
            function.experimental_get_tracing_count()
            for function in (run.start, run.extend, run.finish, run.pick)
        ]
        for run in model.generator._compiled.values()
    ]


def test_ids_are_translated_like_their_text(translator):
    source, target = TOKENIZERS
    texts = [text for text in TEXTS if text.strip()]
    found = decoded(
        translator, *[Instance(tuple(source.encode(text))) for text in texts]
    )
    by_text = decoded(translator, *map(Instance, texts))
    assert [each.ids for each in found] == [each.ids for each in by_text]
    for each in by_text:
        assert target.decode(list(each.ids)) == each.text
    assert decoded(translator, Instance(()))[0].ids == ()


def test_what_is_too_long_is_cut_as_in_training_or_refused(translator):
    short, cut = sentences(
        translator, [Instance("a b c d"), Instance("a b c d e f")]
    )
    assert (short.length, short.tokens) == (4, 4)
    assert (cut.length, cut.tokens) == (5, 6)
    with pytest.raises(Refusal, match="at most 7 tokens .* Received 8") as one:
        translator.sentence(Instance("a b c d e f g a"), 3)
    assert (one.value.status, one.value.instance) == (413, 3)


def test_what_is_too_long_is_read_in_pieces_on_request(translator):
    model = translator.model
    reading = Translator(model, DecodeText(), 4, 7, max_input_len=2)
    text = "a b c d e f"
    (sentence,) = sentences(reading, [Instance(text)])
    assert sentence.length == sentence.tokens == 6
    (expected,) = model.generate([text], BEAM, max_input_length=2)
    assert len(expected.parts) == 3
    assert [each.text for each in reading([sentence])] == [expected.text]


@pytest.mark.parametrize("ids", [(4, 11), (-1,), (2**31 - 1,)])
def test_ids_outside_the_vocabulary_are_refused(translator, ids):
    with pytest.raises(Refusal, match="record 2: .* 1 to 10") as refused:
        translator.sentence(Instance(ids), 2)
    assert refused.value.status == 400


def test_attention_is_refused_where_there_is_none():
    translator = translator_of(basic_model)
    with pytest.raises(Refusal, match="no attention") as refused:
        translator.sentence(Instance("a", True), 1)
    assert (refused.value.status, refused.value.instance) == (400, 1)
    assert decoded(translator, Instance("a b"))[0].matrix is None


def test_a_sentence_that_cannot_be_decoded_is_alone_with_that(translator):
    good = sentences(translator, [Instance("a b"), Instance("c d e")])
    bad = good[0]._replace(source=3.5)
    found = translator([good[0], bad, good[1], good[0]])
    assert isinstance(found[1], Exception)
    expected = translator(good)
    assert [found[0], found[2], found[3]] == [*expected, expected[0]]


@pytest.fixture
def always_unknown(tmp_path):
    """A model over pieces of words that writes nothing it knows."""
    text = tmp_path / "text"
    text.write_text("a b c\n" * 20)
    path = tmp_path / "source.model"
    source = SentencePieceTokenizer(train_tokenizer(text, "bpe", path, 11))
    model = attention_model(
        tokenizers=(source, TOKENIZERS[1]), max_target_length=4
    )
    for weight in model.weights:
        if weight.path.endswith("logits/bias"):
            weight.assign(np.eye(weight.shape[0])[UNKNOWN] * 99)
    return model


def test_unknown_words_are_replaced_as_infer_does(always_unknown):
    def task():
        return DecodeText(unk_replace=True)

    texts = ["a b c", "c"]
    translator = Translator(always_unknown, task(), 4, 100)
    found = decoded(translator, *map(Instance, texts))
    expected = [*inference.run_tasks(always_unknown, [task()], texts)]
    assert expected[1] == ("c c c c",)
    assert [(each.text,) for each in found] == expected


def test_a_task_that_the_model_cannot_do_is_refused():
    model = basic_model(tokenizers=TOKENIZERS)
    with pytest.raises(ValueError, match="unk_replace"):
        Translator(model, DecodeText(unk_replace=True), 4, 100)


def test_a_model_of_pictures_is_refused():
    model = attention_model(tokenizers=TOKENIZERS)
    model.tokenizers = (None, TOKENIZERS[1])
    with pytest.raises(UserError, match="infer --images"):
        Translator(model, DecodeText(), batch_size=4, max_tokens=7)
