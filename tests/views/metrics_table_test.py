import csv
import io

import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.views.metrics_table import (
    from_sockeye,
    read_metrics,
    to_csv,
    to_json,
    to_sockeye,
)

RECORDS = [
    {"step": 10, "seconds": 2.5, "loss": 3.0, "val_perplexity": 20.25},
    {
        "step": 20,
        "seconds": 5.0,
        "loss": None,
        "val_perplexity": 7.5,
        "val_bleu": 25.0,
        "bleu": 25.0,
        "learning_rate": 3e-07,
    },
]


def test_sockeyes_names_and_scales_are_used():
    assert to_sockeye(RECORDS) == (
        "1\tloss-train=3.0\tperplexity-val=20.25\ttime-elapsed=2.5"
        "\tupdates=10\n"
        "2\tbleu-val=0.25\tlearning-rate=3e-07\tperplexity-val=7.5"
        "\ttime-elapsed=5.0\tupdates=20\n"
    )


@pytest.mark.parametrize("name", ["bleu_4", "bleu_teacher_forced", "chrf"])
def test_every_bleu_and_chrf_lies_between_0_and_1(name):
    line = to_sockeye([{f"val_{name}": 31.5}])
    assert line == f"1\t{name.replace('_', '-')}-val=0.315\n"


def test_sockeyes_own_bleu_takes_the_place_of_another():
    record = {"val_bleu": 30.0, "bleu": 30.0, "val_sockeye_bleu": 0.25}
    assert to_sockeye([record]) == "1\tbleu-val=0.25\n"
    forced = {"val_bleu": 30.0, "val_sockeye_bleu_teacher_forced": 0.5}
    assert to_sockeye([forced]) == (
        "1\tbleu-teacher-forced-val=0.5\tbleu-val=0.3\n"
    )


def test_what_is_written_can_be_read_again():
    first, second = from_sockeye(to_sockeye(RECORDS))
    assert first == {
        "checkpoint": 1,
        "loss-train": 3.0,
        "perplexity-val": 20.25,
        "time-elapsed": 2.5,
        "updates": 10,
    }
    assert second["learning-rate"] == RECORDS[1]["learning_rate"]


def test_a_file_of_sockeyes_own_can_be_read():
    line = "3\tperplexity-val=2.5\tused-gpu-memory=\tbest=nan-free\n"
    (found,) = from_sockeye(line)
    assert found["perplexity-val"] == 2.5
    assert found["best"] == "nan-free" and found["used-gpu-memory"] == ""


@pytest.mark.parametrize("line", ["x\ta=1", "1\ta", "1 a=1", ""])
def test_another_line_is_refused_with_its_number(line):
    with pytest.raises(UserError, match="line 2"):
        from_sockeye(f"1\ta=1\n{line}\n")


def test_csv_has_a_column_for_every_name():
    rows = list(csv.DictReader(io.StringIO(to_csv(RECORDS))))
    assert [row["step"] for row in rows] == ["10", "20"]
    assert rows[0]["val_bleu"] == "" and rows[1]["val_bleu"] == "25.0"
    assert rows[1]["loss"] == ""


def test_json_lines_are_read_as_they_are_written(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(to_json(RECORDS))
    assert read_metrics(path) == RECORDS
    path.write_text(to_json(RECORDS) + '{"step":\n')
    with pytest.raises(UserError, match="metrics.jsonl:3"):
        read_metrics(path)
