import json

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.views.metrics_table import from_sockeye
from tests.commands.small_run import small_run


@pytest.fixture
def printed(capsys):
    def run(*flags):
        assert main(["metrics", str(small_run()), *flags]) == 0
        return capsys.readouterr().out

    return run


def test_every_evaluation_is_a_line_of_sockeyes(printed):
    lines = from_sockeye(printed())
    records = [json.loads(x) for x in printed("--format", "json").splitlines()]
    assert [line["checkpoint"] for line in lines] == [1, 2, 3]
    for line, record in zip(lines, records, strict=True):
        assert line["updates"] == record["step"]
        assert line["perplexity-val"] == record["val_perplexity"]
        assert line["time-elapsed"] == record["seconds"]


def test_a_table_has_a_heading(printed):
    heading, *rows = printed("--format", "csv").splitlines()
    assert "val_perplexity" in heading.split(",") and len(rows) == 3


def test_a_run_without_metrics_is_explained(capsys, tmp_path):
    assert main(["metrics", str(tmp_path)]) == 2
    assert "metrics.jsonl" in capsys.readouterr().err
