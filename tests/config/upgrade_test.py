"""The dialects of documents 001 and 002, through `files.load`."""

import json

import pytest

from keras_seq2seq.config import files
from keras_seq2seq.errors import UserError

DATA = {
    "train_source": "a",
    "train_target": "b",
    "dev_source": "c",
    "dev_target": "d",
    "vocab_source": "v",
    "vocab_target": "w",
}


def loaded(**flags):
    return files.load_with_sources("", flags, complete=False)


def params(hparams, **flags):
    return loaded(hparams=hparams, **flags).config.model_params


def errors(**flags):
    with pytest.raises(UserError) as caught:
        loaded(**flags)
    return str(caught.value).splitlines()


def cells(found):
    return [
        found.encoder_params.rnn_cell,
        found.decoder_params.rnn_cell,
    ]


def test_one_cell_of_document_001_becomes_two():
    found = params(
        "rnn_cell.type=GRUCell,rnn_cell.num_units=64,rnn_cell.num_layers=2,"
        "rnn_cell.dropout_input_keep_prob=0.8,"
        "rnn_cell.dropout_output_keep_prob=0.7"
    )
    for cell in cells(found):
        assert cell.cell_class == "GRUCell"
        assert cell.cell_params.num_units == 64
        assert cell.num_layers == 2
        assert cell.dropout_input_keep_prob == 0.8
        assert cell.dropout_output_keep_prob == 0.7


@pytest.mark.parametrize("role", ["encoder", "decoder"])
def test_each_side_of_document_002_has_its_own_cell(role):
    spec = {"class": "LSTMCell", "num_units": 7, "use_peepholes": True}
    found = params(
        f"{role}.rnn_cell.cell_spec={json.dumps(spec)},"
        f"{role}.rnn_cell.num_layers=3,"
        f"{role}.rnn_cell.residual_connections=True,"
        f"{role}.rnn_cell.residual_combiner=mean,"
        f"{role}.rnn_cell.residual_dense=True"
    )
    one, other = cells(found) if role == "encoder" else cells(found)[::-1]
    assert one.cell_params.num_units == 7
    assert one.cell_params.use_peepholes
    assert (one.num_layers, one.residual_combiner) == (3, "mean")
    assert one.residual_connections and one.residual_dense
    assert other.cell_class == "LSTMCell"  # {"class": "BasicLSTMCell",
    assert other.cell_params.num_units == 128  # "num_units": 128}
    assert other.num_layers == 1


def test_cells_of_the_week_between_the_documents():
    found = params("encoder.rnn_cell.type=GRUCell,encoder.rnn_cell.num_units=9")
    assert cells(found)[0].cell_class == "GRUCell"
    assert cells(found)[0].cell_params.num_units == 9


@pytest.mark.parametrize(
    "kind",
    [
        "UnidirectionalRNNEncoder",
        "BidirectionalRNNEncoder",
        "StackBidirectionalRNNEncoder",
    ],
)
def test_the_encoders_type_is_its_class(kind):
    assert params(f"encoder.type={kind}").encoder_class == kind


@pytest.mark.parametrize(
    ("score", "kind"),
    [("bahdanau", "AdditiveAttention"), ("dot", "DotAttention")],
)
def test_the_attentions_score_is_its_class(score, kind):
    found = params(f"attention.score_type={score},attention.dim=7")
    assert found.attention_class == kind
    assert found.attention_params.num_units == 7


def test_a_bridge_takes_bare_activations():
    spec = '{"class": "InitialStateBridge", "activation_fn": "tanh"}'
    found = params(f"bridge_spec={spec}")
    assert found.bridge_class == "InitialStateBridge"
    assert found.bridge_params.activation_fn == "tanh"


def test_the_length_of_inference_is_the_decoders():
    found = params(
        "inference.max_decode_length=7,encoder.type=BidirectionalRNNEncoder"
    )
    assert found.max_decode_length == 7


def test_scores_of_beams_are_weights_of_length():
    weight = "inference.beam_search.length_penalty_weight"
    score = "inference.beam_search.score_fn"
    found = params(f"{score}=logprob_score")
    assert found.inference_length_penalty_weight == 0
    found = params(f"{score}=length_normalized_score,{weight}=0.7")
    assert found.inference_length_penalty_weight == 0.7


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("source.max_seq_len", "source_max_seq_len", 30),
        ("target.max_seq_len", "target_max_seq_len", 31),
        ("source.reverse", "source_reverse", False),
        ("embedding.dim", "embedding_dim", 7),
        ("optimizer.name", "optimizer_name", "SGD"),
        ("optimizer.learning_rate", "optimizer_learning_rate", 0.5),
        ("optimizer.lr_decay_steps", "optimizer_lr_decay_steps", 7),
        ("optimizer.clip_gradients", "optimizer_clip_gradients", 1.5),
    ],
)
@pytest.mark.parametrize("mark", ["rnn_cell.num_layers=1", "attention.dim=9"])
def test_keys_that_stayed_mean_what_they_meant(key, field, value, mark):
    assert getattr(params(f"{mark},{key}={value}"), field) == value


def test_old_data_flags_are_input_pipelines():
    config = loaded(**DATA, delimiter="_", train_epochs="3").config
    train, dev = config.input_pipeline_train, config.input_pipeline_dev
    assert train.class_name == "ParallelTextInputPipeline"
    assert train.params.source_files == ("a",)
    assert train.params.target_files == ("b",)
    assert train.params.num_epochs == 3
    assert dev.params.source_files == ("c",)
    assert dev.params.target_files == ("d",)
    for one in (train, dev):
        assert one.params.source_delimiter == "_"
        assert one.params.target_delimiter == "_"
    assert config.model_params.vocab_source == "v"
    assert config.model_params.vocab_target == "w"


def test_samples_may_come_more_often():
    config = loaded(**DATA, sample_every_n_steps="7").config
    assert config.hooks[-1].class_name == "TrainSampleHook"
    assert config.hooks[-1].params.every_n_steps == 7


def test_what_is_complete_today_was_complete_then():
    config = files.load("", {**DATA, "hparams": "rnn_cell.num_layers=1"})
    assert config.model == "BasicSeq2Seq"


def test_settings_of_the_user_are_told_from_those_of_the_dialect():
    found = loaded(hparams="embedding.dim=3", train_steps="5")
    assert found.sources[("hooks",)] == "document 001"
    assert found.given == {"model_params", "train_steps"}


# Which dialect, and its defaults -------------------------------------------


@pytest.mark.parametrize(
    ("flags", "dialect"),
    [
        ({"hparams": "rnn_cell.num_layers=2"}, "wiki_001"),
        ({"hparams": "encoder.type=BidirectionalRNNEncoder"}, "wiki_002"),
        ({"hparams": "attention.dim=3"}, "wiki_002"),
        ({"hparams": "embedding.dim=3"}, "wiki_001"),
        ({"hparams": "inference.max_decode_length=3"}, "wiki_002"),
        ({"hparams": "embedding.dim=3", "delimiter": "_"}, "wiki_002"),
        ({"hparams": "rnn_cell.num_layers=2", "delimiter": "_"}, "wiki_001"),
        ({"train_source": "a"}, "wiki_001"),
        (
            {"train_source": "a", "model_params": "embedding.dim: 3"},
            "google_seq2seq",
        ),
        ({"model_params": "embedding.dim: 3"}, "google_seq2seq"),
        ({}, "google_seq2seq"),
    ],
)
def test_the_dialect_is_known_by_its_keys(flags, dialect):
    assert loaded(**flags).dialect == dialect


def test_both_documents_together_are_an_error():
    (told,) = errors(hparams="rnn_cell.num_layers=2,attention.dim=3")
    assert "rnn_cell.num_layers is of the wiki's document 001" in told
    assert "attention.dim of document 002" in told
    assert "docs/compatibility.md" in told


def test_both_documents_in_two_places_are_an_error(tmp_path):
    path = tmp_path / "old.yml"
    path.write_text("hparams: {rnn_cell.num_layers: 2}")
    with pytest.raises(UserError, match="Keep one of the two"):
        files.load([path], {"hparams": "attention.dim=3"}, complete=False)


def test_the_defaults_of_document_001():
    found = loaded(hparams="rnn_cell.num_layers=1").config
    assert found.model == "BasicSeq2Seq"
    given = found.model_params
    assert given.encoder_class == "UnidirectionalRNNEncoder"
    assert given.bridge_class == "PassThroughBridge"
    assert (given.source_max_seq_len, given.target_max_seq_len) == (40, 40)
    assert given.source_reverse is False
    assert given.max_decode_length == 40
    found = loaded(
        hparams="target.max_seq_len=30", model="AttentionSeq2Seq"
    ).config.model_params
    assert found.encoder_class == "BidirectionalRNNEncoder"
    assert found.attention_class == "AdditiveAttention"
    assert found.bridge_class == "ZeroBridge"
    assert found.max_decode_length == 30


def test_the_defaults_of_document_002():
    found = loaded(hparams="encoder.rnn_cell.num_layers=1").config
    assert found.model == "AttentionSeq2Seq"
    given = found.model_params
    assert given.encoder_class == "UnidirectionalRNNEncoder"
    assert given.attention_class == "DotAttention"
    assert given.attention_params.num_units == 128
    assert given.bridge_class == "ZeroBridge"
    assert (given.source_max_seq_len, given.target_max_seq_len) == (40, 40)
    assert given.source_reverse is True
    assert given.max_decode_length == 100
    basic = params("encoder.rnn_cell.num_layers=1", model="BasicSeq2Seq")
    assert basic.bridge_class == "InitialStateBridge"


@pytest.mark.parametrize("key", ["rnn_cell", "encoder.rnn_cell"])
def test_hooks_and_metrics_were_always_on(key):
    config = loaded(hparams=f"{key}.num_layers=1").config
    assert [hook.class_name for hook in config.hooks] == [
        "PrintModelAnalysisHook",
        "MetadataCaptureHook",
        "TrainSampleHook",
    ]
    assert config.hooks[-1].params.every_n_steps == 500
    assert [metric.class_name for metric in config.metrics] == [
        "LogPerplexityMetricSpec",
        "BleuMetricSpec",
    ]


def test_what_is_written_down_wins_over_the_defaults(tmp_path):
    path = tmp_path / "new.yml"
    path.write_text("hooks: []\nmodel_params: {source.reverse: true}")
    config = files.load(
        [path],
        {"hparams": "rnn_cell.num_layers=1,source.max_seq_len=9"},
        complete=False,
    )
    assert config.hooks == ()
    assert config.model_params.source_reverse is True
    assert config.model_params.source_max_seq_len == 9


def test_states_that_differ_can_not_be_passed_on():
    given = {"model_params": "encoder.class: BidirectionalRNNEncoder"}
    found = loaded(hparams="rnn_cell.num_layers=1", **given)
    assert found.config.model_params.bridge_class == "InitialStateBridge"
    said = [line for line in found.told if "states" in line]
    assert len(said) == 1
    assert "bridge.class is InitialStateBridge" in said[0]


# What is said ----------------------------------------------------------------


def test_each_renamed_key_has_one_line():
    told = loaded(
        hparams="rnn_cell.num_layers=2,embedding.dim=7", vocab_source="v"
    ).told
    *lines, defaults = told
    assert lines == [
        "--vocab_source=v is deprecated, write --model_params "
        "'{vocab_source: v}'",
        "--hparams is deprecated, write --model_params",
        "--hparams: rnn_cell.num_layers=2 is deprecated, write --model_params "
        "'{encoder.params: {rnn_cell: {num_layers: 2}}, decoder.params: "
        "{rnn_cell: {num_layers: 2}}}'",
    ]
    assert defaults.startswith("Defaults of the wiki's document 001: {model: ")


def test_the_present_dialect_says_nothing():
    assert loaded(model="BasicSeq2Seq", batch_size="3").told == []


def test_loading_without_a_caller_that_shows_lines_logs_them(caplog):
    files.load("", {"hparams": "embedding.dim=3"}, complete=False)
    assert "--hparams is deprecated" in caplog.text


def test_a_setting_knows_the_old_line_that_gave_it():
    sources = loaded(hparams="rnn_cell.num_layers=2").sources
    for role in ("encoder", "decoder"):
        path = ("model_params", f"{role}.params", "rnn_cell", "num_layers")
        assert sources[path] == "--hparams: rnn_cell.num_layers=2"
    assert sources["model_params", "source.reverse"] == "document 001"


# Errors ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("attention.score_type=cosine", "attention.class: BilinearAttention"),
        (
            "inference.beam_search.score_fn=length_normalized_score",
            "inference.beam_search.length_penalty_weight: 0.6",
        ),
        (
            "rnn_cell.type=GridLSTMCell",
            "encoder.params.rnn_cell.cell_class: GridLSTMCell",
        ),
        (
            'encoder.rnn_cell.cell_spec={"class": "LSTMCell", "depth": 3}',
            "encoder.params.rnn_cell.cell_params: {depth: 3}",
        ),
        ("encoder.type=Transformer", "encoder.class: Transformer"),
        ('bridge_spec={"class": "NoBridge"}', "bridge.class: NoBridge"),
        ("attention.dim=many", "attention.params.num_units: many"),
        ("rnn_cell.num_units=2.7", "rnn_cell.cell_params.num_units: 2.7"),
    ],
)
def test_a_value_without_an_equal_shows_both_lines_and_the_page(old, new):
    told = errors(hparams=old)[0]
    assert told.startswith(f"--hparams: {old} ")
    assert new in told
    assert told.endswith("See docs/compatibility.md")


@pytest.mark.parametrize(
    ("old", "told"),
    [
        (
            "rnn_cell.num_layer=2",
            "no key 'rnn_cell.num_layer'. Did you mean 'rnn_cell.num_layers'?",
        ),
        ("attention.dims=2", "Did you mean 'attention.dim'?"),
        ("bridge_spec=ZeroBridge", "must be a mapping with a class"),
        ("attention.score_type=[dot]", "must be bahdanau or dot"),
        ('bridge_spec={"n": 1}', "must be a mapping with a class"),
        (
            "encoder.rnn_cell.type=GRUCell,encoder.rnn_cell.cell_spec="
            '{"class": "GRUCell"}',
            "is given twice",
        ),
    ],
)
def test_other_mistakes_in_hparams_are_told(old, told):
    assert told in errors(hparams=old)[0]


def test_all_mistakes_are_told_at_once():
    assert len(errors(hparams="attention.score_type=x,attention.dims=2")) == 2


def test_old_and_new_flags_that_contradict_each_other_are_refused():
    pipeline = "{class: ParallelTextInputPipeline, params: {source_files: x}}"
    (told,) = errors(train_source="a", input_pipeline_train=pipeline)
    assert "--train_source=a: input_pipeline_train.params.source_files" in told


def test_a_file_can_not_name_another_file(tmp_path):
    path = tmp_path / "old.yml"
    path.write_text("config_path: other.yml")
    with pytest.raises(UserError, match="config_paths"):
        files.load([path], complete=False)


def test_an_old_file_means_what_old_flags_mean(tmp_path):
    path = tmp_path / "old.yml"
    path.write_text(
        "model: AttentionSeq2Seq\n"
        "hparams:\n  attention.dim: 7\n  encoder:\n    type: "
        "BidirectionalRNNEncoder\ntrain_source: a\n"
    )
    from_file = files.load_with_sources(
        "", {"config_path": str(path)}, complete=False
    )
    from_flags = loaded(
        model="AttentionSeq2Seq",
        hparams="attention.dim=7,encoder.type=BidirectionalRNNEncoder",
        train_source="a",
    )
    assert from_file.config == from_flags.config
    line = (
        f"{path}: hparams: encoder.type=BidirectionalRNNEncoder is "
        "deprecated, write model_params: {encoder.class: "
        "BidirectionalRNNEncoder}"
    )
    assert from_file.told.count(line) == 1


def test_hparams_may_be_empty(tmp_path):
    path = tmp_path / "old.yml"
    path.write_text("hparams:\nbatch_size: 5")
    assert files.load([path], complete=False).batch_size == 5
    assert loaded(hparams="").config.model == loaded().config.model


@pytest.mark.parametrize(
    "flag, sides",
    [
        ("delimiter", ["source", "target"]),
        ("source_delimiter", ["source"]),
        ("target_delimiter", ["target"]),
    ],
)
def test_an_empty_delimiter_typed_means_characters(flag, sides):
    found = loaded(**DATA, **{flag: ""}).config.input_pipeline_train.params
    assert all(getattr(found, f"{side}_delimiter") == "" for side in sides)


def test_flags_win_over_old_files(tmp_path):
    path = tmp_path / "old.yml"
    path.write_text("hparams: {attention.dim: 7}\nbatch_size: 5")
    found = files.load(
        "",
        {
            "config_path": str(path),
            "hparams": "attention.dim=8",
            "batch_size": "6",
        },
        complete=False,
    )
    assert found.model_params.attention_params.num_units == 8
    assert found.batch_size == 6


def test_document_001_knows_its_models_by_their_old_paths():
    found = loaded(
        hparams="rnn_cell.num_layers=1", model="seq2seq.models.BasicSeq2Seq"
    ).config
    assert found.model_params.bridge_class == "PassThroughBridge"


def test_document_002s_spelling_of_the_model_is_taken():
    assert loaded(model="AttentionSeq2seq").config.model == "AttentionSeq2Seq"
