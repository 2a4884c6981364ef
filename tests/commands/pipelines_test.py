"""The same pairs from text, records and a class of the user's own."""

import itertools
import json
import sys

import pytest
import tensorflow as tf

from keras_seq2seq import recipe
from keras_seq2seq.__main__ import main
from keras_seq2seq.config.inference_flags import checked_pipeline
from keras_seq2seq.data.records import write_records
from keras_seq2seq.zoo import BasicSeq2Seq
from tests.commands.small_run import (
    LINES,
    basic_flags,
    small_run,
    workplace,
)

pytestmark = pytest.mark.usefixtures("eagerly")

WEIGHTS = "ckpt-4/model.weights.h5"
OWN = """
class Lines:
    def __init__(self, path):
        self.path = path

    def __iter__(self):
        with open(self.path) as file:
            for line in file:
                yield line.rstrip("\\n"), line.rstrip("\\n")

    def __len__(self):
        with open(self.path) as file:
            return sum(1 for _ in file)
"""


@pytest.fixture(scope="module")
def sections(tmp_path_factory):
    """`{class, params}` of each form for the parts train and dev."""
    directory = tmp_path_factory.mktemp("pipelines")
    (directory / "my_pairs.py").write_text(OWN)
    sys.path.insert(0, str(directory))
    data = workplace()
    found = {"text": {}, "records": {}, "own": {}}
    for part in ("train", "dev"):
        files = [str(data / f"{part}.{side}") for side in ("source", "target")]
        output = str(directory / f"{part}.tfrecord")
        flags = ["--source", files[0], "--target", files[1]]
        assert main(["records", *flags, "--output", output]) == 0
        found["text"][part] = section(
            "ParallelTextInputPipeline",
            source_files=files[0],
            target_files=files[1],
        )
        found["records"][part] = section("TFRecordInputPipeline", files=output)
        found["own"][part] = section("my_pairs.Lines", path=files[0])
    yield found
    sys.path.remove(str(directory))


def section(kind, **params):
    return json.dumps({"class": kind, "params": params})


def train(run, form, *more, **flags):
    flags = {
        "input_pipeline_train": form["train"],
        "input_pipeline_dev": form["dev"],
        "eval_every_n_steps": 4,
        "train_steps": 4,
        "save_checkpoints_steps": 4,
        **flags,
    }
    return main([*basic_flags(run, **flags), *more])


@pytest.fixture(scope="module")
def runs(sections, tmp_path_factory):
    """A run of each form."""
    directory = tmp_path_factory.mktemp("runs")
    allowed = ["--allow_import", "my_pairs"]
    for name, form in sections.items():
        assert train(directory / name, form, *allowed) == 0
    return directory


@pytest.mark.parametrize("form", ["records", "own"])
def test_the_same_pairs_give_the_same_weights(runs, form):
    expected = (runs / "text" / WEIGHTS).read_bytes()
    assert (runs / form / WEIGHTS).read_bytes() == expected
    logs = [
        json.loads((runs / name / "metrics.jsonl").read_text())["val_loss"]
        for name in ("text", form)
    ]
    assert logs[0] == logs[1]


def test_the_users_own_class_is_imported_only_if_allowed(
    sections, tmp_path, capsys
):
    assert train(tmp_path / "run", sections["own"]) == 2
    assert "--allow_import my_pairs" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_params_that_a_class_does_not_take_are_told(sections, tmp_path, capsys):
    form = {**sections["own"], "train": section("my_pairs.Lines", pth="x")}
    assert train(tmp_path / "run", form, "--allow_import", "my_pairs") == 2
    assert "my_pairs.Lines does not take its params" in capsys.readouterr().err


def infer(capsys, command, pipeline):
    flags = ["--model_dir", str(small_run()), "--input_pipeline", pipeline]
    assert main([command, *flags, "--allow_import", "my_pairs"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "form"), [("infer", "records"), ("evaluate", "own")]
)
def test_commands_read_every_form(sections, capsys, command, form):
    expected = infer(capsys, command, sections["text"]["dev"])
    assert expected.strip()
    assert infer(capsys, command, sections[form]["dev"]) == expected


def test_every_form_has_the_same_texts(sections):
    found = []
    for form in sections.values():
        pipeline = checked_pipeline(form["dev"])
        allowed = ["my_pairs"]
        sources = list(recipe.source_lines(pipeline, allowed))
        assert recipe.texts(pipeline, 3, allowed)[0] == sources[:3]
        found.append((sources, recipe.texts(pipeline, allowed=allowed)))
    assert found[0] == found[1] == found[2]
    assert len(found[0][0]) > 3


def test_the_features_of_records_may_have_other_names(tmp_path):
    path = tmp_path / "x.tfrecord"
    pairs = [("a b", "c"), ("d", "e f")]
    write_records(path, pairs, 2, fields=("question", "answer"))
    fields = {"source_field": "question", "target_field": "answer"}
    form = section("TFRecordInputPipeline", files=str(path), **fields)
    pipeline = checked_pipeline(form)
    assert list(recipe.pairs_of(pipeline)) == pairs
    assert list(recipe.source_lines(pipeline)) == ["a b", "d"]


def test_inference_needs_no_files_of_targets(tmp_path):
    (tmp_path / "s").write_text("a\n")
    files = {"source_files": str(tmp_path / "s"), "target_files": "nowhere"}
    pipeline = section("ParallelTextInputPipeline", **files)
    assert list(recipe.source_lines(checked_pipeline(pipeline))) == ["a"]


def test_damaged_records_end_with_2_and_the_place(tmp_path, capsys):
    (tmp_path / "r").write_bytes(b"no records at all")
    pipeline = section("TFRecordInputPipeline", files=str(tmp_path / "r"))
    flags = ["--model_dir", str(small_run()), "--input_pipeline", pipeline]
    assert main(["infer", *flags]) == 2
    told = capsys.readouterr().err
    assert f"{tmp_path / 'r'}: record 1: expected a TFRecord" in told


def test_records_need_files(sections, tmp_path, capsys):
    form = {**sections["records"], "train": "{class: TFRecordInputPipeline}"}
    assert train(tmp_path / "run", form) == 2
    told = capsys.readouterr().err
    assert "input_pipeline_train.params.files is required" in told


# Passes -------------------------------------------------------------------

UNIQUE = [" ".join(p) for p in itertools.permutations("abcde", 2)]  # 20


@pytest.fixture
def trained_on(monkeypatch):
    """The source ids that training steps were given, row by row."""
    seen, original = [], BasicSeq2Seq.train_step

    def note(source):
        seen.extend(tuple(row[row > 3]) for row in source.numpy())

    def train_step(self, data):
        tf.py_function(note, [data[0]["source"]], [])
        return original(self, data)

    monkeypatch.setattr(BasicSeq2Seq, "train_step", train_step)
    return seen


def test_evaluations_and_resuming_never_restart_the_data(tmp_path, trained_on):
    """google/seq2seq read the first lines again after every evaluation."""
    assert set("abcdefgh") == set("".join(LINES)) - {" "}
    path = tmp_path / "lines"
    path.write_text("".join(f"{line}\n" for line in UNIQUE))
    part = {"source_files": str(path), "target_files": str(path)}
    pipeline = section("ParallelTextInputPipeline", **part, num_epochs=3)
    form = {"train": pipeline, "dev": pipeline}
    flags = {"batch_size": 6, "eval_every_n_steps": 3, "buckets": None}
    # 4 steps a pass: stopped inside the second, evaluated inside of each.
    assert train(tmp_path / "run", form, **flags, train_steps=5) == 0
    assert train(tmp_path / "run", form, **flags, train_steps=None) == 0
    pairs = [row for row in trained_on if row]
    passes = [pairs[i : i + 20] for i in range(0, len(pairs), 20)]
    assert len(passes) == 3 and len(trained_on) == 12 * 6
    for one in passes:
        assert len(set(one)) == 20
    assert passes[0] != passes[1] != passes[2]
    # And without train_steps the evaluations came when they were asked for.
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == [3, 5, 6, 9, 12]


def test_without_shuffling_every_pass_has_the_order_of_the_file(
    tmp_path, trained_on, capsys
):
    path = tmp_path / "lines"
    path.write_text("".join(f"{line}\n" for line in UNIQUE))
    part = {"source_files": str(path), "target_files": str(path)}
    pipeline = section(
        "ParallelTextInputPipeline", **part, num_epochs=2, shuffle=False
    )
    form = {"train": pipeline, "dev": pipeline}
    flags = {"batch_size": 10, "buckets": None, "train_steps": 100}
    assert train(tmp_path / "run", form, **flags) == 0
    first = [tuple(4 + "abcdefgh".index(w) for w in u.split()) for u in UNIQUE]
    assert trained_on == 2 * first
    capsys.readouterr()
    assert train(tmp_path / "run", form, **flags) == 0
    told = capsys.readouterr().err
    assert "num_epochs 2 ends at step 4: nothing to do" in told
    assert "num_epochs: 4" in told
