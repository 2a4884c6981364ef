"""`docs/sagemaker.md` says what the code does."""

import json
import re
from pathlib import Path

import pytest

from keras_seq2seq.config.sagemaker import parse, remarks, upgrade
from keras_seq2seq.config.sagemaker_rules import ERROR, RULES
from keras_seq2seq.config.sagemaker_schema import EXTRAS, ROWS
from keras_seq2seq.errors import UserError
from tests.config.sagemaker_rows import CNN, placed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sagemaker.md").read_text("utf-8")
GROUPS = {
    "C": 10,
    "D": 23,
    "M": 13,
    "N": 11,
    "O": 11,
    "T": 19,
    "L": 7,
    "I": 15,
    "V": 6,
    "X": 4,
}


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.M)


def names(title):
    return re.findall(r"^\| `(\w+)` \|", section(title), re.M)


def test_each_table_has_a_row_for_each_hyperparameter():
    assert names("The 48 hyperparameters") == list(ROWS)
    assert names("More hyperparameters") == list(EXTRAS)


def test_python_on_the_page_runs():
    (text,) = blocks("python")
    exec(compile(text, "sagemaker.md", "exec"), {"__name__": "page"})


def test_every_rule_stands_on_the_page():
    rows = re.findall(
        r"^\| (.*) \| (error|warning|note)",
        section("What hyperparameters demand of each other"),
        re.M,
    )
    of_data = [row for row in rows if row[0].startswith(("`beam", "`batch"))]
    # That of `bleu_sample_size` has two.
    assert len(rows) - len(of_data) == len(RULES) + 1
    assert len(of_data) == 3
    told = sum(kind == "error" for _, kind in rows)
    assert told - 2 == sum(rule.kind == ERROR for rule in RULES)


def test_the_sample_job_is_taken_by_sagemaker_and_by_us():
    (text,) = blocks("json")
    given = parse(json.loads(text), strict=True)
    values, _ = upgrade(json.loads(text))
    assert values["train_steps"] == 2100
    assert values["eval_every_n_steps"] == 1000
    assert placed(values, "early_stopping/metric") == "sockeye_bleu"
    assert {line.split()[0] for line in remarks(given)} == {
        "checkpoint_threshold",
        "bleu_sample_size",
    }


def test_the_recipe_is_a_job_of_sagemaker_and_without_warnings():
    path = ROOT / "zoo" / "multi30k_en_de_sagemaker.json"
    given = json.loads(path.read_text("utf-8"))
    assert all(type(value) is str for value in given.values())
    assert remarks(parse(given, strict=True)) == []


def test_what_the_page_says_is_different_is_so():
    values, _ = upgrade({"optimized_metric": "bleu"})
    assert values["overlength"] == "truncate"
    assert values["dev_decoding"]["metric"] == ["sockeye_bleu", "bleu"]
    endless, _ = upgrade({"max_num_epochs": "3"})
    assert endless["early_stopping"]["patience"] is None
    cnn, _ = upgrade({**CNN, "cnn_hidden_dropout": "0.5"})
    encoder = "model_params/encoder.params/dropout_keep_prob"
    assert placed(cnn, encoder) == 1.0
    for wrong in (
        {"embed_dropout_source": "1"},
        {"weight_init_type": "uniform", "weight_init_scale": "-0.5"},
        {"max_num_batches": "0"},
        {"rnn_residual_connections": "true", "rnn_first_residual_layer": "1"},
    ):
        with pytest.raises(UserError):
            parse(wrong)


def test_every_feature_stands_on_the_page():
    ids = re.findall(r"^\| ([A-Z]\d\d) \|", section("What there is"), re.M)
    assert ids == [
        f"{group}{number:02}"
        for group, count in GROUPS.items()
        for number in range(1, count + 1)
    ]
    assert len(ids) == 119


def test_links_name_tests_that_exist():
    links = re.findall(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)", PAGE)
    assert len(links) > len(ROWS) + len(EXTRAS)
    for name, path in set(links):
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), name
