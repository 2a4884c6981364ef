"""The tables of docs/experiments.md, and the plans behind them."""

from pathlib import Path

import pytest
import yaml

from keras_seq2seq.config.files import load
from tests.scripts import benchmark

ROOT = Path(__file__).resolve().parents[1]
PLANS = sorted((ROOT / "benchmarks" / "experiments").glob("*.yml"))
RESULTS = [
    ("the recipe", {"value": 30.0, "parameters": 10, "minutes": 1.5}),
    ("more", {"value": 31.25, "parameters": 1200, "minutes": 2.0}),
]
PLAN = {
    "about": "About.",
    "recipe": "zoo/x.yml",
    "metric": "bleu",
    "rows": {"the recipe": {}, "more": {}},
}


@pytest.fixture(scope="module")
def experiments():
    return benchmark("experiments")


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_row_is_a_valid_configuration(path, tmp_path, experiments):
    plan = yaml.safe_load(path.read_text())
    for change in plan["rows"].values():
        base, change = experiments.base_of(plan, change)
        layers = [ROOT / base]
        for number, layer in enumerate((plan["budget"], change)):
            layers.append(tmp_path / f"{number}.yml")
            layers[-1].write_text(yaml.safe_dump(layer))
        config = load(layers)
        assert config.train_steps == plan["budget"]["train_steps"]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_rows_have_directories_of_their_own(path, experiments):
    rows = yaml.safe_load(path.read_text())["rows"]
    assert len({experiments.slug(row) for row in rows}) == len(rows)


def test_changes_are_told_against_the_first_row(experiments):
    results = [(row, {**one, "signature": "s"}) for row, one in RESULTS]
    last = experiments.table(PLAN, results).splitlines()[-3]
    assert last == "| more | 31.25 | +1.25 | 1,200 | 2.0 |"


def test_without_the_first_row_changes_are_not_told(experiments):
    results = [(row, {**one, "signature": "s"}) for row, one in RESULTS[1:]]
    last = experiments.table(PLAN, results).splitlines()[-3]
    assert last == "| more | 31.25 |  | 1,200 | 2.0 |"


def test_a_wrong_row_ends_before_any_is_trained(
    experiments, tmp_path, monkeypatch
):
    plan = tmp_path / "plan.yml"
    plan.write_text(yaml.safe_dump(PLAN))
    monkeypatch.setattr(experiments, "train", pytest.fail)
    wrong = [str(plan), "--data_dir", "d", "--work_dir", str(tmp_path)]
    with pytest.raises(SystemExit, match="no row less"):
        experiments.main([*wrong, "--rows", "more", "less"])


def test_a_table_replaces_its_own_section_only(experiments):
    text = experiments.with_table(experiments.HEAD, "a", "old table")
    text = experiments.with_table(text, "b", "other table")
    again = experiments.with_table(text, "a", "new table")
    assert again == text.replace("old table", "new table")
    assert again.index("## a") < again.index("## b")


def test_a_plan_that_is_not_yaml_is_told_with_its_line(experiments, tmp_path):
    plan = tmp_path / "plan.yml"
    plan.write_text("about: one\nrows: [\n")
    wrong = [str(plan), "--data_dir", "d", "--work_dir", str(tmp_path)]
    with pytest.raises(SystemExit, match=r"plan\.yml:\d+: is not YAML"):
        experiments.main(wrong)
