import json
from pathlib import Path

import pytest
import yaml

from keras_seq2seq.__main__ import main
from keras_seq2seq.config import yaml_reader
from keras_seq2seq.config.schema import Config
from tests.json_schema import faults, words

RECIPES = sorted((Path(__file__).parents[2] / "zoo").rglob("*.yml"))


@pytest.fixture
def schema(capsys):
    """The JSON Schema that the command prints."""
    assert main(["config", "schema"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_schema_speaks_the_standards_words(schema):
    assert schema["$schema"].startswith("https://json-schema.org/draft/")
    assert words(schema) <= {
        *("$schema", "$defs", "$ref", "title", "description", "default"),
        *("type", "properties", "required", "additionalProperties"),
        *("items", "minItems", "anyOf", "enum", "const", "minLength"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_our_recipes_fit_the_schema(schema, path):
    # `1e-4` is a number to editors, as it is to us, and text to PyYAML.
    values, anchored = yaml_reader.read(path)
    # What only carries an anchor is no setting.
    for key in anchored - set(Config.keys()):
        del values[key]
    assert faults(values, schema, schema) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("batch_size: 0", "$.batch_size is beyond minimum 1"),
        ("batchsize: 5", "$ has no batchsize"),
        ("train_steps: x", "$.train_steps is no integer"),
        ("model_params: {embedding.dims: 5}", "has no embedding.dims"),
        ("model_params: {embedding.share: both}", "is none of"),
        ("hooks: [{params: {}}]", "$.hooks[0] lacks class"),
    ],
)
def test_the_schema_tells_mistakes(schema, text, fault):
    found = faults(yaml.safe_load(text), schema, schema)
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "buckets: 10,20",
        "buckets: 10",
        "buckets: [10, 20]",
        "model: my_package.MyModel",
        "model_params: {embedding.share: true, encoder.class: "
        "seq2seq.encoders.ConvEncoder}",
        "input_pipeline_train: {class: ParallelTextInputPipeline, params: "
        "{source_files: a.txt, target_files: [b.txt]}}",
        "early_stopping: null",
        "dev_decoding: {metric: bleu}",
    ],
)
def test_the_schema_lets_pass_what_training_does(schema, text):
    assert faults(yaml.safe_load(text), schema, schema) == []


def test_names_are_offered(schema):
    encoder = schema["$defs"]["ModelParams"]["properties"]["encoder.class"]
    assert "BidirectionalRNNEncoder" in encoder["anyOf"][0]["enum"]


def test_show_prints_settings_on_stdout_and_old_names_on_stderr(capsys):
    flags = ["--hparams", "rnn_cell.num_layers=2", "--batch_size=5"]
    assert main(["config", "show", *flags]) == 0
    out, err = capsys.readouterr()
    assert yaml.safe_load(out)["batch_size"] == 5
    assert "batch_size: 5  # --batch_size\n" in out
    assert "rnn_cell.num_layers=2 is deprecated" in err


def test_any_command_of_training_can_be_shown(capsys):
    plain = ["config", "show", "--batch_size=5"]
    assert main(plain) == 0
    expected = capsys.readouterr().out
    more = ["--overwrite_output", "--allow_import=mine", "--checkpoint=best"]
    assert main([*plain, *more]) == 0
    assert capsys.readouterr().out == expected


def test_upgrade_prints_the_new_form_on_stdout(capsys, tmp_path):
    path = tmp_path / "hparams.txt"
    path.write_text("rnn_cell.num_units=7\n")
    assert main(["config", "upgrade", str(path)]) == 0
    out, err = capsys.readouterr()
    cell = {"rnn_cell": {"cell_params": {"num_units": 7}}}
    assert yaml.safe_load(out)["model_params"]["encoder.params"] == cell
    assert "is deprecated" in err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "VERB"),
        (["shaw"], "choose from"),
        (["show", "--batch_sise", "5"], "no flag `--batch_sise`"),
        (["show", "--batch_size", "x"], "--batch_size must be an integer"),
        (["show", "--source", "a", "--target", "b"], "automatic.yml"),
        (["upgrade"], "file"),
        (["upgrade", "nowhere"], "nowhere: can not be read"),
        (["upgrade", "."], "can not be read"),
    ],
)
def test_mistakes_end_with_2_and_no_traceback(capsys, argv, told):
    assert main(["config", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert "Traceback" not in err
