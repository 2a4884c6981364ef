import shutil

import keras
import numpy as np
import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.callbacks import StepTrace
from keras_seq2seq.config.component_schema import HOOKS
from tests.run_directories import untrained_run, words

SIDES = words("a b c d e"), words("p q r s")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of which no step was traced."""
    directory = tmp_path_factory.mktemp("untraced") / "run"
    untrained_run(directory, SIDES)
    return directory


@pytest.fixture(scope="module")
def traced(run, tmp_path_factory):
    """The same run with a trace, of another model's step."""
    directory = tmp_path_factory.mktemp("traced") / "run"
    shutil.copytree(run, directory)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.ones((4, 2), "float32")
    hook = StepTrace(directory, step=2)
    model.fit(x, x[:, :1], batch_size=1, verbose=0, callbacks=[hook])
    return directory


def test_parameters_and_operations_are_written_and_printed(run, capsys):
    assert main(["profile", "--model_dir", str(run)]) == 0
    printed = capsys.readouterr().out
    files = {path.name for path in (run / "profile").iterdir()}
    assert files == {"params.txt", "flops.txt"}
    for name in files:
        assert (run / "profile" / name).read_text() in printed + "\n"
    assert "development data" in printed


def test_without_a_trace_the_hook_that_makes_one_is_named(run, capsys):
    assert main(["profile", "--model_dir", str(run)]) == 0
    told = capsys.readouterr().err
    assert "MetadataCaptureHook" in told
    assert "MetadataCaptureHook" in HOOKS


def test_the_trace_of_the_hook_is_found(traced, capsys):
    assert main(["profile", "--model_dir", str(traced)]) == 0
    output = capsys.readouterr()
    files = {path.stem for path in (traced / "profile").iterdir()}
    assert files == {"params", "flops", "phases", "micro", "device"}
    assert "Step 3 took " in output.out
    assert "MetadataCaptureHook" not in output.err


def test_lengths_are_those_of_the_text_that_is_given(run, tmp_path, capsys):
    for side, text in (("s", "a b c\na\n"), ("t", "p q r s\n\n")):
        (tmp_path / side).write_text(text)
    data = [str(tmp_path / side) for side in "st"]
    assert main(["profile", "--model_dir", str(run), "--data", *data]) == 0
    printed = capsys.readouterr().out
    # With END: 4 and 2 source tokens, 5 and 1 target tokens.
    assert f"{data[0]}, 3.0 source and 3.0 target tokens" in printed


def test_what_is_no_run_ends_with_a_message(tmp_path, capsys):
    assert main(["profile", "--model_dir", str(tmp_path)]) == 2
    assert "config.json" in capsys.readouterr().err
