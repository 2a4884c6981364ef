import argparse

import pytest

from keras_seq2seq.config.inference_flags import inference_flags
from keras_seq2seq.errors import UserError
from keras_seq2seq.zoo.generation import BATCH_SIZE


@pytest.fixture
def checked(tmp_path):
    """Flags over the text of a `--config_path` file, checked."""

    def check(text="", **flags):
        if text:
            path = tmp_path / "infer.yml"
            path.write_text(text)
            flags["config_path"] = str(path)
        flags = {"model_dir": ["run"], "allow_import": [], **flags}
        return inference_flags(argparse.Namespace(**flags))

    return check


def test_as_many_sources_are_decoded_at_once_as_in_python(checked):
    assert checked().batch_size == BATCH_SIZE


def classes(flags):
    return [task.class_name for task in flags.tasks]


@pytest.mark.parametrize("tasks", [None, "", "[]", "{}"])
def test_without_tasks_text_is_decoded(checked, tasks):
    assert classes(checked(tasks=tasks)) == ["DecodeText"]


def test_tasks_keep_their_order_and_may_have_historical_names(checked):
    flags = checked(
        tasks="""
        - class: DumpBeams
          params: {file: beams.npz}
        - class: seq2seq.tasks.DecodeText
          params: {unk_replace: True}
        - class: DumpAttention
          params:
            output_dir: out
        - class: my_module.Own
          params: {depth: 3}
        """
    )
    names = ["DumpBeams", "DecodeText", "DumpAttention", "my_module.Own"]
    assert classes(flags) == names
    assert flags.tasks[1].params.unk_replace is True
    assert flags.tasks[2].params.dump_plots is True
    assert flags.tasks[3].params == {"depth": 3}


def test_a_single_task_needs_no_list(checked):
    assert classes(checked(tasks="{class: DecodeText}")) == ["DecodeText"]


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ("[{class: DumpAttention}]", "output_dir is required"),
        ("[{class: DumpAttention, params: {output_dir: ''}}]", "output_dir"),
        ("[{class: DumpBeams}]", "file is required"),
        ("[{class: DumpBeam}]", "Did you mean DumpBeams"),
        ("[{class: DumpBeams, params: {fil: x}}]", "Did you mean 'file'"),
        ("[{class: DecodeText, params: {unk_replace: 2}}]", "true or false"),
        ("3", "tasks"),
    ],
)
def test_wrong_tasks_are_explained(checked, tasks, told):
    with pytest.raises(UserError, match=told):
        checked(tasks=tasks)


def test_flags_win_over_the_file(checked):
    text = "{batch_size: 3, n_best: 2, checkpoint: latest}"
    assert checked(text).batch_size == 3
    flags = checked(text, batch_size="5")
    assert (flags.batch_size, flags.n_best) == (5, 2)
    assert flags.checkpoint == "latest"


def test_mappings_of_file_and_flags_are_merged(checked):
    text = """
    model_params:
      inference.beam_search.beam_width: 5
      decoder.params: {max_decode_length: 9}
    """
    flags = checked(text, model_params="{inference.beam_search.beam_width: 2}")
    assert flags.model_params == {
        "inference.beam_search.beam_width": 2,
        "decoder.params": {"max_decode_length": 9},
    }


def test_the_file_may_name_the_model(checked):
    assert checked("model_dir: there", model_dir=None).model_dir == ("there",)


def test_unknown_keys_of_the_file_are_refused(checked):
    with pytest.raises(UserError, match="infer.yml.*beam_breadth"):
        checked("beam_breadth: 5")


def test_an_empty_file_says_nothing(checked):
    assert checked("# nothing\n") == checked()


@pytest.mark.parametrize(
    "given", [["a", "b,c"], ["a, b,c,"], ["a,b", "c"], "a,b,c"]
)
def test_several_models_are_an_ensemble(checked, given):
    assert checked(model_dir=given).model_dir == ("a", "b", "c")


def test_a_model_is_required(checked):
    with pytest.raises(UserError, match="--model_dir"):
        checked(model_dir=None)
