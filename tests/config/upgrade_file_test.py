import json

import pytest
import yaml

from keras_seq2seq.config import files
from keras_seq2seq.config.upgrade_file import upgrade_file
from keras_seq2seq.errors import UserError

OLD = """\
# My model.
model: AttentionSeq2Seq
hparams:
  encoder.type: BidirectionalRNNEncoder
  encoder.rnn_cell.cell_spec: {class: GRUCell, num_units: 32}
  bridge_spec: {class: InitialStateBridge, activation_fn: tanh}
train_source: data/a
train_target: data/b
batch_size: 32
"""
# As a run of January 2017 stored it.
HPARAMS = """\
attention.dim=64
attention.score_type=dot
bridge_spec={"class": "ZeroBridge"}
decoder.rnn_cell.cell_spec={"class": "GRUCell", "num_units": 64}
embedding.dim=100
encoder.rnn_cell.cell_spec={"class": "GRUCell", "num_units": 64}
encoder.type=UnidirectionalRNNEncoder
optimizer.learning_rate=0.0001
source.reverse=False
"""


@pytest.fixture
def upgraded(tmp_path):
    """The new file of an old one's text, and what was said."""

    def run(text, name="old.yml", model=None):
        path = tmp_path / name
        path.write_text(text)
        new, told = upgrade_file(str(path), model)
        (tmp_path / "new.yml").write_text(new)
        return tmp_path / "new.yml", told

    return run


def test_the_new_file_means_what_the_old_one_means(upgraded, tmp_path):
    new, told = upgraded(OLD)
    old = files.load([tmp_path / "old.yml"], complete=False)
    again = files.load_with_sources([new], complete=False)
    assert again.config == old
    assert again.told == []
    assert len(told) == 7  # six old names and the defaults


def test_stored_hparams_become_a_configuration(upgraded):
    new, told = upgraded(HPARAMS, "hparams.txt")
    again = files.load_with_sources([new], complete=False)
    assert again.told == []
    assert again.config.model == "AttentionSeq2Seq"
    assert again.config == files.load("", {"hparams": HPARAMS}, complete=False)


def test_the_model_can_be_named_where_the_file_has_none(upgraded):
    new, _ = upgraded("rnn_cell.num_layers=2\n", model="AttentionSeq2Seq")
    values = yaml.safe_load(new.read_text())
    assert values["model"] == "AttentionSeq2Seq"
    assert "bridge.class" not in values["model_params"]


@pytest.mark.parametrize(
    ("params", "said"),
    [({"embedding.dim": 7}, 0), ({"attention.dim": 7, "embedding.dim": 7}, 3)],
)
def test_stored_options_become_a_configuration(upgraded, params, said):
    text = json.dumps(
        {"model_class": "AttentionSeq2Seq", "model_params": params}
    )
    new, told = upgraded(text, "train_options.json")
    config = files.load([new], complete=False)
    assert config.model == "AttentionSeq2Seq"
    assert config.model_params.embedding_dim == 7
    assert len(told) == said


@pytest.mark.parametrize("banner", ["# =====", "#=====", "#lr=0.1"])
def test_a_comment_on_top_makes_no_pairs_of_yaml(banner, upgraded, tmp_path):
    new, _ = upgraded(f"{banner}\n{OLD}")
    old = files.load([tmp_path / "old.yml"], complete=False)
    assert files.load([new], complete=False) == old


def test_a_present_file_comes_back_as_it_is(upgraded):
    text = "model: BasicSeq2Seq\nmodel_params: {embedding.dim: 7}\n"
    new, told = upgraded(text)
    assert yaml.safe_load(new.read_text()) == yaml.safe_load(text)
    assert told == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hparams: {attention.score_type: x}", "docs/compatibility.md"),
        ("- 1\n- 2\n", "must be a mapping"),
        ("config_path: other.yml", "config_paths"),
        ("batch_size: many", "batch_size must be an integer"),
        ("hparams: 5", "must be key=value pairs or a mapping"),
        ("a=1\nb", "each part must be key=value"),
    ],
)
def test_a_file_that_can_not_be_upgraded_is_named(upgraded, text, told):
    with pytest.raises(UserError) as caught:
        upgraded(text)
    assert "old.yml" in str(caught.value)
    assert told in str(caught.value)


def test_a_missing_file_is_named():
    with pytest.raises(UserError, match="nowhere.yml: can not be read"):
        upgrade_file("nowhere.yml")
