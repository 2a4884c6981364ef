import concurrent.futures
import shutil

import numpy as np
import pytest

import keras_seq2seq
from keras_seq2seq import inference
from keras_seq2seq.errors import UserError
from keras_seq2seq.search import BeamSearch
from tests.commands.small_run import LINES, small_run

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


def test_averaged_weights_are_taken_first(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run(), run)
    shutil.copytree(run / "ckpt-25", run / inference.AVERAGE_DIRECTORY)
    found = inference.find_weights(run)
    assert found == run / inference.AVERAGE_DIRECTORY


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
