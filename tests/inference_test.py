import concurrent.futures
import json
import shutil

import keras
import numpy as np
import pytest

import keras_seq2seq
from keras_seq2seq import inference, recipe
from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint.averaging import average, write_average
from keras_seq2seq.checkpoint.run_directory import AVERAGE_DIRECTORY
from keras_seq2seq.config.files import load
from keras_seq2seq.config.inference_flags import checked_pipeline
from keras_seq2seq.data.pictures import write_picture
from keras_seq2seq.errors import UserError
from keras_seq2seq.run_files import read_run
from keras_seq2seq.search import BeamSearch, GreedySearch
from keras_seq2seq.tasks import DecodeText, DumpAttention, RankedText
from tests.commands.small_run import LINES, small_run
from tests.run_directories import words
from tests.zoo.image2seq_test import image_model
from tests.zoo.tiny_models import basic_model, conv_s2s_model, pooling_model

pytestmark = pytest.mark.usefixtures("eagerly")

CAPTIONER = {
    "vocab_target": "words.txt",
    "embedding.dim": 6,
    "bridge.class": "InitialStateBridge",
    "encoder.class": "ImageEncoder",
    "encoder.params": {
        "backbone": "tests.small_backbone.network",
        "weights": None,
        "resize_height": 8,
        "resize_width": 8,
        "feature_cache": "float16",
    },
}
SOURCES = [*LINES[:9], "", "h g f"]


@pytest.fixture(scope="module")
def model():
    return keras_seq2seq.load(small_run())


def texts(found):
    return [(each.text, round(each.log_prob, 4)) for each in found]


def test_several_threads_may_generate_at_once(model):
    searches = [None, BeamSearch(3), BeamSearch(4, 1.0)] * 4
    expected = [texts(model.generate(SOURCES, each)) for each in searches]
    with concurrent.futures.ThreadPoolExecutor(len(searches)) as pool:
        found = pool.map(lambda s: texts(model.generate(SOURCES, s)), searches)
    assert list(found) == expected


def test_several_threads_may_load_at_once():
    def answer(_):
        return texts(keras_seq2seq.load(small_run()).generate(SOURCES[:2]))

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        one, *others = pool.map(answer, range(3))
    assert others == [one, one]


def test_a_model_in_bfloat16_is_as_sure_as_in_float32(model):
    before = keras.config.dtype_policy()
    coarse = keras_seq2seq.load(small_run(), precision="mixed_bfloat16")
    assert keras.config.dtype_policy() == before
    assert coarse.decoder.compute_dtype == "bfloat16"
    assert model.decoder.compute_dtype == "float32"
    found, expected = (
        inference.score_pairs(each, SOURCES, SOURCES)[0]
        for each in (coarse, model)
    )
    assert list(found) != list(expected)
    assert found == pytest.approx(expected, rel=0.05)


def test_another_precision_is_refused():
    with pytest.raises(UserError, match="float32 or mixed_bfloat16"):
        keras_seq2seq.load(small_run(), precision="float16")


def test_a_run_may_move(model, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(small_run(), moved)
    again = keras_seq2seq.load(moved)
    assert texts(again.generate(SOURCES)) == texts(model.generate(SOURCES))


def test_settings_are_laid_over_the_stored_ones():
    width = {"inference.beam_search.beam_width": 3}
    model = keras_seq2seq.load(small_run(), model_params=width)
    assert model.generator.default_search.width == 3
    assert texts(model.generate(SOURCES)) == texts(
        model.generate(SOURCES, BeamSearch(3))
    )


def test_the_best_weights_are_taken_before_the_latest(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    (run / "best").write_text("ckpt-20\n")
    assert inference.find_weights(run).name == "ckpt-20"
    assert inference.find_weights(run, "latest").name == "ckpt-60"
    assert inference.find_weights(run, 40).name == "ckpt-40"
    (run / "best").unlink()
    assert inference.find_weights(run).name == "ckpt-60"


@pytest.mark.parametrize("name", ["best", "latest", "40", "ckpt-40"])
def test_a_bare_name_is_the_run_s_wherever_it_is_typed(
    tmp_path, monkeypatch, name
):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert inference.find_weights(small_run(), name).parent == small_run()


def test_several_runs_make_an_ensemble(model):
    both = keras_seq2seq.load([small_run(), str(small_run())])
    assert len(both.members) == 2
    expected, found = model.generate(SOURCES), both.generate(SOURCES)
    assert [e.text for e in found] == [e.text for e in expected]
    alone = keras_seq2seq.load([small_run()])
    assert texts(alone.generate(SOURCES)) == texts(expected)


def test_runs_of_other_vocabularies_make_none(tmp_path):
    other = tmp_path / "other"
    shutil.copytree(small_run(), other)
    (other / "vocab.target.txt").write_text("b\na\n")
    with pytest.raises(UserError, match="other: .*vocabulary of the target"):
        keras_seq2seq.load([small_run(), other])


def test_an_average_is_that_of_the_checkpoints(model):
    run = small_run()
    found = keras_seq2seq.load(run, "last:2").get_weights()
    pair = [keras_seq2seq.load(run, step).get_weights() for step in (50, 60)]
    for mean, *both in zip(found, *pair, strict=True):
        np.testing.assert_allclose(mean, sum(both) / 2, atol=1e-6)


def test_attention_is_refused_where_there_is_none():
    basic = basic_model()
    tasks = [DecodeText(unk_replace=True)]
    with pytest.raises(UserError, match="unk_replace.*BasicSeq2Seq"):
        inference.task_search(basic, tasks)
    with pytest.raises(UserError, match="DumpAttention needs attention"):
        inference.task_search(basic, [DumpAttention("x")])


@pytest.mark.parametrize(
    ("tasks", "wanted"),
    [
        ([], True),
        ([DecodeText()], False),
        ([DecodeText(), RankedText(DecodeText(), n_best=1)], True),
    ],
)
def test_log_probs_are_left_out_where_no_task_needs_them(tasks, wanted):
    greedy = basic_model(search=GreedySearch())
    search = inference.task_search(greedy, tasks)
    assert search.with_log_probs == wanted


def test_tasks_run_in_python_too(model, tmp_path):
    tasks = [DecodeText(), DumpAttention(tmp_path, dump_plots=False)]
    said = list(inference.run_tasks(model, tasks, SOURCES))
    assert said == [(each.text,) for each in model.generate(SOURCES)]
    with np.load(tmp_path / "attention_scores.npz") as file:
        assert len(file.files) == len(SOURCES)


def test_whoever_stops_early_leaves_no_part_of_a_file(model, tmp_path):
    said = inference.run_tasks(model, [DumpAttention(tmp_path)], SOURCES)
    next(said)
    said.close()
    assert not list(tmp_path.glob("*.npz")) + list(tmp_path.glob(".*"))


def test_averaged_weights_are_taken_first(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    shutil.copytree(run / "ckpt-25", run / AVERAGE_DIRECTORY)
    found = inference.find_weights(run)
    assert found == run / AVERAGE_DIRECTORY


def test_an_average_from_before_the_run_went_on_is_not_taken(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    write_average(run, average(run, last=1))
    assert inference.find_weights(run) == run / AVERAGE_DIRECTORY
    shutil.copytree(run / "ckpt-60", run / "ckpt-80")
    assert inference.find_weights(run) != run / AVERAGE_DIRECTORY


def test_a_stream_of_lines_keeps_its_order(model, monkeypatch):
    monkeypatch.setattr(inference, "LINES_AT_ONCE", 4)
    found = inference.generate_lines(model, iter(SOURCES), batch_size=2)
    assert texts(found) == texts(model.generate(SOURCES))


def test_nothing_is_read_ahead_of_need(model, monkeypatch):
    monkeypatch.setattr(inference, "LINES_AT_ONCE", 2)
    lines = iter(SOURCES)
    next(inference.generate_lines(model, lines))
    assert next(lines) == SOURCES[2]


def test_a_score_is_the_log_probability_of_generation(model):
    found = model.generate(SOURCES)
    nats, tokens = inference.score_pairs(
        model, SOURCES, [each.text for each in found], batch_size=3
    )
    for index, each in enumerate(found):
        if SOURCES[index]:  # nothing is generated for a blank line
            assert nats[index] == pytest.approx(each.log_prob, abs=1e-4)
            assert tokens[index] == len(each.tokens)


def test_an_evaluation_leaves_out_what_training_does(model, tmp_path):
    def pipeline(name, lines):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        files = {"source_files": str(path), "target_files": str(path)}
        section = {"class": "ParallelTextInputPipeline", "params": files}
        return checked_pipeline(json.dumps(section))

    short, long = ["a b", "c d"], ["a b c d e f"]
    config = read_run(small_run()).config
    limits = config.model_params.model_copy(update={"target_max_seq_len": 4})
    changes = {"overlength": "drop", "model_params": limits}
    dropping = config.model_copy(update=changes)
    found = inference.evaluate(model, pipeline("all", short + long), dropping)
    expected = inference.evaluate(model, pipeline("short", short), config)
    assert found == pytest.approx(expected)


def test_scores_of_all_next_tokens_sum_to_one(model):
    words = ["", "a", "b", "?"]  # END, two words, UNKNOWN
    nats, _ = inference.score_pairs(model, ["c d"] * 4, words)
    # Every longer target is less likely than its first token.
    assert 0 < np.exp(nats).sum() < 1


def test_a_class_of_ones_own_is_not_imported(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    text = (run / "config.json").read_text()
    (run / "config.json").write_text(
        text.replace('"ZeroBridge"', '"antigravity.Bridge"')
    )
    with pytest.raises(UserError, match="--allow_import antigravity"):
        keras_seq2seq.load(run)


def test_a_penalty_counts_where_more_hypotheses_are_wanted(model):
    penalty = {"inference.beam_search.length_penalty_weight": 1.0}
    found = keras_seq2seq.load(small_run(), model_params=penalty)
    search = inference.task_search(found, [], n_best=3)
    assert (search.width, search.length_penalty) == (3, 1.0)


@pytest.mark.parametrize(
    ("make", "scored"), [(conv_s2s_model, False), (pooling_model, True)]
)
def test_learned_positions_bound_what_is_scored_and_fixed_ones_do_not(
    make, scored
):
    letters = words("a b c d")
    model = make(tokenizers=(letters, letters), max_target_length=9)
    nats, _ = inference.score_pairs(
        model, ["a", " ".join("a" * 120)], ["b"] * 2
    )
    assert np.isfinite(nats).tolist() == [True, scored]


def test_a_picture_that_cannot_be_read_has_no_likely_caption(tmp_path):
    write_picture(tmp_path / "good.png", np.zeros((8, 8, 3), "uint8"))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    paths = [str(tmp_path / f"{name}.png") for name in ("bad", "good")]
    nats, _ = inference.score_pairs(image_model(), paths, ["a b", "a b"])
    assert nats[0] == -np.inf and np.isfinite(nats[1])


def test_a_score_tells_of_pictures_that_cannot_be_read(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(inference, "load", lambda *a, **b: image_model())
    for name, line in (("source", "absent.png\n"), ("target", "a b\n")):
        (tmp_path / name).write_text(line)
    files = [f"--{x}={tmp_path / x}" for x in ("source", "target")]
    assert main(["score", "--model_dir", "run", *files]) == 0
    told = capsys.readouterr()
    assert told.out == "-inf\t3\ta b\n"
    assert "too long, or their picture can't be read, and have" in told.err


def test_an_evaluation_of_pictures_keeps_their_features(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_SEQ2SEQ_CACHE", str(tmp_path / "cache"))
    write_picture(tmp_path / "a.png", np.full((8, 8, 3), 99, "uint8"))
    (tmp_path / "captions.tsv").write_text("a.png\ta b\na.png\tb a b\n")
    places = {"image_dir": tmp_path, "captions_files": "captions.tsv"}
    section = {
        "class": "ImageCaptionTSVInputPipeline",
        "params": {key: str(tmp_path / x) for key, x in places.items()},
    }
    section = json.dumps(section)
    given = {"model": "Image2Seq", "model_params": json.dumps(CAPTIONER)}
    given |= {f"input_pipeline_{part}": section for part in ("train", "dev")}
    config, allowed = load("", given), ["tests.small_backbone"]
    model = recipe.model(config, (None, words("a b")), allowed=allowed)
    pipeline = checked_pipeline(section)
    found = inference.evaluate(model, pipeline, config, allowed=allowed)
    (table,) = model.generator.known
    assert table.get(str(tmp_path / "a.png")) is not None
    assert np.isfinite(found["loss"])
