import argparse

import pytest

from keras_seq2seq.config.inference_flags import inference_flags
from keras_seq2seq.config.wiki_inference import upgrade_inference
from keras_seq2seq.errors import UserError


def flags(**given):
    """`infer`'s flags, checked, and what was said."""
    told = []
    arguments = argparse.Namespace(model_dir="run", **given)
    return inference_flags(arguments, say=told.append), told


def test_a_source_file_is_an_input_pipeline():
    found, told = flags(source="a.txt")
    assert found.input_pipeline.params.source_files == ("a.txt",)
    assert told == [
        "--source=a.txt is deprecated, write --input_pipeline '{class: "
        "ParallelTextInputPipeline, params: {source_files: a.txt}}'"
    ]


def test_text_flags_are_arguments_of_decode_text():
    found, _ = flags(delimiter="_", unk_replace="true", unk_mapping="m.txt")
    assert found.tasks[0].params.delimiter == "_"
    assert found.tasks[0].params.unk_replace is True
    assert found.tasks[0].params.unk_mapping == "m.txt"


@pytest.mark.parametrize(
    ("value", "meant"), [("true", True), ("True", True), ("false", False)]
)
def test_switches_are_on_or_off(value, meant):
    assert flags(unk_replace=value)[0].tasks[0].params.unk_replace is meant


def test_empty_text_means_none_as_in_the_original():
    found, _ = flags(unk_mapping="", dump_beams="", dump_attention_dir="")
    assert found.tasks[0].params.unk_mapping is None
    assert len(found.tasks) == 1


@pytest.mark.parametrize(
    "no_plot", ["dump_attention_no_plot", "dump_atention_no_plot"]
)
def test_dumps_are_tasks_beside_the_text(no_plot):
    values, told = upgrade_inference(
        {"dump_attention_dir": "d", no_plot: "true", "dump_beams": "b.npz"}
    )
    assert values == {
        "tasks": [
            {"class": "DecodeText", "params": {}},
            {
                "class": "DumpAttention",
                "params": {"output_dir": "d", "dump_plots": False},
            },
            {"class": "DumpBeams", "params": {"file": "b.npz"}},
        ]
    }
    assert len(told) == 3


def test_settings_of_the_model_are_laid_over_the_stored_ones():
    found, _ = flags(
        hparams='{"source.max_seq_len": 60}', beam_width="5", vocab_source="v"
    )
    assert found.model_params == {
        "source.max_seq_len": 60,
        "inference.beam_search.beam_width": "5",
        "vocab_source": "v",
    }


def test_old_keys_of_hparams_are_translated():
    found, told = flags(hparams="inference.beam_search.score_fn=logprob_score")
    weight = "inference.beam_search.length_penalty_weight"
    assert found.model_params == {weight: 0.0}
    assert len(told) == 2


def test_old_flags_in_a_file_and_flags_over_it(tmp_path):
    path = tmp_path / "infer.yml"
    path.write_text("source: a.txt\nunk_replace: true\nbatch_size: 3")
    found, told = flags(config_path=str(path), source="b.txt")
    assert found.input_pipeline.params.source_files == ("b.txt",)
    assert found.tasks[0].params.unk_replace is True
    assert found.batch_size == 3
    assert told[0].startswith(f"{path}: source: a.txt is deprecated")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"unk_replace": "true", "tasks": "[{class: DecodeText}]"},
            "Keep --tasks",
        ),
        ({"unk_replace": "yes"}, "--unk_replace=yes: must be true or false"),
        (
            {
                "beam_width": "5",
                "hparams": "inference.beam_search.beam_width=3",
            },
            "is given twice",
        ),
        ({"hparams": "attention.score_type=x"}, "docs/compatibility.md"),
    ],
)
def test_what_contradicts_itself_is_refused(given, told):
    with pytest.raises(UserError) as caught:
        flags(**given)
    assert told in str(caught.value)
