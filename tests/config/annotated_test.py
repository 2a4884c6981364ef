import re

import pytest

from keras_seq2seq.config import files
from keras_seq2seq.config.annotated import annotated


def shown(paths="", **flags):
    return annotated(files.load_with_sources(paths, flags, complete=False))


def sources(text):
    """Last part of a setting's name -> its source."""
    lines = [line for line in text.splitlines() if "  # " in line]
    return {
        re.match(r" *(\S+):", line)[1]: line.partition("  # ")[2]
        for line in lines
    }


def test_every_value_tells_its_source(tmp_path):
    path = tmp_path / "a.yml"
    path.write_text("batch_size: 3\nmodel_params: {embedding.dim: 7}")
    found = sources(
        shown([path], hparams="rnn_cell.num_layers=2", train_steps="5")
    )
    assert found["batch_size"] == str(path)
    assert found["embedding.dim"] == str(path)
    assert found["train_steps"] == "--train_steps"
    assert found["num_layers"] == "--hparams: rnn_cell.num_layers=2"
    assert found["source.max_seq_len"] == "document 001"
    assert found["hooks"] == "document 001"
    assert found["optimizer.name"] == "default"


@pytest.mark.parametrize(
    "flags",
    [
        {"model": "BasicSeq2Seq", "save_checkpoints_steps": "5"},
        {"model": "Image2Seq"},
        {"hparams": "attention.dim=7,optimizer.name=SGD", "buckets": "3,4"},
        {"early_stopping": "{metric: loss}", "average": "{kind: ema}"},
        {
            "model": "AttentionSeq2Seq",
            "model_params": "source.max_seq_len: null",
        },
    ],
)
def test_what_is_shown_is_a_configuration_that_means_the_same(tmp_path, flags):
    path = tmp_path / "shown.yml"
    path.write_text(shown(**flags))
    again = files.load([path], complete=False)
    assert again == files.load("", flags, complete=False)


def test_data_paths_are_shown_joined(tmp_path):
    path = tmp_path / "shown.yml"
    path.write_text(shown(data_dir="there", train_source="a.txt"))
    config = files.load([path], complete=False)
    assert config.data_dir is None
    assert config.input_pipeline_train.params.source_files == ("there/a.txt",)


def test_old_lines_of_several_lines_stay_in_one():
    text = shown(
        hparams='encoder.rnn_cell.cell_spec={"class":\n "GRUCell"}',
        vocab_source="a\u2028b",
    )
    assert all(re.match(r" *\S+:", line) for line in text.splitlines())
