import itertools
import json

import numpy as np
import pytest

from keras_seq2seq import benchmark
from keras_seq2seq.__main__ import main
from keras_seq2seq.config.files import load
from tests.commands.small_run import MODEL_PARAMS, pipeline, workplace


@pytest.fixture
def configuration(tmp_path):
    values = {
        "model": "AttentionSeq2Seq",
        "model_params": MODEL_PARAMS,
        "input_pipeline_train": json.loads(pipeline("train")),
        "data_dir": str(workplace()),
        "batch_size": 8,
        "buckets": None,
    }
    path = tmp_path / "small.json"
    path.write_text(json.dumps(values))
    return path


def test_products_are_timed_in_their_own_type(monkeypatch):
    monkeypatch.setattr(benchmark, "PRODUCT", (64, 64, 64))
    monkeypatch.setattr(benchmark, "PRODUCT_SECONDS", 0.01)
    for precision in ("float32", "mixed_bfloat16"):
        assert benchmark.time_products(precision, at_once=1) > 0


def test_products_side_by_side_count_each(monkeypatch):
    monkeypatch.setattr(benchmark, "PRODUCT", (8, 8, 8))
    monkeypatch.setattr(benchmark, "PRODUCT_SECONDS", 1.5)
    for at_once in (1, 2):
        ticks = map(float, itertools.count())  # each round takes one second
        monkeypatch.setattr(benchmark.time, "perf_counter", ticks.__next__)
        found = benchmark.time_products("float32", at_once)
        assert found == at_once * 2 * 8**3


def test_the_random_text_has_its_lengths_and_words(tmp_path):
    path = benchmark.synthetic(tmp_path, pairs=500, words=50, mean=9, spread=2)
    lines = (tmp_path / "train.target").read_text().splitlines()
    lengths = [len(line.split()) for line in lines]
    assert len(lines) == 500
    assert np.mean(lengths) == pytest.approx(9, abs=0.5)
    assert load([path]).model_params.embedding_dim == 256


@pytest.mark.slow
def test_the_table_has_a_column_per_precision(configuration, capsys):
    arguments = ["--config_paths", str(configuration), "--steps", "2"]
    arguments += ["--precision", "float32", "--sentences", "4", "--json"]
    assert main(["benchmark", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["precision"] == "float32"
    assert min(found[name] for name in benchmark.SEARCHES) > 0
    assert found["tokens_per_second"] > 0


def test_a_wrong_configuration_ends_with_its_message(tmp_path, capsys):
    path = tmp_path / "none.yml"
    arguments = ["--config_paths", str(path), "--precision", "float32"]
    assert main(["benchmark", *arguments]) == 2
    assert str(path) in capsys.readouterr().err
