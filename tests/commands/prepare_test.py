import json

import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.array_files import read_hdf5
from tests.commands.small_run import basic_flags, workplace

pytestmark = pytest.mark.usefixtures("eagerly")

VOCABULARIES = {f"vocab_{s}": f"{s}.vocab" for s in ("source", "target")}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The corpus of the small run, with its vocabularies."""
    directory = tmp_path_factory.mktemp("prepared") / "corpus"
    texts = {s: f"train.{s}" for s in ("source", "target")}
    flags = {**texts, **VOCABULARIES}
    named = [
        text
        for name, path in flags.items()
        for text in (f"--{name}", str(workplace() / path))
    ]
    assert main(["prepare", *named, "--output", str(directory)]) == 0
    return directory


def pipeline(directory):
    params = {"directory": str(directory)}
    return json.dumps({"class": "PreparedInputPipeline", "params": params})


def test_a_model_is_that_of_the_text_bit_for_bit(prepared, tmp_path):
    weights = []
    once = {"train_steps": 4, "eval_every_n_steps": 4, "buckets": "3,4"}
    for name, changes in (
        ("text", {}),
        ("prepared", {"input_pipeline_train": pipeline(prepared)}),
    ):
        assert main(basic_flags(tmp_path / name, **once, **changes)) == 0
        path = tmp_path / name / "ckpt-4" / "model.weights.h5"
        weights.append(read_hdf5(path))
    for name, array in weights[0].items():
        np.testing.assert_array_equal(array, weights[1][name])


def test_its_loss_is_evaluated_without_text(prepared, tmp_path, capsys):
    once = {"train_steps": 2, "eval_every_n_steps": 2}
    once["input_pipeline_train"] = pipeline(prepared)
    run = tmp_path / "run"
    assert main(basic_flags(run, **once)) == 0
    capsys.readouterr()
    schedule = "continuous_eval_on_train_data"
    flags = ["--output_dir", str(run), "--schedule", schedule]
    assert main(["train", *flags]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["loss"] > 0


def test_the_configuration_beside_it_names_all_that_is_needed(prepared):
    from keras_seq2seq.config.files import load

    config = load(str(prepared / "config.yml"), {}, complete=False)
    assert config.input_pipeline_train.params.directory == str(prepared)
    params = config.model_params
    assert params.vocab_source == str(prepared / "vocab.source.txt")
    assert params.source_max_seq_len == params.target_max_seq_len == 50
    assert params.source_append_end is True


def test_a_vocabulary_is_made_where_none_is_given(tmp_path, capsys):
    for name, text in (("s", "b a a\n"), ("t", "c c a\n")):
        (tmp_path / name).write_text(text)
    files = ["--source", str(tmp_path / "s"), "--target", str(tmp_path / "t")]
    out = ["--output", str(tmp_path / "one")]
    assert main(["prepare", *files, *out]) == 0
    assert "Pairs: 1" in capsys.readouterr().err
    text = (tmp_path / "one" / "vocab.target.txt").read_text()
    assert text.split()[0] == "c"
    out = ["--output", str(tmp_path / "two"), "--shared_vocab"]
    assert main(["prepare", *files, *out]) == 0
    both = [
        (tmp_path / "two" / f"vocab.{side}.txt").read_text()
        for side in ("source", "target")
    ]
    assert both[0] == both[1] and "b" in both[0] and "c" in both[0]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("input_pipeline_train", pipeline(""), "directory is required"),
        ("input_pipeline_train", pipeline("nowhere"), "prepare` wrote"),
        ("input_pipeline_dev", None, "holds ids and no text"),
        ("subword_sampling", "{}", "subword_sampling"),
        ("source.max_seq_len", 9, "source.max_seq_len 50"),
    ],
)
def test_what_does_not_fit_is_explained(
    prepared, tmp_path, capsys, name, value, told
):
    given = {"input_pipeline_train": pipeline(prepared)}
    if "." in name:
        flags = basic_flags(tmp_path / "run")
        params = json.loads(flags[flags.index("--model_params") + 1])
        name, value = "model_params", json.dumps({**params, name: value})
    given[name] = value or pipeline(prepared)
    assert main(basic_flags(tmp_path / "run", **given)) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("columns", [(0, 1), (1, None)])
def test_a_shared_vocabulary_reads_no_column_of_other_files(
    columns, tmp_path, capsys
):
    typed = ["prepare", "--shared_vocab", "--output", str(tmp_path / "p")]
    for side, column in zip(("source", "target"), columns, strict=True):
        (tmp_path / side).write_text(f"{side}\tnoise of {side}\n")
        typed += [f"--{side}", str(tmp_path / side)]
        typed += [f"--{side}_column", str(column)] if column is not None else []
    assert main(typed) == 2
    told = capsys.readouterr().err
    assert f"--source_column {columns[0]} and --target_column" in told


def test_a_shared_vocabulary_is_made_of_both_columns_of_a_file(tmp_path):
    (tmp_path / "pairs.tsv").write_text("a\tb\tnoise\n")
    typed = ["prepare", "--shared_vocab", "--output", str(tmp_path / "p")]
    for column, side in enumerate(("source", "target")):
        typed += [f"--{side}", str(tmp_path / "pairs.tsv")]
        typed += [f"--{side}_column", str(column)]
    assert main(typed) == 0
    text = (tmp_path / "p" / "vocab.source.txt").read_text()
    assert "a" in text and "b" in text and "noise" not in text


def test_sides_that_do_not_pair_up_are_refused(tmp_path, capsys):
    for name, text in (("s", "a\nb\n"), ("t", "a\n")):
        (tmp_path / name).write_text(text)
    files = ["--source", str(tmp_path / "s"), "--target", str(tmp_path / "t")]
    assert main(["prepare", *files, "--output", str(tmp_path / "p")]) == 2
    assert "paired by position" in capsys.readouterr().err
    assert not (tmp_path / "p" / "prepared.json").exists()
