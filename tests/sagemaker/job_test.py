"""A job from its channels to a model that is loaded."""

import json
import os
import re
import shutil
import signal

import numpy as np
import pytest

import keras_seq2seq
from keras_seq2seq import recipe
from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.array_files import read_hdf5
from keras_seq2seq.data.batches import assemble
from keras_seq2seq.data.json_vocabulary import JsonVocabulary
from keras_seq2seq.data.record_proto import write_record
from keras_seq2seq.data.recordio import frame
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import write_run
from keras_seq2seq.sagemaker.job import configuration, run_job
from keras_seq2seq.sagemaker.layout import Layout
from keras_seq2seq.sagemaker.metric_lines import REGEXES
from keras_seq2seq.tokens import END, PAD, START
from tests.processes import python
from tests.sagemaker import jobs

pytestmark = pytest.mark.usefixtures("eagerly")


def status(root):
    return json.loads((root / "model" / "job.json").read_text())


def weights(root):
    (path,) = (root / "output" / "run").glob("ckpt-4/model.weights.h5")
    return read_hdf5(path)


def ignored(line):
    """Takes a line that nobody looks at."""


@pytest.fixture
def job(tmp_path):
    return jobs.write_job(tmp_path / "ml")


def fails(root, capsys, *flags):
    """What a job that can't begin says, which stands in its file, too."""
    assert jobs.train(root, *flags) == 2
    told = capsys.readouterr().err
    reason = (root / "output" / "failure").read_text()
    assert reason.splitlines()[0] in told
    return reason


def test_a_model_is_what_inference_needs_and_nothing_else(finished):
    model = finished / "model"
    assert status(finished)["status"] == "finished"
    assert status(finished)["hyperparameters"] == jobs.HYPERPARAMETERS
    for name in ("vocab.src.json", "vocab.trg.json"):
        given = finished / "input" / "data" / "vocab" / name
        assert (model / name).read_bytes() == given.read_bytes()
    (weighed,) = model.glob("ckpt-*")
    assert {path.name for path in weighed.iterdir()} == {
        "manifest.json",
        "model.weights.h5",
    }
    assert (model / "best").read_text().strip() == weighed.name
    assert len((model / "metrics.jsonl").read_text().splitlines()) == 2
    assert not (finished / "output" / "failure").exists()


def test_a_model_is_loaded_without_its_job(finished, tmp_path, capsys):
    moved = tmp_path / "moved"
    shutil.copytree(finished / "model", moved)
    model = keras_seq2seq.load(moved)
    run = keras_seq2seq.load(finished / "output" / "run")
    found, expected = (m.generate(jobs.LINES[:6]) for m in (model, run))
    assert [x.text for x in found] == [x.text for x in expected]
    files = finished / "input" / "data" / "validation" / "val.rec"
    pipeline = {"class": "RecordIOInputPipeline"}
    pipeline["params"] = {"files": [str(files)]}
    flags = ["--model_dir", str(moved), "--input_pipeline"]
    assert main(["infer", *flags, json.dumps(pipeline)]) == 0
    printed = capsys.readouterr().out
    assert printed.split("\n")[:-1] == [x.text for x in found]


def test_batches_get_their_marks_from_the_library(finished):
    config, _ = configuration(Layout(finished))
    pair = recipe.tokenizers(config)
    pairs = recipe.training_pairs(config, pair)
    inputs, labels, real = assemble(pairs, np.array([0, 3]))
    lines = [jobs.LINES[i] for i in (0, 3)]
    for row, line in enumerate(lines):
        source, target = pair[0].encode(line), pair[1].encode(line[::-1])
        assert inputs["source"][row][: len(source)].tolist() == source
        assert set(inputs["source"][row][len(source) :].tolist()) <= {PAD}
        fed = inputs["target"][row].tolist()
        assert fed[: len(target) + 1] == [START, *target]
        assert labels[row].tolist()[: len(target) + 1] == [*target, END]
        assert real[row].sum() == len(target) + 1


@pytest.mark.slow
def test_a_job_that_was_stopped_goes_on_to_the_same_weights(finished, tmp_path):
    root = tmp_path / "ml"
    shutil.copytree(finished / "input", root / "input")
    lines = []

    def stop(line):
        if not lines:  # a second signal would not wait
            os.kill(os.getpid(), signal.SIGTERM)
        lines.append(line)

    with pytest.raises(SystemExit) as stopped:
        run_job(root, say=ignored, log=stop)
    assert stopped.value.code == 143
    assert status(root)["status"] == "stopped"
    assert keras_seq2seq.load(root / "model").generate(["a"])
    assert not (root / "output" / "failure").exists()
    said = []
    run_job(root, say=said.append, log=lines.append)
    assert "Going on from ckpt-2." in said
    assert status(root)["status"] == "finished"
    straight, interrupted = weights(finished), weights(root)
    assert straight.keys() == interrupted.keys()
    for name, array in straight.items():
        np.testing.assert_array_equal(array, interrupted[name])
    for regex in list(REGEXES.values())[:2]:  # no BLEU is asked for
        assert len(re.findall(regex, "\n".join(lines))) == 2


def test_a_finished_model_is_not_replaced_unasked(finished, capsys):
    before = (finished / "model" / "job.json").stat().st_mtime_ns
    told = fails(finished, capsys)
    assert "holds a finished model. Type --overwrite" in told
    assert (finished / "model" / "job.json").stat().st_mtime_ns == before
    (finished / "output" / "failure").unlink()


def test_a_model_that_was_not_written_to_its_end_is_written_again(
    finished, tmp_path
):
    root = tmp_path / "ml"
    shutil.copytree(finished, root)
    (root / "model" / "config.json").unlink()
    (root / "model" / "job.json").write_text('{"status": "unfinished"}')
    assert jobs.train(root) == 0
    assert status(root) == status(finished)


@pytest.mark.slow
def test_a_finished_model_is_trained_further_if_that_is_asked(
    finished, tmp_path
):
    root = tmp_path / "ml"
    shutil.copytree(finished, root)
    jobs.write_hyperparameters(root, max_num_batches="5")
    assert jobs.train(root, "--go_on") == 0
    assert (root / "output" / "run" / "ckpt-5").is_dir()


@pytest.mark.slow
def test_overwriting_trains_anew(finished, tmp_path):
    root = tmp_path / "ml"
    shutil.copytree(finished, root)
    (root / "model" / "left").write_text("over")
    jobs.write_hyperparameters(root, max_num_batches="1", rnn_num_hidden="6")
    assert jobs.train(root, "--overwrite") == 0
    steps = [p.name for p in (root / "output" / "run").glob("ckpt-*")]
    assert steps == ["ckpt-1"]
    assert not (root / "model" / "left").exists()


def test_a_job_that_can_not_begin_overwrites_nothing(
    finished, tmp_path, capsys
):
    root = tmp_path / "ml"
    shutil.copytree(finished, root)
    shutil.rmtree(root / "input" / "data" / "vocab")
    assert "Vocab files are not" in fails(root, capsys, "--overwrite")
    assert status(root)["status"] == "finished"


def test_a_job_with_records_that_cannot_be_read_overwrites_nothing(
    finished, tmp_path, capsys
):
    root = tmp_path / "ml"
    shutil.copytree(finished, root)
    (root / "input" / "data" / "train" / "train.rec").write_bytes(b"no record")
    fails(root, capsys, "--overwrite")
    assert status(root)["status"] == "finished"
    assert (root / "output" / "run" / "latest").exists()


def test_files_that_are_no_jobs_stay(job, capsys):
    (job / "model").mkdir()
    (job / "model" / "mine").write_text("x")
    assert "must be empty. It holds: mine" in fails(job, capsys)


def test_a_run_with_other_settings_is_refused_with_the_flags_of_a_job(
    job, capsys
):
    config, _ = configuration(Layout(job))
    other = config.model_copy(update={"batch_size": 9})
    write_run(Layout(job).run, other, recipe.tokenizers(config))
    told = fails(job, capsys)
    assert "holds a run with other settings" in told
    assert "type another --root. --overwrite deletes the run" in told


def test_a_directory_that_is_no_run_is_refused_with_the_flags_of_a_job(
    job, capsys
):
    run = Layout(job).run
    run.mkdir(parents=True)
    (run / "mine").write_text("x")
    told = fails(job, capsys, "--overwrite")
    assert "so --overwrite deletes nothing of it" in told
    assert "Type another --root." in told


def test_a_warning_is_told_once(job, capsys):
    capsys.readouterr()
    jobs.write_hyperparameters(job, max_num_batches="1")
    assert jobs.train(job) == 0
    told = capsys.readouterr().err
    assert "checkpoint_threshold is 3" in told
    assert "max_num_batches is 1" in told
    assert "lr_plateau_patience" not in told
    assert "train_steps" not in told


# TensorFlow splits a processor only before it starts: not in this process.
ON_TWO_DEVICES = """
import sys
from keras_seq2seq.__main__ import main
from keras_seq2seq.selftest import make_logical_cpus
make_logical_cpus(2)
sys.exit(main(["sagemaker", "train", "--root", sys.argv[1]]))
"""


def test_a_batch_that_devices_can_not_share_is_refused_without_a_flag(job):
    jobs.write_hyperparameters(job, batch_size="7")
    done = python("-c", ON_TWO_DEVICES, str(job))
    assert done.returncode == 2
    (line,) = [x for x in done.stderr.splitlines() if "multiple" in x]
    assert line.endswith("Received: 7. Type 6 or 8")


def test_missing_channels_are_told(job, capsys):
    shutil.rmtree(job / "input" / "data" / "validation")
    assert "the channel `validation` is missing" in fails(job, capsys)


def test_records_of_another_vocabulary_are_told(job, capsys):
    path = job / "input" / "data" / "train" / "more.rec"
    path.write_bytes(frame(write_record({"source": [4], "target": [99]})))
    told = fails(job, capsys)
    assert f"{path}: record 0 (from 0) at byte 0: it has the id 99" in told
    assert "its vocabulary 12 ids, 0 to 11" in told


def test_a_vocabulary_that_is_none_is_told(job, capsys):
    path = job / "input" / "data" / "vocab" / "vocab.trg.json"
    path.write_text('{"<pad>": 0, "<unk>": 2, "<s>": 3, "<eos>": 1}')
    assert "special tokens are missing: </s>" in fails(job, capsys)


def test_pairs_with_an_empty_side_are_left_out(job):
    path = job / "input" / "data" / "train" / "train.rec"
    empty = frame(write_record({"source": [4], "target": []}))
    path.write_bytes(empty + path.read_bytes())
    config, _ = configuration(Layout(job))
    pairs = recipe.training_pairs(config, recipe.tokenizers(config))
    found = recipe.selected(config, pairs, "train")
    assert (found.read, found.empty) == (49, 1)
    assert found.pairs.places([0]) == {str(path): [2]}


def test_text_is_cut_as_it_was_prepared(job):
    config, _ = configuration(Layout(job))
    source, _ = recipe.tokenizers(config)
    assert isinstance(source.vocabulary, JsonVocabulary)
    assert source.split("a\u00a0b\tc \u3000 d\x85e") == list("abcde")
    assert source.decode(source.encode("a\u2003b")) == "a b"


def test_a_root_that_is_none_is_told(tmp_path, capsys):
    assert jobs.train(tmp_path / "nowhere") == 2
    assert "expected the directory of a job" in capsys.readouterr().err


def test_hyperparameters_are_refused_with_their_file(job):
    jobs.write_hyperparameters(job, run_num_hidden="8", batch_size="x")
    with pytest.raises(UserError) as error:
        run_job(job, say=ignored, log=ignored)
    told = (job / "output" / "failure").read_text()
    assert str(error.value)[:1024] == told
    assert "Did you mean 'rnn_num_hidden'?" in told
    assert "batch_size" in told
    assert str(job / "input" / "config" / "hyperparameters.json") in told
