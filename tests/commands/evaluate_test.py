import json

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.metrics import ROUGE_TYPES
from tests.commands.small_run import small_run, workplace

FOX = (
    "The brown fox jumps over the dog 笑",
    "The brown fox jumps over the dog 2 笑",
)


@pytest.fixture
def evaluate(capsys):
    def run(*flags):
        assert main(["evaluate", *map(str, flags)]) == 0
        lines = capsys.readouterr().out.splitlines()
        records = [json.loads(line) for line in lines]
        assert all(
            set(each) == {"metric", "value", "signature"} for each in records
        )
        return records

    return run


@pytest.fixture
def text(tmp_path):
    def write(name, *lines):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def dev():
    files = {s: str(workplace() / f"dev.{s}") for s in ("source", "target")}
    params = {f"{side}_files": [path] for side, path in files.items()}
    return json.dumps({"class": "ParallelTextInputPipeline", "params": params})


def test_a_copy_is_perfect_by_every_metric(evaluate, text):
    path = text("text", "a b c d e", "f g h i j k")
    metrics = {"bleu": 100, "chrf": 100, "ter": 0, "wer": 0, "per": 0}
    found = evaluate(
        *["--hypotheses", path, "--references", path],
        *["--metric", ",".join(metrics)],
    )
    for record, (name, value) in zip(found, metrics.items(), strict=True):
        assert record["metric"] == name
        assert record["value"] == pytest.approx(value)
    assert "version" in found[0]["signature"]


def test_one_error_in_four_symbols_is_a_quarter(evaluate, text):
    hypotheses = text("hypotheses", "a b c x")
    references = text("references", "a b c d")
    flags = ["--hypotheses", hypotheses, "--references", references]
    assert evaluate(*flags, "--metric", "per")[0]["value"] == pytest.approx(25)


def test_several_references_can_only_help(evaluate, text):
    hypotheses = text("hypotheses", "a b c d e f")
    far, near = text("far", "a b c d x y"), text("near", "a b c d e f")
    one = evaluate("--hypotheses", hypotheses, "--references", far)
    two = evaluate("--hypotheses", hypotheses, "--references", far, near)
    assert one[0]["value"] < two[0]["value"] == pytest.approx(100)


def test_the_tokenizer_stands_in_the_signature(evaluate, text):
    path = text("text", "Well, that is all.")
    flags = ["--hypotheses", path, "--references", path, "--tokenize", "13a"]
    assert "13a" in evaluate(*flags)[0]["signature"]


def test_a_model_is_evaluated_as_in_training(evaluate):
    found = evaluate(
        *["--model_dir", small_run(), "--input_pipeline", dev()],
        *["--checkpoint", 40, "--metric", "bleu,wer"],
    )
    values = {record["metric"]: record["value"] for record in found}
    logged = [
        json.loads(line)
        for line in (small_run() / "metrics.jsonl").read_text().splitlines()
    ][1]
    for name in ("loss", "perplexity", "accuracy"):
        assert values[name] == pytest.approx(logged[f"val_{name}"], rel=1e-4)
    assert {"bleu", "wer"} <= set(values)


def test_rouge_is_all_nine_of_its_values(evaluate, text):
    hypotheses = text("hypotheses", *FOX)
    reference = "The quick brown fox jumps over the lazy dog 笑"
    references = text("references", reference, reference)
    flags = ["--hypotheses", hypotheses, "--references", references]
    found = evaluate(*flags, "--metric", "rouge,multi_bleu")
    names = [record["metric"] for record in found]
    assert names == [*ROUGE_TYPES, "multi_bleu"]
    values = {record["metric"]: record["value"] for record in found}
    assert values["rouge_1/f_score"] == pytest.approx(0.865497, abs=1e-6)
    assert values["rouge_2/r_score"] == pytest.approx(0.5)
    assert values["multi_bleu"] == 46.51
    (alone,) = evaluate(*flags, "--metric", "rouge_1")
    assert alone == found[0]
