"""A model of Sockeye's parts, from a file to translations."""

import json

import h5py
import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import LINES, pipeline, workplace

pytestmark = pytest.mark.usefixtures("eagerly")

CONFIGURATION = """\
model: AttentionSeq2Seq
model_params:
  vocab_source: source.vocab
  vocab_target: source.vocab
  source.reverse: false
  source.append_end: false
  embedding.source_dim: 4
  embedding.target_dim: 6
  embedding.target_dropout_keep_prob: 0.9
  embedding.source_file: vectors.txt
  encoder.class: HybridRNNEncoder
  encoder.params:
    rnn_cell: &cells
      cell_class: LSTMCell
      cell_params: {num_units: 6, forget_bias: 0}
      num_layers: 2
      residual_connections: true
      first_residual_layer: 2
      variational: true
      dropout_recurrent_keep_prob: 0.9
  bridge.class: EncoderOutputBridge
  bridge.params: {mode: avg}
  attention.class: DotAttention
  attention.params: {num_units: 6, use_bias: false, project: if_needed}
  decoder.class: AttentionDecoder
  decoder.params:
    rnn_cell: *cells
    input_feeding: true
    attention_in_upper_layers: true
    hidden_dropout_keep_prob: 0.8
    max_decode_length: 5
  embedding.share: target_output
  initializer.class: xavier
  optimizer.learning_rate: 1e-9  # weights stay what they were at first
  inference.beam_search.beam_width: 3
batch_size: 16
train_steps: 4
eval_every_n_steps: 2
tf_random_seed: 5
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sockeye")
    vectors = folder / "vectors.txt"
    vectors.write_text("a 1 2 3 4\nzz 5 6 7 8\n")
    text = CONFIGURATION.replace("vectors.txt", str(vectors))
    (folder / "model.yml").write_text(text)
    flags = {
        "config_paths": folder / "model.yml",
        "data_dir": workplace(),
        "output_dir": folder / "run",
        "input_pipeline_train": pipeline("train"),
        "input_pipeline_dev": pipeline("dev"),
    }
    given = [f"--{name}={value}" for name, value in flags.items()]
    assert main(["train", *given]) == 0
    return folder / "run"


def stored(run):
    """The arrays of the last checkpoint by their names."""
    found = {}
    with h5py.File(run / "ckpt-4" / "model.weights.h5") as file:
        file.visititems(
            lambda name, item: (
                found.update({name: np.asarray(item)})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    return found


def test_it_trains(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4]
    assert all(np.isfinite(json.loads(line)["val_loss"]) for line in lines)


def test_all_weights_begin_as_mxnets(run):
    weights = stored(run)
    recurrent = [n for n in weights if "recurrent_kernel" in n]
    assert len(recurrent) == 3 + 2  # the first layer reads both ways
    for name in recurrent:
        kernel = weights[name]
        expected = 1.414**2 * np.eye(len(kernel))
        np.testing.assert_allclose(kernel @ kernel.T, expected, atol=1e-4)
    (table,) = [weights[n] for n in weights if "embed_target" in n]
    bound = np.sqrt(2.34 / 6)
    assert 0.8 * bound < np.abs(table).max() <= bound + 1e-6


def test_vectors_of_a_file_win(run):
    (table,) = [w for n, w in stored(run).items() if "embed_source" in n]
    np.testing.assert_allclose(table[4], [1, 2, 3, 4], atol=1e-6)
    bound = np.sqrt(2.34 / 4)
    assert np.abs(table[5:]).max() <= bound + 1e-6


def test_it_translates_line_by_line(run, standard_input, capsys):
    standard_input("".join(f"{line}\n" for line in LINES[:5]))
    assert main(["infer", f"--model_dir={run}"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
