"""Hyperparameters of SageMaker among configuration files and flags."""

import json

import pytest
import yaml

from keras_seq2seq.__main__ import main
from keras_seq2seq.config import files
from keras_seq2seq.config.sagemaker import upgrade
from keras_seq2seq.config.sagemaker_json_schema import json_schema
from keras_seq2seq.config.schema import Config
from keras_seq2seq.errors import UserError
from tests.config.sagemaker_rows import ROWS
from tests.json_schema import faults

DATA = """\
model_params: {vocab_source: v, vocab_target: w}
input_pipeline_train: &data
  class: ParallelTextInputPipeline
  params: {source_files: a, target_files: b}
input_pipeline_dev: *data
"""
JOB = {"rnn_num_hidden": "8", "batch_size": "32", "checkpoint_threshold": "8"}


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    return write


def load(paths="", **flags):
    return files.load_with_sources(paths, flags, complete=False)


def refusal(paths="", **flags):
    with pytest.raises(UserError) as caught:
        load(paths, **flags)
    return str(caught.value)


# Where they may stand -----------------------------------------------------


def test_flag_file_key_and_mapping_mean_the_same(write):
    write("job/hyperparameters.json", JOB)
    write("job/names.yml", "hyperparameters: hyperparameters.json")
    write("holds.yml", f"hyperparameters: {json.dumps(JOB)}")
    path = "job/hyperparameters.json"
    configs = [
        load(hyperparameters=path).config,
        load(hyperparameters=json.dumps(JOB)).config,
        load(hyperparameters=JOB).config,
        load(path).config,
        load("job/names.yml").config,
        load("holds.yml").config,
    ]
    assert configs[0].batch_size == 32
    assert all(config == configs[0] for config in configs)


@pytest.mark.parametrize("name", ROWS)
def test_what_each_row_becomes_is_a_configuration(name):
    config = load(hyperparameters=ROWS[name].given).config
    assert config == Config.model_validate(upgrade(ROWS[name].given)[0])


def test_our_settings_win_wherever_they_stand(write):
    write("h.json", JOB)
    write("a.yml", "batch_size: 5\nmodel_params: {embedding.source_dim: 3}")
    for order in ("a.yml,h.json", "h.json,a.yml"):
        config = load(order).config
        assert config.batch_size == 5
        assert config.model_params.embedding_source_dim == 3
        assert config.model_params.embedding_target_dim == 512
    assert load("h.json", batch_size="6").config.batch_size == 6


def test_later_hyperparameters_change_rows_of_earlier_ones(write):
    write("h.json", JOB)
    config = load("h.json", hyperparameters="{batch_size: 7}").config
    cell = config.model_params.encoder_params.rnn_cell
    assert config.batch_size == 7
    assert cell.cell_params.num_units == 8


def test_data_lie_where_the_data_directory_is(write):
    write("h.json", JOB)
    write("data.yml", DATA)
    config = load("data.yml", hyperparameters="h.json", data_dir="d").config
    assert config.model_params.vocab_source == "d/v"


def test_the_dialect_is_recorded(write):
    loaded = load(hyperparameters=JOB)
    assert loaded.dialect == "sagemaker"
    assert load().dialect == "google_seq2seq"


def test_warnings_are_told_with_their_file(write):
    write("h.json", {"learning_rate": "2", "checkpoint_threshold": "8"})
    (line,) = load("h.json").told
    assert line.startswith("h.json: learning_rate is 2")


def test_every_setting_tells_its_row(write):
    write("h.json", JOB)
    sources = load("h.json", hyperparameters="{beam_size: 3}").sources
    assert sources[("batch_size",)] == "h.json: batch_size=32"
    beam = ("model_params", "inference.beam_search.beam_width")
    assert sources[beam] == "--hyperparameters: beam_size=3"
    assert sources[("train_steps",)] == "document 004: max_num_batches=-1"
    assert sources[("fill_up",)] == "sagemaker"


def test_flags_of_the_wiki_still_abbreviate(write):
    config = load(hyperparameters=JOB, train_source="a").config
    assert config.input_pipeline_train.params.source_files == ("a",)
    assert not config.hooks


def test_what_is_dumped_makes_the_same_run(write, capsys):
    write("h.json", {**JOB, "optimized_metric": "bleu"})
    write("data.yml", DATA)
    given = load("data.yml", hyperparameters="h.json").config
    flags = ["--config_paths=data.yml", "--hyperparameters=h.json"]
    assert main(["config", "show", *flags]) == 0
    write("shown.yml", capsys.readouterr().out)
    assert load("shown.yml").config == given
    assert main(["config", "upgrade", "h.json"]) == 0
    write("upgraded.yml", capsys.readouterr().out)
    assert load("upgraded.yml,data.yml").config == given
    stored = files.from_json(files.to_json(given, "sagemaker"))
    assert stored == given


# Mistakes -----------------------------------------------------------------


def test_all_errors_are_told_with_the_file_of_each(write):
    wrong = {"run_num_hidden": "8", "batch_size": "0"}
    write("h.json", {**wrong, "max_seq_len_source": "60"})
    told = refusal("h.json", hyperparameters="{beam_size: 0}").splitlines()
    assert len(told) == 3
    assert told[0].startswith("h.json: batch_size must be an integer >= 1")
    assert told[1].startswith("--hyperparameters: beam_size must be")
    assert told[2].startswith("h.json: there is no hyperparameter")
    assert told[2].endswith("Did you mean 'rnn_num_hidden'?")


def test_two_dialects_are_refused(write):
    told = refusal(hyperparameters=JOB, hparams="rnn_cell.num_layers=2")
    assert told == (
        "--hparams: is of google/seq2seq, hyperparameters of SageMaker. Keep "
        "one of the two"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[1, 2]", "h.json: must be a mapping of hyperparameters"),
        ("3", "h.json: must be a mapping of hyperparameters"),
        ('{"batch_size": "1", "batch_size": "2"}', "batch_size"),
        ("{", "h.json"),
    ],
)
def test_damaged_files_are_explained(write, content, told):
    write("h.json", content)
    assert told in refusal(hyperparameters="h.json")


def test_a_missing_file_is_named(write):
    assert "nowhere.json" in refusal(hyperparameters="nowhere.json")
    write("a.yml", "hyperparameters: gone.json")
    assert "gone.json" in refusal("a.yml")


@pytest.mark.parametrize("value", ["[1]", "7", "true"])
def test_a_key_that_is_no_mapping_is_explained(write, value):
    write("a.yml", f"hyperparameters: {value}\nbatch_size: 3")
    told = refusal("a.yml")
    assert told.startswith("a.yml: hyperparameters: must be a mapping")


def test_a_configuration_in_json_stays_one(write):
    write("a.json", {"batch_size": 5, "label_smoothing": 0.1})
    config = load("a.json").config
    assert config.batch_size == 5 and config.model == ""
    write("b.json", {"model": "BasicSeq2Seq", "rnn_num_hidden": 5})
    assert refusal("b.json").startswith(
        "b.json: there is no setting 'rnn_num_hidden'"
    )


def test_a_file_of_the_usual_name_needs_no_row_of_its_own(write):
    write("hyperparameters.json", {"batch_size": "5"})
    loaded = load("hyperparameters.json")
    assert loaded.dialect == "sagemaker" and loaded.config.batch_size == 5
    write("hyperparameters.json", {})
    assert load("hyperparameters.json").config.batch_size == 64


def test_the_command_line_refuses_without_a_traceback(write, capsys):
    write("h.json", {"run_num_hidden": "8", "batch_size": "0"})
    for command in (
        ["train", "--hyperparameters", "h.json"],
        ["config", "show", "--hyperparameters", "h.json"],
        ["config", "upgrade", "h.json"],
    ):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "run_num_hidden" in err and "batch_size" in err
        assert "Traceback" not in err


def test_training_that_chooses_all_settings_takes_none(write, capsys):
    flags = ["--source", "a", "--target", "b", "--hyperparameters", "h.json"]
    assert main(["train", *flags]) == 2
    assert "--hyperparameters h.json" in capsys.readouterr().err


# Schema -------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema():
    return json_schema()


def test_the_command_prints_the_schema(schema, capsys):
    assert main(["config", "schema", "--dialect", "sagemaker"]) == 0
    assert json.loads(capsys.readouterr().out) == schema


@pytest.mark.parametrize("name", ROWS)
def test_the_schema_lets_pass_what_is_taken(schema, name):
    given = ROWS[name].given
    spelt = {  # what editors can not know
        "loss_type": {"loss_type": "cross-entropy"},
        "lr_scheduler_type": {"lr_scheduler_type": "fixed_rate_inv_t"},
    }.get(name, given)
    assert faults(spelt, schema, schema) == []


def test_the_schema_lets_values_pass_as_themselves(schema):
    given = {"batch_size": 3, "bucketing_enabled": True, "momentum": None}
    assert faults(given, schema, schema) == []


@pytest.mark.parametrize(
    "given",
    [
        {"batch_size": "many"},
        {"batch_size": 0},
        {"batch_size": 1.5},
        {"learning_rate": "fast"},
        {"bucketing_enabled": "yes"},
        {"rnn_cell_type": "elman"},
        {"run_num_hidden": "5"},
        {"momentum": "much"},
    ],
)
def test_the_schema_tells_mistakes(schema, given):
    assert faults(given, schema, schema)


def test_the_schema_of_configurations_knows_the_key(capsys):
    ours = files.json_schema()
    for text in ("hyperparameters: a.json", "hyperparameters: {momentum: 0.9}"):
        assert faults(yaml.safe_load(text), ours, ours) == []
