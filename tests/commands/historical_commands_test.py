"""The commands of google/seq2seq's documents, as printed there.

The user's files stand in place of the documents', `python -m keras_seq2seq
train` in place of their scripts, and a last step is set.
"""

import contextlib
import io
import json
import shlex

import pytest

from keras_seq2seq import recipe
from keras_seq2seq.__main__ import main
from keras_seq2seq.config import files
from keras_seq2seq.run_files import stored_config

pytestmark = pytest.mark.usefixtures("eagerly")

DOCUMENT_000 = """
python -m bin.train \\
  --model AttentionSeq2Seq \\
  --model_params "
    embedding.dim: 256
    encoder.class: seq2seq.encoders.BidirectionalRNNEncoder
    encoder.params:
      rnn_cell:
        cell_class: GRUCell"
"""
DOCUMENT_000_FILE = """
model: AttentionSeq2Seq
model_params:
  embedding.dim: 256
  encoder.class: seq2seq.encoders.BidirectionalRNNEncoder
  encoder.params:
    rnn_cell:
      cell_class: GRUCell
"""
DOCUMENT_000_WITH_FILE = "python -m bin.train --config_paths config.yml"
DOCUMENT_001 = """
python -m seq2seq.training.train \\
--train_source=data/train.sources.txt \\
--train_target=data/train.targets.txt \\
--dev_source=data/dev.sources.txt \\
--dev_target=data/dev.targets.txt \\
--vocab_source=data/vocab_source \\
--vocab_target=data/vocab_target \\
--model AttentionSeq2Seq \\
--batch_size=16 \\
--hparams="rnn_cell.num_layers=2,
  rnn_cell.type=GRUCell,
  rnn_cell.num_units=128,
  source.max_seq_len=40,
  target.max_seq_len=40" \\
--output_dir=/path/to/model/dir \\
--buckets=10,15,20,25,30,35
"""
# What document 000 leaves out.
PIPELINES = [
    f"--input_pipeline_{part}={{class: ParallelTextInputPipeline, params: "
    f"{{source_files: [data/{part}.sources.txt], "
    f"target_files: [data/{part}.targets.txt]}}}}"
    for part in ("train", "dev")
]
VOCABULARIES = (
    "\n    vocab_source: data/vocab_source\n    vocab_target: data/vocab_target"
)
STEPS = ["--train_steps=2", "--eval_every_n_steps=2", "--tf_random_seed=1"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with `data/`, in which all commands of this file run."""
    directory = tmp_path_factory.mktemp("historical")
    data = directory / "data"
    data.mkdir()
    lines = [" ".join("abcdefgh"[i % 8 : i % 8 + 3]) for i in range(64)]
    text = "".join(f"{line}\n" for line in lines)
    for side in ("sources", "targets"):
        (data / f"train.{side}.txt").write_text(text)
        (data / f"dev.{side}.txt").write_text("a b c\nb c d\n")
    for side in ("source", "target"):
        (data / f"vocab_{side}").write_text("\n".join("abcdefgh") + "\n")
    return directory


@pytest.fixture(autouse=True)
def _at_that_place(place, monkeypatch):
    monkeypatch.chdir(place)


def printed(command, *changes):
    """Arguments of a command as the shell would cut them."""
    for old, new in changes:
        assert old in command
        command = command.replace(old, str(new))
    # As a shell does, and shlex does not.
    command = command.replace("\\\n", " ")
    python, minus_m, _, *flags = shlex.split(command)
    assert (python, minus_m) == ("python", "-m")
    return flags


def resolved(arguments):
    """The configuration that arguments of `train` mean."""
    flags = {}
    rest = iter(arguments)
    for one in rest:
        name, equals, value = one.removeprefix("--").partition("=")
        flags[name] = value if equals else next(rest)
    return files.load(flags.pop("config_paths", ""), flags, complete=False)


@pytest.fixture(scope="module")
def run_001(place):
    """The run directory of document 001's command, and what was said."""
    run, said = place / "run_001", io.StringIO()
    flags = printed(DOCUMENT_001, ("/path/to/model/dir", run))
    with contextlib.chdir(place), contextlib.redirect_stderr(said):
        assert main(["train", *flags, *STEPS]) == 0
    return run, said.getvalue()


def test_the_command_of_document_001_trains(run_001):
    run, said = run_001
    assert (run / "latest").read_text() == "ckpt-2\n"
    assert json.loads((run / "config.json").read_text())["dialect"] == (
        "wiki_001"
    )
    old_names = [line for line in said.splitlines() if "is deprecated" in line]
    assert len(old_names) == 10  # six files, --hparams, three of its keys


def test_the_command_of_document_001_means_what_the_document_says(run_001):
    config = stored_config(run_001[0])
    params = config.model_params
    assert config.model == "AttentionSeq2Seq"
    assert config.buckets == (10, 15, 20, 25, 30, 35)
    assert config.batch_size == 16
    assert params.encoder_class == "BidirectionalRNNEncoder"
    for part in (params.encoder_params, params.decoder_params):
        assert part.rnn_cell.cell_class == "GRUCell"
        assert part.rnn_cell.cell_params.num_units == 128
        assert part.rnn_cell.num_layers == 2
    assert (params.source_max_seq_len, params.target_max_seq_len) == (40, 40)


def test_a_run_of_document_001_goes_on_in_its_upgraded_form(
    run_001, tmp_path, capsys
):
    """`config upgrade` is a way out of the old dialect for a run, too."""
    run, _ = run_001
    flags = printed(DOCUMENT_001, ("/path/to/model/dir", run))
    assert main(["config", "show", *flags, *STEPS]) == 0
    (tmp_path / "new.yml").write_text(capsys.readouterr().out)
    assert main(["train", "--config_paths", str(tmp_path / "new.yml")]) == 0
    assert "Already at step 2" in capsys.readouterr().err


OLD_INFERENCE = [
    "--source=data/dev.sources.txt",
    "--vocab_source=data/vocab_source",
    "--vocab_target=data/vocab_target",
    '--hparams={"target.max_seq_len": 9}',
    "--beam_width=2",
    "--delimiter=_",
    "--batch_size=32",
]


def test_old_flags_of_infer_decode(run_001, capsys):
    run = ["--model_dir", str(run_001[0])]
    assert main(["infer", *run, *OLD_INFERENCE]) == 0
    out, err = capsys.readouterr()
    new = [
        "--input_pipeline={class: ParallelTextInputPipeline, params: "
        "{source_files: [data/dev.sources.txt]}}",
        "--model_params={inference.beam_search.beam_width: 2}",
        "--tasks=[{class: DecodeText, params: {delimiter: _}}]",
    ]
    assert main(["infer", *run, *new]) == 0
    assert out == capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert len([x for x in err.splitlines() if "is deprecated" in x]) == 6


def test_infer_refuses_another_vocabulary(run_001, capsys, place):
    (place / "other").write_text("\n".join("hgfedcba") + "\n")
    run = ["--model_dir", str(run_001[0]), "--source=data/dev.sources.txt"]
    assert main(["infer", *run, "--vocab_target=other"]) == 2
    assert "other is not the vocabulary" in capsys.readouterr().err


def test_the_command_of_document_000_trains(place):
    run = place / "run_000"
    flags = printed(
        DOCUMENT_000,
        ("cell_class: GRUCell", f"cell_class: GRUCell{VOCABULARIES}"),
    )
    rest = [*PIPELINES, *STEPS, f"--output_dir={run}"]
    assert main(["train", *flags, *rest]) == 0
    assert (run / "latest").read_text() == "ckpt-2\n"


def test_both_commands_of_document_000_mean_the_same(place):
    (place / "config.yml").write_text(DOCUMENT_000_FILE)
    typed = resolved(printed(DOCUMENT_000))
    filed = resolved(printed(DOCUMENT_000_WITH_FILE))
    assert typed == filed
    assert typed.model_params.embedding_dim == 256
    cell = typed.model_params.encoder_params.rnn_cell
    assert cell.cell_class == "GRUCell"


def test_the_bridge_that_was_dropped_in_2017_is_built():
    spec = json.dumps({"class": "ConcatInputBridge", "num_units": 3})
    config = resolved(
        [*printed(DOCUMENT_001)[:6], f"--hparams=bridge_spec={spec}"]
    )
    model = recipe.model(config, recipe.tokenizers(config))
    assert model.bridge.units == 3
    cell = model.decoder.recurrence.cells[0]
    assert cell.kernel.shape[0] == 100 + 3 + 128  # embedded, fed, context


@pytest.mark.parametrize("cell", ["GRUCell", "BasicLSTMCell"])
def test_the_basic_model_of_document_001_passes_its_state_on(cell):
    data = printed(DOCUMENT_001)[:6]
    hparams = f"--hparams=rnn_cell.type={cell},rnn_cell.num_layers=2"
    config = resolved([*data, hparams])  # BasicSeq2Seq was --model's default
    model = recipe.model(config, recipe.tokenizers(config))
    assert type(model.bridge).__name__ == "PassThroughBridge"
    assert model.encoder.final_state_sizes == model.decoder.state_sizes


def test_training_without_a_configuration_takes_no_old_flags(capsys):
    texts = [
        "--source=data/train.sources.txt",
        "--target=data/train.targets.txt",
    ]
    assert main(["train", *texts, "--hparams=embedding.dim=3"]) == 2
    told = capsys.readouterr().err
    assert "--source and --target name all the data there are" in told
    assert "--hparams embedding.dim=3" in told


@pytest.mark.parametrize(
    ("hparams", "told"),
    [
        ("rnn_cell.num_layers=2,attention.dim=3", "Keep one of the two"),
        ("rnn_cell.type=GridLSTMCell", "There is no cell 'GridLSTMCell'"),
        ("attention.score_type=x", "docs/compatibility.md"),
        ("rnn_cell.num_layers", "must be key=value"),
        ("rnn_cell.num_layer=2", "Did you mean 'rnn_cell.num_layers'?"),
    ],
)
def test_old_mistakes_end_with_2_and_nothing_written(
    capsys, tmp_path, hparams, told
):
    run = tmp_path / "run"
    flags = printed(DOCUMENT_001, ("/path/to/model/dir", run))
    at = next(i for i, f in enumerate(flags) if f.startswith("--hparams"))
    flags[at] = f"--hparams={hparams}"
    assert main(["train", *flags]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert "Traceback" not in err
    assert not run.exists()
