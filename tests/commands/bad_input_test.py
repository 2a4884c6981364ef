"""What a user may get wrong: told, exit code 2, nothing written."""

import json
import shutil

import pytest

from keras_seq2seq.__main__ import main
from tests.commands.small_run import (
    MODEL_PARAMS,
    pipeline,
    small_run,
    train_flags,
    workplace,
)

pytestmark = pytest.mark.usefixtures("eagerly")


@pytest.fixture
def refused(tmp_path, capsys):
    """Runs a training that must be refused, and returns what it said."""

    def run(**changes):
        directory = tmp_path / "run"
        assert main(train_flags(directory, **changes)) == 2
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert told.err.startswith("keras-seq2seq: ")
        assert told.out == ""
        assert not directory.exists()
        return told.err

    return run


@pytest.fixture
def corpus(tmp_path):
    """A copy of the corpus that a test may spoil."""
    directory = tmp_path / "corpus"
    shutil.copytree(
        workplace(), directory, ignore=shutil.ignore_patterns("run")
    )
    return directory


def with_params(**changes):
    return json.dumps({**MODEL_PARAMS, **changes})


def test_a_missing_file(refused, corpus):
    (corpus / "dev.target").unlink()
    told = refused(data_dir=corpus)
    assert f"{corpus / 'dev.target'}: no such file" in told


def test_an_empty_file(refused, corpus):
    (corpus / "train.source").write_text("")
    told = refused(data_dir=corpus)
    assert f"{corpus / 'train.source'}" in told
    assert "an empty file" in told


def test_unequal_line_counts(refused, corpus):
    with (corpus / "train.target").open("a") as file:
        file.write("one more\n")
    told = refused(data_dir=corpus)
    for expected in ("train.source", "train.target", "48", "49", "one more"):
        assert expected in told


def test_invalid_utf_8(refused, corpus):
    (corpus / "dev.source").write_bytes(b"a\nb \xff\n")
    told = refused(data_dir=corpus)
    assert f"{corpus / 'dev.source'}:2" in told
    assert "UTF-8" in told


def test_a_directory_for_a_file(refused, corpus):
    (corpus / "train.source").unlink()
    (corpus / "train.source").mkdir()
    told = refused(data_dir=corpus)
    assert "expected a text file. Received: a directory" in told


def test_a_vocabulary_with_duplicates(refused, corpus):
    (corpus / "source.vocab").write_text("a\nb\na\n")
    told = refused(data_dir=corpus)
    assert f"{corpus / 'source.vocab'}:3" in told
    assert "'a'" in told or "`a`" in told


def test_a_vocabulary_without_tokens(refused, corpus):
    (corpus / "target.vocab").write_text("")
    assert f"{corpus / 'target.vocab'}" in refused(data_dir=corpus)


def test_an_unknown_key_with_the_nearest_one(refused):
    told = refused(model_params=with_params(**{"embeding.dim": 3}))
    assert "embeding.dim" in told and "embedding.dim" in told


def test_an_unknown_key_in_a_file_with_the_nearest_one(refused, tmp_path):
    path = tmp_path / "config.yml"
    path.write_text("batch_sise: 3\n")
    told = refused(config_paths=path)
    assert f"{path}: there is no setting" in told
    assert "batch_sise" in told and "batch_size" in told


def test_an_unknown_flag_with_the_nearest_one(refused):
    told = refused(batch_sise=3)
    assert "there is no flag `--batch_sise`" in told
    assert "`--batch_size`" in told


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"model": "AttentionSeq2Sec"}, "AttentionSeq2Seq"),
        (
            {"model_params": with_params(**{"encoder.class": "BiRNNEncoder"})},
            "RNNEncoder",
        ),
        (
            {"model_params": with_params(**{"attention.class": "DotAtention"})},
            "DotAttention",
        ),
        (
            {"input_pipeline_train": "{class: ParalelTextInputPipeline}"},
            "ParallelTextInputPipeline",
        ),
    ],
)
def test_an_unknown_class_with_the_nearest_one(refused, wrong, right):
    assert right in refused(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": "many"},
        {"batch_size": 0},
        {"train_steps": -1},
        {"tf_random_seed": 1.5},
        {"buckets": "10,b"},
        {"buckets": "20,10"},
        {"model_params": "[1, 2]"},
        {"model_params": with_params(**{"embedding.dim": "wide"})},
        {"hooks": "{"},
    ],
    ids=str,
)
def test_a_wrong_type_or_value(refused, wrong):
    (name,) = wrong
    assert name in refused(**wrong)


def test_settings_that_contradict_each_other(refused):
    told = refused(save_checkpoints_secs=60)
    assert "save_checkpoints_steps" in told
    assert "save_checkpoints_secs" in told


def test_all_errors_are_told_at_once(refused):
    told = refused(batch_size="x", train_steps="y")
    assert "batch_size" in told and "train_steps" in told


def test_what_is_missing_is_named_with_what_to_type(refused):
    told = refused(input_pipeline_dev=None)
    assert "You must specify input_pipeline_dev" in told
    assert "--input_pipeline_dev '{class:" in told


def test_a_class_of_ones_own_needs_permission(refused):
    told = refused(
        model_params=with_params(**{"bridge.class": "my.own.Bridge"})
    )
    assert "--allow_import my.own" in told


def test_a_batch_of_tokens_takes_no_other_unit(refused):
    assert "batch_type" in refused(batch_type="characters")


def test_what_was_in_the_directory_stays(tmp_path, corpus):
    (corpus / "train.source").write_text("")
    directory = tmp_path / "mine"
    directory.mkdir()
    assert main(train_flags(directory, data_dir=corpus)) == 2
    assert list(directory.iterdir()) == []
    (directory / "notes.txt").write_text("keep")
    assert main(train_flags(directory, data_dir=corpus)) == 2
    assert (directory / "notes.txt").read_text() == "keep"
    assert not (directory / "config.json").exists()


def test_prepared_files_go_with_a_refused_run(refused, corpus):
    (corpus / "dev.source").write_text("one line\n")
    prepare = [{"output": "made.vocab", "files": ["train.source"]}]
    told = refused(
        data_dir=corpus,
        prepare=json.dumps(prepare),
        model_params=with_params(vocab_source="made.vocab"),
    )
    assert "dev.source" in told


def infer(*flags):
    return main(["infer", *map(str, flags)])


@pytest.mark.parametrize("flags", [[], ["--n_best", 1]])
def test_a_model_must_be_named(capsys, flags):
    assert infer(*flags) == 2
    assert "--model_dir" in capsys.readouterr().err


def test_no_model_directory(capsys, tmp_path):
    assert infer("--model_dir", tmp_path / "none") == 2
    told = capsys.readouterr().err
    assert "no such directory" in told and "output_dir" in told


def test_a_directory_that_holds_no_run(capsys, tmp_path):
    (tmp_path / "notes.txt").write_text("")
    assert infer("--model_dir", tmp_path) == 2
    told = capsys.readouterr().err
    assert "config.json" in told and "notes.txt" in told


@pytest.fixture
def copied(tmp_path):
    """A copy of the trained run that a test may spoil."""
    run = tmp_path / "copied"
    shutil.copytree(small_run(), run)
    return run


@pytest.mark.parametrize(
    "missing", ["config.json", "tokenizers.json", "vocab.source.txt"]
)
def test_an_incomplete_model_directory(capsys, copied, missing):
    (copied / missing).unlink()
    assert infer("--model_dir", copied) == 2
    told = capsys.readouterr().err
    assert missing in told and "Traceback" not in told


def test_a_model_directory_without_weights(capsys, copied):
    for path in copied.glob("ckpt-*"):
        shutil.rmtree(path)
    assert infer("--model_dir", copied) == 2
    assert str(copied) in capsys.readouterr().err


def test_damaged_weights(capsys, copied):
    for path in copied.glob("ckpt-*/model.weights.h5"):
        path.write_bytes(path.read_bytes()[:100])
    assert infer("--model_dir", copied) == 2
    assert "model.weights.h5" in capsys.readouterr().err


def test_a_model_of_a_newer_version(capsys, copied):
    path = copied / "config.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "schema_version": 99}))
    assert infer("--model_dir", copied) == 2
    told = capsys.readouterr().err
    assert "newer" in told and "pip install --upgrade" in told


@pytest.mark.parametrize(
    ("flag", "value", "named"),
    [
        ("--n_best", "0", "n_best"),
        ("--batch_size", "0", "batch_size"),
        ("--batch_size", "two", "batch_size"),
        ("--precision", "bfloat16", "mixed_bfloat16"),
        ("--checkpoint", "61", "`61`"),
        ("--checkpoint", "nearest", "`nearest`"),
        ("--checkpoint_path", "nowhere", "nowhere"),
        ("--tasks", "[{class: DecodeTekst}]", "DecodeText"),
        ("--tasks", "[{params: {delimitor: ' '}}]", "delimiter"),
        ("--tasks", "[{params: {postproc_fn: nope}}]", "nope"),
        (
            "--model_params",
            "{inference.beam_search.beam_with: 2}",
            "beam_width",
        ),
        ("--input_pipeline", "{class: ParallelText}", "ParallelTextInput"),
        (
            "--input_pipeline",
            "{class: ParallelTextInputPipeline}",
            "source_files",
        ),
        ("--input_pipeline", pipeline("nowhere"), "nowhere.source"),
        ("--config_path", "nowhere.yml", "nowhere.yml"),
    ],
)
def test_wrong_flags_of_infer(capsys, flag, value, named):
    assert infer("--model_dir", small_run(), flag, value) == 2
    told = capsys.readouterr()
    assert told.out == "" and "Traceback" not in told.err
    assert named in told.err


@pytest.mark.parametrize(
    "flags",
    [
        ["evaluate"],
        ["evaluate", "--hypotheses", "x"],
        ["evaluate", "--hypotheses", "x", "--references", "y"],
        ["score", "--model_dir", "x", "--source", "y"],
        ["score", "--model_dir", "x", "--source", "y", "--target", "z"],
        ["vocab", "nowhere.txt"],
        ["vocab", "--kind", "syllable"],
        ["vocab", "--kind", "bpe"],
        ["toy-data"],
        ["toy-data", "--type", "shuffle", "--output_dir", "x"],
        ["selftest", "--checks", "repplicas"],
    ],
    ids=" ".join,
)
def test_wrong_flags_of_other_commands(
    capsys, flags, tmp_path, monkeypatch, standard_input
):
    monkeypatch.chdir(tmp_path)
    standard_input("a b\n")
    assert main(flags) == 2
    told = capsys.readouterr()
    assert told.err.startswith("keras-seq2seq: ") and told.out == ""
    assert "Traceback" not in told.err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_metric_with_the_nearest_one(capsys, tmp_path):
    path = tmp_path / "text"
    path.write_text("a\n")
    flags = ["--hypotheses", path, "--references", path, "--metric", "bleau"]
    assert main(["evaluate", *map(str, flags)]) == 2
    assert "`bleu`" in capsys.readouterr().err


def test_hypotheses_and_references_must_be_equally_many(capsys, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a\n")
    two.write_text("a\nb\n")
    flags = ["--hypotheses", one, "--references", two]
    assert main(["evaluate", *map(str, flags)]) == 2
    told = capsys.readouterr().err
    assert "1" in told and "2" in told


def test_scored_texts_must_be_equally_many(capsys, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a\n")
    two.write_text("a\nb\n")
    flags = ["--model_dir", small_run(), "--source", one, "--target", two]
    assert main(["score", *map(str, flags)]) == 2
    told = capsys.readouterr().err
    assert str(one) in told and str(two) in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"bridge.class": "PassThroughBridge"},
            "states of the same structure",
        ),
        ({"embedding.share": True}, "needs one vocabulary for both sides"),
        (
            {
                "encoder.class": "StackBidirectionalRNNEncoder",
                "encoder.params": {
                    "rnn_cell": {
                        "num_layers": 2,
                        "residual_connections": True,
                        "residual_combiner": "concat",
                    }
                },
            },
            "concat",
        ),
        ({"optimizer.name": "mine.Optimizer"}, "--allow_import mine"),
    ],
)
def test_parts_that_do_not_fit_or_may_not_be_imported(refused, changes, told):
    assert told in refused(model_params=with_params(**changes))


def test_a_glob_that_means_several_vocabularies(refused, corpus):
    (corpus / "second.vocab").write_text("a\n")
    told = refused(
        data_dir=corpus, model_params=with_params(vocab_source="s*.vocab")
    )
    assert "expected one file. Received: 2 files" in told


def test_settings_are_chosen_by_one_process(tmp_path, monkeypatch, capsys):
    cluster = {"worker": ["a:1", "b:1"]}
    task = {"type": "worker", "index": 0}
    text = json.dumps({"cluster": cluster, "task": task})
    monkeypatch.setenv("TF_CONFIG", text)
    files = [str(workplace() / f"train.{s}") for s in ("source", "target")]
    given = ["--source", files[0], "--target", files[1]]
    run = ["--output_dir", str(tmp_path / "run")]
    assert main(["train", *given, *run]) == 2
    assert "choose settings on one machine" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_fields_of_records_must_differ(tmp_path, capsys):
    files = [str(workplace() / f"train.{s}") for s in ("source", "target")]
    given = ["--source", files[0], "--target", files[1]]
    fields = ["--source_field", "t", "--target_field", "t"]
    output = tmp_path / "r.tfrecord"
    command = ["records", *given, *fields, "--output", str(output)]
    assert main(command) == 2
    assert "must differ" in capsys.readouterr().err
    assert not output.exists()
