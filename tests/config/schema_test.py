import pytest
from pydantic import ValidationError

from keras_seq2seq.config.model_schema import ModelParams
from keras_seq2seq.config.schema import Config
from keras_seq2seq.config.section import Section


def build(**settings):
    return Config.model_validate(settings)


def params(**settings):
    model = settings.pop("model", "AttentionSeq2Seq")
    return build(model=model, model_params=settings).model_params


def message(**settings):
    with pytest.raises(ValidationError) as caught:
        build(**settings)
    return caught.value.errors()[0]["msg"]


def sections(kind):
    yield kind
    for inner in kind.__subclasses__():
        yield from sections(inner)


def test_functions_that_choose_successors_are_named():
    key = "inference.beam_search.choose_successors_fn"
    assert message(model_params={key: "my_module.own"}) == (
        "must be one of 'choose_top_k'. Received: 'my_module.own' (text)"
    )


def test_documented_defaults_of_flags():
    config = build()
    assert config.batch_size == 16
    assert config.buckets is None
    assert config.eval_every_n_steps == 1000
    assert config.save_checkpoints_secs == 600
    assert config.keep_checkpoint_max == 5
    assert config.keep_checkpoint_every_n_hours == 4


def test_documented_defaults_of_models():
    got = ModelParams().model_dump(by_alias=True)
    wanted = {
        "optimizer.name": "Adam",
        "optimizer.learning_rate": 1e-4,
        "optimizer.lr_decay_type": "",
        "optimizer.lr_decay_steps": 100,
        "optimizer.lr_decay_rate": 0.99,
        "optimizer.lr_start_decay_at": 0,
        "optimizer.lr_stop_decay_at": 1e9,
        "optimizer.lr_min_learning_rate": 1e-12,
        "optimizer.lr_staircase": False,
        "optimizer.clip_gradients": 5.0,
        "source.max_seq_len": 50,
        "source.reverse": True,
        "target.max_seq_len": 50,
        "embedding.dim": 100,
        "embedding.share": "none",
        "initializer.class": "",
        "inference.beam_search.beam_width": 0,
        "inference.beam_search.length_penalty_weight": 0.0,
        "vocab_source": "",
        "vocab_target": "",
    }
    assert {key: got[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("model", "encoder", "decoder", "bridge"),
    [
        (
            "BasicSeq2Seq",
            "UnidirectionalRNNEncoder",
            "BasicDecoder",
            "InitialStateBridge",
        ),
        (
            "AttentionSeq2Seq",
            "BidirectionalRNNEncoder",
            "AttentionDecoder",
            "ZeroBridge",
        ),
    ],
)
def test_parts_default_to_those_of_the_model(model, encoder, decoder, bridge):
    got = params(model=model)
    assert got.encoder_class == encoder
    assert got.decoder_class == decoder
    assert got.bridge_class == bridge
    assert got.attention_class == "AdditiveAttention"
    assert got.attention_params.num_units == 128
    assert got.max_decode_length == 100


def test_the_users_class_replaces_the_models_default():
    got = params(**{"encoder.class": "ConvEncoder"})
    assert got.encoder_params.attention_layers == 15


def test_nested_settings_mean_the_dotted_ones():
    nested = params(
        embedding={"dim": 5},
        inference={"beam_search": {"beam_width": 7}},
        encoder={"params": {"init_scale": 0.5}},
    )
    dotted = params(
        **{
            "embedding.dim": 5,
            "inference.beam_search.beam_width": 7,
            "encoder.params": {"init_scale": 0.5},
        }
    )
    assert nested == dotted
    assert dotted.embedding_dim == 5


def test_a_setting_given_dotted_and_nested_is_refused():
    settings = {"embedding.dim": 5, "embedding": {"dim": 6}}
    assert "is given twice" in message(model_params=settings)


def test_every_setting_has_a_description():
    missing = [
        (kind.__name__, name)
        for kind in sections(Section)
        for name, field in kind.model_fields.items()
        if not field.description
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("given", "boundaries"),
    [
        ("10,20,30", (10, 20, 30)),
        ("10, 20", (10, 20)),
        ([10, 20], (10, 20)),
        (10, (10,)),
        ("10", (10,)),
        ("", None),
        ([], None),
        (None, None),
        ("auto", "auto:8"),
        ("auto:3", "auto:3"),
    ],
)
def test_buckets_in_every_spelling(given, boundaries):
    assert build(buckets=given).buckets == boundaries


@pytest.mark.parametrize(
    "given", ["20,10", [5, 5], [0], "ten", True, 2.5, "auto:0", "automatic"]
)
def test_what_are_no_buckets_is_refused(given):
    assert message(buckets=given).startswith("must be")


@pytest.mark.parametrize(
    ("given", "share"),
    [
        (False, "none"),
        ("false", "none"),
        (True, "source_target"),
        ("target_output", "target_output"),
        ("all", "all"),
        ("src_trg", "source_target"),
        ("trg_softmax", "target_output"),
        ("src_trg_softmax", "all"),
    ],
)
def test_sharing_in_every_spelling(given, share):
    assert params(**{"embedding.share": given}).embedding_share == share


def test_text_that_says_false_is_not_true():
    assert params(**{"source.reverse": "false"}).source_reverse is False


@pytest.mark.parametrize("value", [0, 1, "yes", "no way", None, [True]])
def test_only_true_and_false_are_booleans(value):
    text = message(model_params={"source.reverse": value})
    assert text.startswith("must be true or false. Received: ")


@pytest.mark.parametrize("value", [True, 2.7, "2.7", None, "many", 0, [1]])
def test_only_whole_numbers_are_counts(value):
    assert message(batch_size=value).startswith("must be an integer >= 1")


@pytest.mark.parametrize("value", ["100", 1e2, "1e2", 100])
def test_whole_numbers_in_every_spelling(value):
    assert build(batch_size=value).batch_size == 100


def test_a_number_read_as_text_is_a_number():
    got = params(**{"optimizer.learning_rate": "1e-3"})
    assert got.optimizer_learning_rate == 1e-3


def test_null_lifts_a_limit():
    got = params(**{"source.max_seq_len": None})
    assert got.source_max_seq_len is None


@pytest.mark.parametrize("value", [True, "fast", -1, 0, float("nan"), None])
def test_what_is_no_learning_rate_is_refused(value):
    text = message(model_params={"optimizer.learning_rate": value})
    assert text.startswith("must be a number > 0. Received: ")


def test_a_single_file_is_not_split_into_letters():
    pipeline = {
        "class": "ParallelTextInputPipeline",
        "params": {"source_files": "/a/b", "target_files": ["c", "d"]},
    }
    got = build(input_pipeline_train=pipeline).input_pipeline_train.params
    assert got.source_files == ("/a/b",)
    assert got.target_files == ("c", "d")


def test_a_pipeline_without_class_says_what_the_original_said():
    text = "Input Pipeline definition must have a class property."
    assert text in message(input_pipeline_train={"params": {}})


def test_an_unknown_pipeline_says_what_the_original_said():
    text = message(input_pipeline_dev={"class": "Foo"})
    assert "Invalid Input Pipeline class: Foo" in text


def test_any_argument_of_the_cell_is_let_through():
    cell = {
        "cell_class": "LSTMCell",
        "cell_params": {"num_units": 3, "use_peepholes": True, "num_proj": 2},
    }
    got = params(**{"encoder.params": {"rnn_cell": cell}})
    assert got.encoder_params.rnn_cell.cell_params.use_peepholes is True
    assert got.encoder_params.rnn_cell.cell_params.num_proj == 2


def test_arguments_of_another_cell_are_refused():
    cell = {"cell_class": "GRUCell", "cell_params": {"use_peepholes": True}}
    text = message(model_params={"decoder.params": {"rnn_cell": cell}})
    assert "has no key 'use_peepholes'" in text


def test_params_of_a_users_own_class_are_free():
    settings = {"encoder.class": "mine.Encoder", "encoder.params": {"a": 1}}
    assert params(**settings).encoder_params == {"a": 1}


def test_the_layer_normalised_cell_is_normalised():
    cell = {"cell_class": "tf.contrib.rnn.LayerNormBasicLSTMCell"}
    got = params(**{"encoder.params": {"rnn_cell": cell}})
    assert got.encoder_params.rnn_cell.cell_params.layer_norm is True


def test_optimizer_arguments_by_their_old_names():
    got = params(**{"optimizer.params": {"beta1": 0.5, "epsilon": 8e-7}})
    assert got.optimizer_params.beta_1 == 0.5
    assert got.optimizer_params.epsilon == 8e-7


def test_momentum_is_an_argument_of_momentum():
    settings = {"optimizer.name": "Momentum"}
    assert params(**settings).optimizer_params.momentum == 0.9
    settings["optimizer.params"] = {"momentum": 0.5}
    assert params(**settings).optimizer_params.momentum == 0.5


def test_max_decode_length_has_two_names():
    got = params(**{"inference.max_decode_length": 7})
    assert got.decoder_params.max_decode_length == 7
    got = params(**{"decoder.params": {"max_decode_length": 8}})
    assert got.max_decode_length == 8


def test_two_different_decode_lengths_are_refused():
    settings = {
        "inference.max_decode_length": 7,
        "decoder.params": {"max_decode_length": 8},
    }
    assert "Keep one of them" in message(model_params=settings)


def test_piecewise_decay_needs_one_value_more():
    settings = {
        "optimizer.lr_decay_type": "piecewise_constant_decay",
        "optimizer.lr_boundaries": [10, 20],
        "optimizer.lr_values": [1, 0.5],
    }
    assert "one value more" in message(model_params=settings)
    settings["optimizer.lr_values"] = [1, 0.5, 0.1]
    assert params(**settings).optimizer_lr_values == (1, 0.5, 0.1)


def test_checkpoints_by_steps_switch_the_clock_off():
    assert build(save_checkpoints_steps=5).save_checkpoints_secs is None


def test_checkpoints_by_steps_and_seconds_are_refused():
    settings = {"save_checkpoints_steps": 5, "save_checkpoints_secs": 5}
    assert "can not be given with" in message(**settings)


@pytest.mark.parametrize(
    ("early_stopping", "dev_decoding", "fine"),
    [
        ({"metric": "loss"}, None, True),
        ({"metric": "bleu"}, {"metric": "chrf,bleu"}, True),
        ({"metric": "bleu"}, None, False),
        ({"metric": "bleu"}, {"metric": ["chrf"]}, False),
    ],
)
def test_early_stopping_watches_what_is_computed(
    early_stopping, dev_decoding, fine
):
    settings = dict(early_stopping=early_stopping, dev_decoding=dev_decoding)
    if fine:
        assert build(**settings).early_stopping.patience == 8
    else:
        assert "needs dev_decoding" in message(**settings)


def test_the_mean_of_the_best_needs_them_kept():
    average = {"kind": "best", "count": 3}
    assert "keep_best" in message(average=average, keep_best=2)
    assert build(average=average, keep_best=3).average.count == 3


@pytest.mark.parametrize(
    "key",
    [
        "source.max_seq_len",
        "source.reverse",
        "vocab_source",
        "source.append_end",
        "source.tokenizer",
        "source.lowercase",
        "embedding.source_file",
    ],
)
def test_image2seq_refuses_settings_of_source_text(key):
    value = ModelParams().model_dump(by_alias=True)[key]
    text = message(model="Image2Seq", model_params={key: value})
    assert "not used by Image2Seq" in text


PICTURES = {"class": "ImageCaptionTSVInputPipeline"}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"model_params": {"encoder.class": "ConvEncoder"}},
            "needs one of pictures: InceptionV3Encoder, ImageEncoder",
        ),
        (
            {"model": "BasicSeq2Seq"}
            | {"model_params": {"encoder.class": "ImageEncoder"}},
            "but BasicSeq2Seq needs one of text",
        ),
        (
            {"model_params": {"decoder.class": "BasicDecoder"}},
            "Image2Seq needs AttentionDecoder",
        ),
        (
            {"model_params": {"embedding.share": "all"}},
            "must be none or target_output",
        ),
        (
            {"input_pipeline_dev": {"class": "TFRecordInputPipeline"}},
            "Image2Seq reads pictures with captions",
        ),
        (
            {"model": "AttentionSeq2Seq", "input_pipeline_train": PICTURES},
            "AttentionSeq2Seq reads pairs of text",
        ),
        (
            {
                "model_params": {
                    "encoder.params": {"feature_cache": "float16"}
                },
                "input_pipeline_train": {
                    **PICTURES,
                    "params": {"augment": True},
                },
            },
            "but feature_cache keeps one",
        ),
    ],
)
def test_parts_of_text_and_of_pictures_do_not_mix(settings, text):
    assert text in message(**{"model": "Image2Seq", **settings})


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"buckets": {"width": 5}}, "Type auto:4, or lengths of captions"),
        ({"overlength": "drop"}, "type overlength: truncate"),
        ({"empty_pairs": "drop"}, "type empty_pairs: keep"),
        ({"subword_sampling": {}}, "type subword_sampling: null"),
        (
            {"model_params": {"inference.max_length_ratio": 2}},
            "Type inference.max_decode_length",
        ),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_a_model_of_pictures_refuses_what_is_meant_for_text(settings, text):
    assert text in message(model="Image2Seq", **settings)
    assert build(model="AttentionSeq2Seq", **settings)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("attention.class", "FixedAttention"),
        ("bridge.class", "EncoderOutputBridge"),
    ],
)
def test_parts_that_look_at_the_last_word_need_it_read_last(key, name):
    said = message(model="AttentionSeq2Seq", model_params={key: name})
    assert "Type source.reverse: false" in said
    for settings in (
        {"model_params": {key: name, "source.reverse": False}},
        {"model": "BasicSeq2Seq", "model_params": {key: name}},
    ):
        assert build(**{"model": "AttentionSeq2Seq", **settings})


def test_seconds_replace_the_steps_of_train_samples():
    hook = {"class": "TrainSampleHook", "params": {"every_n_secs": 5}}
    got = build(hooks=[hook]).hooks[0].params
    assert (got.every_n_secs, got.every_n_steps) == (5, None)


def test_rouge_needs_its_type():
    text = message(metrics=[{"class": "RougeMetricSpec"}])
    assert text.startswith("is required: one of 'rouge_1/f_score'")


def test_early_stopping_watches_bleu_of_metrics_under_its_own_name():
    metric = {"class": "BleuMetricSpec"}
    stopping = {"metric": "bleu"}
    assert build(early_stopping=stopping, metrics=[metric]).metrics
    metric["params"] = {"name": "other"}
    text = message(early_stopping=stopping, metrics=[metric])
    assert "needs dev_decoding" in text


def test_a_metric_of_the_users_own_has_shared_and_own_params():
    metric = {"class": "mine.Metric", "params": {"depth": 2, "separator": ""}}
    params = build(metrics=[metric]).metrics[0].params
    assert params.model_dump()["depth"] == 2
    assert (params.separator, params.eos_token) == ("", "SEQUENCE_END")
    metric["params"]["postproc_fn"] = "strip_bp"
    assert "Did you mean strip_bpe" in message(metrics=[metric])


def test_settings_can_not_be_changed():
    with pytest.raises(ValidationError):
        build().batch_size = 5
