import json

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.metrics import ROUGE_TYPES
from tests.commands.small_run import small_run, workplace

pytestmark = pytest.mark.usefixtures("eagerly")

FOX = (
    "The brown fox jumps over the dog 笑",
    "The brown fox jumps over the dog 2 笑",
)


@pytest.fixture
def evaluate_all(capsys):
    def run(*flags):
        assert main(["evaluate", *map(str, flags)]) == 0
        return [json.loads(x) for x in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def evaluate(evaluate_all):
    def run(*flags):
        records = evaluate_all(*flags)
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


def test_of_several_hypotheses_the_mean_and_the_deviation_are_told(
    evaluate_all, text
):
    references = text("references", "a b c d", "e f g h")
    files = [
        text("one", "a b c d", "e f g h"),
        text("two", "a b c x", "e f g h"),
        text("three", "a b x x", "e f g h"),
    ]
    (found,) = evaluate_all(
        *["--hypotheses", *files, "--references", references],
        *["--metric", "per"],
    )
    assert found["values"] == pytest.approx([0, 12.5, 25])
    assert found["value"] == pytest.approx(12.5)
    assert found["std"] == pytest.approx(12.5)


def test_each_line_may_have_its_own_score(evaluate_all, text):
    one, other = text("one", "a b", "c d"), text("other", "a x", "c d")
    found = evaluate_all(
        *["--hypotheses", other, "--references", one, "--metric", "per"],
        "--sentence",
    )
    values = [(each["line"], each["value"]) for each in found]
    assert values == [(1, pytest.approx(50)), (2, 0)]
    several = evaluate_all(
        *["--hypotheses", one, other, "--references", one, other],
        *["--metric", "exact_match", "--sentence"],
    )
    assert [each["file"] for each in several] == [str(one)] * 2 + [
        str(other)
    ] * 2
    assert all(each["value"] == 100 for each in several)


def test_the_bleu_of_a_short_line_counts_the_orders_that_it_has(
    evaluate_all, text
):
    hypotheses = text("hypotheses", "a", "a b", "a b c d", "a x")
    references = text("references", "a", "a b", "a b c d", "a b")
    flags = ["--hypotheses", hypotheses, "--references", references]
    found = evaluate_all(*flags, "--sentence", "--metric", "bleu,bleu_2")
    values = [each["value"] for each in found]
    assert values[:3] == values[4:7] == [pytest.approx(100)] * 3
    assert 0 < values[3] < 100
    assert all("eff:yes" in each["signature"] for each in found)
    assert "eff:no" in evaluate_all(*flags)[0]["signature"]


def test_references_of_unequal_length_are_told_apart(text, capsys):
    one, other = text("one", "a", "b"), text("other", "a")
    flags = ["--hypotheses", one, "--references", one, other, "--sentence"]
    assert main(["evaluate", *map(str, flags)]) == 2
    assert "2 hypotheses, 1 references (set 2 of 2)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "value"), [("--metric", "per,bluu"), ("--tokenize", "13b")]
)
def test_a_misspelt_name_is_refused_before_any_work(flag, value, capsys):
    flags = ["--model_dir", "nowhere", "--input_pipeline", dev(), flag, value]
    assert main(["evaluate", *flags]) == 2
    said = capsys.readouterr().err
    assert f"Received: {value.split(',')[-1]!r}" in said
    assert "Did you mean" in said


def test_hypotheses_may_come_from_standard_input(
    evaluate_all, text, standard_input
):
    path = text("text", "a b c d e")
    standard_input("a b c d e\n")
    (found,) = evaluate_all("--hypotheses", "-", "--references", path)
    assert found["value"] == pytest.approx(100)


@pytest.mark.slow
def test_an_ensemble_of_one_model_is_that_model(evaluate_all):
    flags = ["--input_pipeline", dev(), "--metric", "per"]
    run = small_run()
    alone = evaluate_all("--model_dir", run, *flags)
    twins = evaluate_all("--model_dir", f"{run},{run}", *flags)
    values = [
        {each["metric"]: each["value"] for each in found}
        for found in (alone, twins)
    ]
    assert "accuracy" not in values[1]
    for name, value in values[1].items():
        assert value == pytest.approx(values[0][name], rel=1e-4)
