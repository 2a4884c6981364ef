import json
import logging
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_seq2seq.config import files
from keras_seq2seq.errors import UserError

PIPELINE = (
    "{class: ParallelTextInputPipeline, "
    "params: {source_files: [s], target_files: [t]}}"
)
COMPLETE = {
    "model": "AttentionSeq2Seq",
    "model_params": "{vocab_source: vs, vocab_target: vt}",
    "input_pipeline_train": PIPELINE,
    "input_pipeline_dev": PIPELINE,
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return write


def partial(paths="", **overrides):
    return files.load(paths, overrides, complete=False)


def errors(paths="", complete=False, **overrides):
    with pytest.raises(UserError) as caught:
        files.load(paths, overrides, complete)
    return str(caught.value).splitlines()


def test_files_and_flags_are_equivalent(write):
    text = "embedding.dim: 256\nencoder.params:\n  rnn_cell: {num_layers: 2}\n"
    inside = text.replace("\n", "\n  ")
    path = write(
        "config.yml", f"model: BasicSeq2Seq\nmodel_params:\n  {inside}"
    )
    assert partial(path) == partial(model="BasicSeq2Seq", model_params=text)


def test_later_files_win_and_mappings_merge(write):
    first = write("a.yml", "batch_size: 1\nmodel_params: {embedding.dim: 5}")
    second = write("b.yml", "batch_size: 2\nmodel_params: {vocab_source: v}")
    config = partial(f"{first},\n   {second},")
    assert config.batch_size == 2
    assert config.model_params.embedding_dim == 5
    assert config.model_params.vocab_source == "v"


def test_the_command_line_wins_even_over_scalars_and_lists(write):
    text = "batch_size: 1\nhooks: [{class: PrintModelAnalysisHook}]"
    config = partial(write("a.yml", text), batch_size="3", hooks="[]")
    assert config.batch_size == 3
    assert config.hooks == ()


def test_flags_that_are_not_given_change_nothing(write):
    path = write("a.yml", "batch_size: 1")
    assert partial(path, batch_size=None).batch_size == 1


def test_text_flags_are_not_read_as_yaml():
    config = partial(output_dir="12: {", data_dir="007")
    assert config.output_dir == "12: {"
    assert config.data_dir == "007"


def test_none_on_the_command_line_is_null(write):
    path = write("a.yml", "train_steps: 5\nbuckets: 10,20")
    config = partial(path, train_steps="None", buckets="")
    assert config.train_steps is None
    assert config.buckets is None


def test_json_strings_are_yaml():
    assert partial(model_params='{"embedding.dim": 7}') == partial(
        model_params="embedding.dim: 7"
    )


def test_checkpoint_steps_on_the_command_line_replace_seconds(write):
    path = write("a.yml", "save_checkpoints_secs: 60")
    config = partial(path, save_checkpoints_steps="5")
    assert config.save_checkpoints_secs is None


def test_an_unknown_key_names_file_key_and_nearest(write):
    path = write("x.yml", "model_params: {embedding.dims: 5}")
    assert errors(path) == [
        "x.yml: model_params has no key 'embedding.dims'. Did you mean "
        "'embedding.dim'?"
    ]


def test_an_unknown_top_level_key_names_the_nearest(write):
    assert errors(write("x.yml", "batchsize: 5")) == [
        "x.yml: there is no setting 'batchsize'. Did you mean 'batch_size'?"
    ]


def test_a_wrong_value_names_what_was_expected_and_received(write):
    assert errors(write("x.yml", "batch_size: many")) == [
        "x.yml: batch_size must be an integer >= 1. Received: 'many' (text)"
    ]


def test_a_flag_is_named_as_typed():
    assert errors(model_params="embedding.dims: 5", batch_size="0") == [
        "--model_params has no key 'embedding.dims'. Did you mean "
        "'embedding.dim'?",
        "--batch_size must be an integer >= 1. Received: 0 (integer)",
    ]


@pytest.mark.parametrize("key", ["encoder.type", "rnn_cell.num_units"])
def test_an_old_key_among_those_of_today_is_told_its_place(write, key):
    told = f"has no key {key!r}: it is an old one. Write it"
    page = "See docs/compatibility.md"
    assert errors(model_params=f"{key}: 3") == [
        f"--model_params {told} in --hparams. {page}"
    ]
    assert errors(write("x.yml", f"model_params: {{{key}: 3}}")) == [
        f"x.yml: model_params {told} below hparams. {page}"
    ]


def test_an_unknown_flag_names_the_nearest():
    assert errors(batch_sise="5") == [
        "--batch_sise is no flag. Did you mean '--batch_size'?"
    ]


def test_a_deep_error_names_the_whole_path():
    text = "rnn_cell: {cell_class: GRUCell, cell_params: {num_unit: 5}}"
    assert errors(model_params=f"encoder.params: {{{text}}}") == [
        "--model_params: encoder.params.rnn_cell.cell_params has no key "
        "'num_unit'. Did you mean 'num_units'?"
    ]


def test_all_errors_come_at_once(write):
    first = write("a.yml", "batch_size: many\nmodel: Attention\n")
    second = write("b.yml", "a: 1\na: 2\n")
    found = errors(
        f"{first},{second},missing.yml",
        hooks="[",
        metrics="[{class: Blue}]",
        batch_type="words",
    )
    beginnings = [
        "b.yml:2: has key 'a' twice",
        "missing.yml: can not be read",
        "--hooks:1: is not YAML",
        "a.yml: model is refused: There is no model 'Attention'",
        "--metrics: [0].class is refused",
        "a.yml: batch_size must be",
        "--batch_type must be one of 'sentences', 'tokens'. Received: 'words'",
    ]
    assert len(found) == len(beginnings)
    for line, beginning in zip(found, beginnings, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "must be a mapping of settings"),
        ("model_params: 5", "model_params must be a mapping"),
        ("hooks: 5", "hooks must be a list"),
        ("hooks: [5]", r"hooks[0] must be a mapping"),
        ("hooks: [{params: {}}]", "hooks[0].class is required"),
        ("input_pipeline_dev: []", "input_pipeline_dev must be a mapping"),
        ("model: 5", "model must be the name of a class"),
        ("model: ModelBase", "model is refused: ModelBase is abstract"),
        ("early_stopping: {patience: 0}", "early_stopping.patience must be"),
        ("label_smoothing: 1", "label_smoothing must be a number >= 0 and < 1"),
        ("published: [5]", "published[0] must be a list"),
        (
            "input_pipeline_dev: {class: ParallelTextInputPipeline, "
            "params: {source_files: [5]}}",
            "input_pipeline_dev.params.source_files[0] must be text or a list",
        ),
    ],
)
def test_wrong_shapes_are_told_in_plain_words(write, text, message):
    assert errors(write("x.yml", text))[0].startswith(f"x.yml: {message}")


def test_an_anchor_carrier_passes_with_one_line(write, caplog):
    text = """
default_params: &default_params
  - {separator: ""}
  - {postproc_fn: seq2seq.data.postproc.strip_bpe}
metrics:
  - class: LogPerplexityMetricSpec
  - class: BleuMetricSpec
    params: {<<: *default_params}
"""
    with caplog.at_level(logging.INFO, logger="keras_seq2seq"):
        config = partial(write("x.yml", text))
    assert config.metrics[1].params.separator == ""
    assert config.metrics[1].params.postproc_fn == "strip_bpe"
    assert [record.getMessage() for record in caplog.records] == [
        "x.yml: 'default_params' is no setting, it only carries an anchor"
    ]


def test_an_unknown_mapping_without_anchor_is_refused(write):
    assert "default_params" in errors(write("x.yml", "default_params: []"))[0]


def test_environment_variables_stay(write, monkeypatch):
    monkeypatch.setenv("VOCAB", "/somewhere")
    config = partial(write("x.yml", "model_params: {vocab_source: $VOCAB}"))
    assert config.model_params.vocab_source == "$VOCAB"


def test_paths_are_joined_to_the_data_directory():
    config = files.load("", {**COMPLETE, "data_dir": "d"})
    assert config.model_params.vocab_source == "d/vs"


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("model", "model is required. Type --model"),
        ("model_params", "vocab_source is required"),
        ("input_pipeline_train", "You must specify input_pipeline_train"),
        ("input_pipeline_dev", "You must specify input_pipeline_dev"),
    ],
)
def test_training_needs_model_data_and_vocabularies(flag, message):
    given = {name: text for name, text in COMPLETE.items() if name != flag}
    assert errors(complete=True, **given)[0].startswith(message)


def test_the_schedule_train_needs_no_dev_set():
    given = {**COMPLETE, "input_pipeline_dev": None, "schedule": "train"}
    assert files.load("", given).input_pipeline_dev is None


def test_training_needs_targets():
    given = {
        **COMPLETE,
        "input_pipeline_train": "{class: ParallelTextInputPipeline, "
        "params: {source_files: s.tsv, source_column: 0}}",
    }
    assert (
        "needs target_files, or target_column"
        in errors(complete=True, **given)[0]
    )


def test_every_setting_knows_where_it_came_from(write):
    path = write("a.yml", "batch_size: 1\nmodel_params: {embedding.dim: 5}")
    sources = files.load_with_sources(
        path, {"model_params": "vocab_source: v"}, complete=False
    ).sources
    assert sources == {
        ("batch_size",): "a.yml",
        ("model_params", "embedding.dim"): "a.yml",
        ("model_params", "vocab_source"): "--model_params",
    }


@pytest.mark.parametrize(
    "model", ["BasicSeq2Seq", "AttentionSeq2Seq", "Image2Seq", "mine.Model"]
)
def test_a_stored_configuration_comes_back_equal(model):
    pictures = model == "Image2Seq"
    share = "target_output" if pictures else "true"
    captions = (
        "{class: ImageCaptionTSVInputPipeline, params: {image_dir: a, "
        "captions_files: [b.tsv]}}"
    )
    config = partial(
        model=model,
        model_params="{inference.max_decode_length: 7, embedding.share: "
        f"{share}, optimizer.params: {{beta1: 0.5}}}}",
        buckets="auto:3",
        save_checkpoints_steps="5",
        input_pipeline_train=captions if pictures else PIPELINE,
        metrics="[{class: mine.Metric, params: {a: [1, {b: ü}]}}]",
        dev_decoding="{metric: [bleu, chrf]}",
    )
    assert files.from_json(files.to_json(config)) == config


def test_the_stored_text_names_dialect_and_versions():
    stored = json.loads(files.to_json(partial(), "wiki", {"keras": "3.15"}))
    assert stored["dialect"] == "wiki"
    assert stored["versions"] == {"keras": "3.15"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema_version": 2, "config": {}}', "newer keras-seq2seq"),
        ('{"schema_version": true, "config": {}}', "must be an integer >= 1"),
        ('{"schema_version": 1}', "config must be a mapping"),
        ('{"schema_version": 1, "config": {"a": 1}}', "no setting 'a'"),
        ("{}", "no schema_version"),
        ("[]", "no schema_version"),
        ('{"schema_version"', "is not JSON"),
    ],
)
def test_a_damaged_or_newer_stored_configuration_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        files.from_json(text)


def test_inference_lays_flags_over_a_stored_configuration():
    stored = files.from_json(
        files.to_json(partial(model_params="inference.max_decode_length: 7"))
    )
    changed = files.override(
        stored,
        {
            "model_params": "{inference: {max_decode_length: 9, "
            "beam_search: {beam_width: 5}}}"
        },
    )
    assert changed.model_params.max_decode_length == 9
    assert changed.model_params.inference_beam_width == 5
    assert stored.model_params.max_decode_length == 7


def test_an_override_that_is_wrong_names_its_flag():
    with pytest.raises(UserError, match="^--model_params has no key 'a'"):
        files.override(partial(), {"model_params": "a: 1"})


def test_the_json_schema_has_every_flag_and_its_bounds():
    schema = files.json_schema()
    batch_size = schema["properties"]["batch_size"]
    assert batch_size["minimum"] == 1
    assert "embedding.dim" in schema["$defs"]["ModelParams"]["properties"]
    assert json.loads(json.dumps(schema)) == schema


def test_reading_a_configuration_loads_no_tensor_library():
    code = (
        "import sys, keras_seq2seq.config.files; "
        "sys.exit(bool({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


FLAGS = st.sampled_from(["batch_size", "model", "hooks", "buckets", "average"])
PARAMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["embedding", "embedding.dim", "encoder.class", "encoder.params"]
    + ["inference.max_decode_length", "decoder.params", "optimizer.params"]
)


def only_user_errors(overrides):
    try:
        config = files.load("", overrides, complete=False)
    except UserError:
        return
    assert files.from_json(files.to_json(config)) == config


@settings(max_examples=200)
@given(st.dictionaries(FLAGS | st.text(), st.text()))
def test_random_flags_raise_nothing_but_user_errors(overrides):
    only_user_errors(overrides)


@settings(max_examples=200)
@given(st.dictionaries(FLAGS, PARAMS), st.dictionaries(KEYS, PARAMS))
def test_random_values_raise_nothing_but_user_errors(flags, params):
    only_user_errors({**flags, "model_params": params})


def test_an_empty_group_changes_nothing(write):
    text = "model_params:\nhooks:\ninput_pipeline_dev:\nbatch_size: 5\n"
    config = partial(write("x.yml", text), metrics="", average="")
    assert config == partial(batch_size="5")


def test_an_empty_group_keeps_what_another_file_says(write):
    first = write("a.yml", "model_params: {embedding.dim: 5}")
    second = write("b.yml", "model_params:\n")
    assert partial(f"{first},{second}").model_params.embedding_dim == 5


def test_null_is_offered_after_the_bounds():
    assert errors(model_params="source.max_seq_len: 0") == [
        "--model_params: source.max_seq_len must be an integer >= 1 or null. "
        "Received: 0 (integer)"
    ]


def test_an_integer_that_could_not_be_read_again_is_refused():
    with pytest.raises(UserError, match="batch_size must be an integer below"):
        partial(batch_size=2.0**63)
    assert partial(batch_size=2.0**62).batch_size == 2**62


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("*table", ("*table",)),
        ("encoder/*, embed_[st]*/table", ("encoder/*", "embed_[st]*/table")),
        ("""["a/*", 'b']""", ("a/*", "b")),
        ("[]", ()),
    ],
)
def test_patterns_are_typed_with_commas(typed, expected):
    assert files.load("", {"freeze": typed}, complete=False).freeze == expected


def loaded(text, **more):
    flags = {"input_pipeline_train": text, **more}
    return files.load("", flags, complete=False).input_pipeline_train


def test_records_have_fields_and_lie_in_the_data_directory():
    found = loaded(
        "{class: seq2seq.data.input_pipeline.TFRecordInputPipeline, params: "
        "{files: [a, /b], compression: GZIP}}",
        data_dir="d",
    )
    assert found.class_name == "TFRecordInputPipeline"
    assert found.params.files == ("d/a", "/b")
    assert found.params.compression == "gzip"
    assert (found.params.source_field, found.params.target_field) == (
        "source",
        "target",
    )


def test_a_pipeline_of_ones_own_takes_any_params_beside_those_of_all():
    found = loaded(
        "{class: mine.Pairs, params: {path: x, deep: {a: 1}, num_epochs: 2}}",
        data_dir="d",
    )
    assert found.params.num_epochs == 2 and found.params.shuffle
    assert found.params.model_extra == {"path": "x", "deep": {"a": 1}}


def test_a_stored_pipeline_of_ones_own_is_read_as_it_was():
    flags = {"input_pipeline_train": "{class: mine.Pairs, params: {path: x}}"}
    config = files.load("", flags, complete=False)
    assert files.from_json(files.to_json(config)) == config


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{class: TFRecordInputPipeline, params: {file: x}}", "'files'"),
        (
            "{class: TFRecordInputPipeline, params: {compression: zlib}}",
            "'auto', 'gzip', 'none'",
        ),
        ("{class: mine.Pairs, params: {num_epochs: 0}}", ">= 1"),
        ("{class: mine.Pairs, params: {shuffle: maybe}}", "true or false"),
        (
            "{class: ParallelTextInputPipeline, params: {num_epochs: 1.5}}",
            "an integer >= 1",
        ),
    ],
)
def test_wrong_params_of_a_pipeline_are_told(text, told):
    with pytest.raises(UserError, match=told):
        loaded(text)


@pytest.mark.parametrize(
    "asks", [{"dev_decoding": "{}"}, {"early_stopping": "{metric: loss}"}]
)
def test_the_schedule_train_needs_a_dev_set_for_what_is_measured_on_it(asks):
    given = {**COMPLETE, "input_pipeline_dev": None, "schedule": "train"}
    with pytest.raises(UserError, match="You must specify input_pipeline_dev"):
        files.load("", {**given, **asks})


def test_none_in_a_file_is_null(tmp_path):
    path = tmp_path / "c.yml"
    path.write_text("buckets: None\nkeep_checkpoint_max: None\n")
    config = files.load([path], complete=False)
    assert config.buckets is config.keep_checkpoint_max is None


def test_an_empty_pipeline_is_none():
    flags = {"input_pipeline_train": "{}", "input_pipeline_dev": ""}
    config = files.load("", flags, complete=False)
    assert config.input_pipeline_train is config.input_pipeline_dev is None


def test_attention_without_effect_is_told():
    given = {"model_params": "attention.params: {num_units: 3}"}
    told = {
        model: files.load_with_sources(
            "", {**given, "model": model}, False
        ).told
        for model in ("BasicSeq2Seq", "AttentionSeq2Seq")
    }
    assert told["AttentionSeq2Seq"] == []
    (line,) = told["BasicSeq2Seq"]
    assert line.startswith("attention.params has no effect")


@pytest.mark.parametrize(
    "given",
    ["{embedding.source_dim: 5}", "{embedding: {source_dim: 5}}"],
)
def test_settings_of_source_words_are_told_to_have_no_effect_on_pictures(given):
    flags = {"model": "Image2Seq", "model_params": given}
    (line,) = files.load_with_sources("", flags, complete=False).told
    assert line.startswith("embedding.source_dim has no effect: Image2Seq")


def test_null_for_source_words_is_nothing_to_tell():
    given = "{embedding.source_dim: null, embedding.target_dim: 5}"
    flags = {"model": "Image2Seq", "model_params": given}
    assert files.load_with_sources("", flags, complete=False).told == []
