import numpy as np

from keras_seq2seq.__main__ import main
from tests.commands.small_run import small_run


def table(capsys, *flags):
    assert main(["inspect", str(small_run()), *map(str, flags)]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [line.split("\t") for line in lines]


def test_names_shapes_and_counts_are_printed(capsys):
    *rows, total = table(capsys)
    shapes = {name: shape for name, shape, _, _ in rows}
    assert shapes["embed_target/table"] == "6x8"
    for _, shape, _, count in rows:
        assert np.prod([int(n) for n in shape.split("x")]) == int(count)
    assert total[0] == "total"
    assert int(total[3]) == sum(int(row[3]) for row in rows)


def test_parameters_are_written_by_name(capsys, tmp_path):
    path = tmp_path / "embeddings.npz"
    rows = table(capsys, "--names", "embed_*", "--output", path)
    with np.load(path) as file:
        assert sorted(file) == [name for name, *_ in rows[:-1]]
        assert file["embed_source/table"].shape == (12, 8)


def test_a_name_that_is_none_is_explained(capsys):
    assert main(["inspect", str(small_run()), "--names", "nothing*"]) == 2
    assert "embed_source/table" in capsys.readouterr().err


def test_without_a_run_there_is_nothing_to_inspect(capsys, tmp_path):
    assert main(["inspect", str(tmp_path)]) == 2
    assert "config.json" in capsys.readouterr().err
