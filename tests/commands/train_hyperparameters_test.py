"""`train --hyperparameters`, with the file of a job of SageMaker."""

import json
import types

import numpy as np
import pytest

from keras_seq2seq import recipe
from keras_seq2seq.__main__ import main
from keras_seq2seq.config.files import load
from tests.commands.small_run import pipeline, workplace

pytestmark = pytest.mark.usefixtures("eagerly")

JOB = {
    "rnn_num_hidden": "8",
    "num_embed_source": "6",
    "num_embed_target": "5",
    "batch_size": "10",
    "max_num_batches": "3",
    "checkpoint_frequency_num_batches": "2",
    "checkpoint_threshold": "8",
    "beam_size": "3",
}


def train(folder, **changes):
    """Exit code of a job with these hyperparameters."""
    path = folder / "hyperparameters.json"
    path.write_text(json.dumps({**JOB, **changes}))
    vocabularies = {
        f"vocab_{side}": f"{side}.vocab" for side in ("source", "target")
    }
    return main(
        [
            "train",
            f"--hyperparameters={path}",
            f"--model_params={json.dumps(vocabularies)}",
            f"--input_pipeline_train={pipeline('train')}",
            f"--input_pipeline_dev={pipeline('dev')}",
            f"--data_dir={workplace()}",
            f"--output_dir={folder / 'run'}",
        ]
    )


def test_a_job_trains_as_its_hyperparameters_say(tmp_path):
    assert train(tmp_path) == 0
    stored = json.loads((tmp_path / "run" / "config.json").read_text())
    assert stored["dialect"] == "sagemaker"
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["step"] for record in records] == [2, 3]
    for record in records:
        assert record["val_perplexity"] > 1
        assert 0 <= record["val_accuracy"] <= 1


@pytest.mark.parametrize("width", ["6", "7"])
def test_a_beam_as_wide_as_the_vocabulary_is_refused(tmp_path, capsys, width):
    assert train(tmp_path, beam_size=width) == 2
    told = capsys.readouterr().err
    assert "beam_size must be less than the 6 tokens" in told
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "model"),
    [
        ({"rnn_attention_type": "dot"}, "AttentionSeq2Seq"),
        ({"rnn_attention_type": "bilinear"}, "AttentionSeq2Seq"),
        ({"rnn_attention_type": "fixed"}, "AttentionSeq2Seq"),
        ({"rnn_decoder_state_init": "zero"}, "AttentionSeq2Seq"),
        (
            {
                "rnn_cell_type": "gru",
                "num_layers_encoder": "3",
                "num_layers_decoder": "3",
                "rnn_residual_connections": "true",
            },
            "AttentionSeq2Seq",
        ),
        ({"encoder_type": "cnn"}, "AttentionSeq2Seq"),
        ({"decoder_type": "cnn"}, "ConvS2S"),
        ({"encoder_type": "cnn", "decoder_type": "cnn"}, "ConvS2S"),
    ],
)
def test_every_kind_of_network_is_built(given, model):
    job = {**JOB, "cnn_num_hidden": "8", "max_seq_len_target": "9", **given}
    config = load("", {"hyperparameters": job}, complete=False)
    side = types.SimpleNamespace(vocabulary_size=11)
    built = recipe.model(config, (side, side), seed=1)
    tokens = np.array([[4, 5, 6, 0]], "int32")
    logits = built({"source": tokens, "target": tokens[:, :3]})
    assert type(built).__name__ == model
    assert logits.shape == (1, 3, 11)
