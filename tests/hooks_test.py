import json
import shutil
import sys

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.callbacks import ModelAnalysis, StepTrace
from keras_seq2seq.callbacks.model_analysis import human_count
from keras_seq2seq.callbacks.step_trace import TRACES
from keras_seq2seq.checkpoint.array_files import read_hdf5
from keras_seq2seq.config.files import load
from keras_seq2seq.errors import UserError
from keras_seq2seq.hooks import hook_callbacks, hook_remarks
from keras_seq2seq.views.step_trace import newest_trace, read_trace
from tests.commands.small_run import basic_flags

pytestmark = pytest.mark.usefixtures("eagerly")

WEIGHTS = "ckpt-12/model.weights.h5"
ALL = [
    {"class": "PrintModelAnalysisHook"},
    {"class": "MetadataCaptureHook", "params": {"step": 3}},
    {"class": "TrainSampleHook", "params": {"every_n_steps": 10}},
    {"class": "seq2seq.training.hooks.SyncReplicasOptimizerHook"},
    {"class": "DelayStartHook", "params": {"delay_k": 7}},
    {"class": "own_hooks.Counting", "params": {"start": 100}},
]
OWN = """
import json
import keras

class Counting(keras.callbacks.Callback):
    def __init__(self, start, model_dir):
        super().__init__()
        self.count = start
        self.path = model_dir + "/counted.json"

    def on_train_batch_end(self, batch, logs=None):
        self.count += 1

    def on_train_end(self, logs=None):
        with open(self.path, "w") as file:
            json.dump(self.count, file)

    def get_state(self):
        return {"count": self.count}

    def set_state(self, state):
        self.count = state["count"]

class Refusing(keras.callbacks.Callback):
    def __init__(self, wanted):
        raise ValueError("never")

class Holding(keras.callbacks.Callback):
    def get_state(self):
        return {"self": self}

    def set_state(self, state):
        pass

def function():
    pass
"""


@pytest.fixture(scope="module", autouse=True)
def own_hooks(tmp_path_factory):
    directory = tmp_path_factory.mktemp("modules")
    (directory / "own_hooks.py").write_text(OWN)
    sys.path.insert(0, str(directory))
    yield
    sys.path.remove(str(directory))


def flags(run, hooks=(), **changes):
    arguments = basic_flags(
        run,
        **{
            "hooks": json.dumps(list(hooks)),
            "train_steps": 12,
            "eval_every_n_steps": 6,
            "save_checkpoints_steps": 5,
            **changes,
        },
    )
    return [*arguments, "--allow_import", "own_hooks"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A run without hooks."""
    run = tmp_path_factory.mktemp("plain") / "run"
    assert main(flags(run)) == 0
    return run


@pytest.fixture(scope="module")
def hooked(tmp_path_factory):
    """The same run with every hook but VariableRestoreHook."""
    run = tmp_path_factory.mktemp("hooked") / "run"
    assert main(flags(run, ALL)) == 0
    return run


def test_hooks_leave_every_weight_as_it_would_have_been(plain, hooked):
    assert (plain / WEIGHTS).read_bytes() == (hooked / WEIGHTS).read_bytes()


def test_the_analysis_lists_all_variables_and_the_total(hooked):
    text = (hooked / "model_analysis.txt").read_text()
    weights = read_hdf5(hooked / WEIGHTS)
    total = human_count(sum(array.size for array in weights.values()))
    assert text.startswith(f"_TFProfRoot (--/{total} params)\n")
    assert all(f" {name} (" in text for name in weights)


def test_samples_are_written_at_zero_and_ten_and_not_nine(hooked):
    names = {path.name for path in (hooked / "samples").glob("samples_*")}
    assert names == {"samples_000000.txt", "samples_000010.txt"}


def test_one_step_is_traced_where_tensorboard_looks_for_it(hooked):
    assert len(list((hooked / TRACES).iterdir())) == 1
    assert read_trace(newest_trace(hooked)).step == 3


def test_a_hook_of_the_user_is_called_and_told_the_directory(hooked):
    assert json.loads((hooked / "counted.json").read_text()) == 112


def test_hooks_go_on_where_they_were(hooked, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(hooked, run)
    for step in (6, 10, 12):
        shutil.rmtree(run / f"ckpt-{step}")
    (run / "latest").write_text("ckpt-5\n")
    assert main(flags(run, ALL)) == 0
    assert (run / WEIGHTS).read_bytes() == (hooked / WEIGHTS).read_bytes()
    assert json.loads((run / "counted.json").read_text()) == 112
    assert len(list((run / TRACES).iterdir())) == 1


def test_variables_are_restored_once_and_not_when_the_run_goes_on(
    plain, tmp_path
):
    other, run = tmp_path / "other", tmp_path / "run"
    shutil.copytree(plain, other)
    hook = {
        "class": "VariableRestoreHook",
        "params": {"prefix": "", "checkpoint_path": str(other)},
    }
    begin = {"train_steps": 2, "eval_every_n_steps": 2}
    assert main(flags(run, [hook], **begin)) == 0
    account = (run / "initial_weights.txt").read_text()
    assert account.startswith("Restored:   ")
    shutil.rmtree(other)
    begin["train_steps"] = 3
    assert main(flags(run, [hook], **begin)) == 0
    assert (run / "initial_weights.txt").read_text() == account
    assert (run / "ckpt-3").is_dir()


def test_a_state_that_json_cannot_hold_ends_with_its_hook(tmp_path, capsys):
    hook = {"class": "own_hooks.Holding"}
    assert main(flags(tmp_path / "run", [hook], train_steps=1)) == 2
    assert "Received from Holding" in capsys.readouterr().err


# One by one -----------------------------------------------------------------


def given(*hooks):
    return load("", {"hooks": json.dumps(hooks)}, complete=False)


def made(*hooks, allowed=("own_hooks",)):
    return hook_callbacks(given(*hooks), "run", None, (None, None), allowed)


def test_historical_paths_name_our_hooks():
    names = ("PrintModelAnalysisHook", "MetadataCaptureHook")
    hooks = [{"class": f"seq2seq.training.hooks.{name}"} for name in names]
    analysis, trace = made(*hooks)
    assert isinstance(analysis, ModelAnalysis)
    assert isinstance(trace, StepTrace) and trace.step == 10


def test_seconds_replace_the_steps_of_the_default():
    hook = {"class": "TrainSampleHook", "params": {"every_n_secs": 30}}
    (samples,) = made(hook)
    assert samples.every_n_seconds == 30
    assert samples.every_n_steps is None


def test_hooks_with_nothing_to_do_say_so_once():
    names = ["SyncReplicasOptimizerHook", "DelayStartHook"]
    hooks = [{"class": name} for name in names * 2]
    assert made(*hooks) == []
    told = hook_remarks(given(*hooks))
    assert [line.partition(":")[0] for line in told] == names


def test_a_delimiter_without_effect_is_told():
    params = {"source_delimiter": "|", "target_delimiter": "|"}
    hook = {"class": "TrainSampleHook", "params": params}
    (line,) = hook_remarks(given(hook))
    assert "source_delimiter has no effect" in line
    assert made(hook)[0].delimiter == "|"


@pytest.mark.parametrize(
    ("name", "params", "allowed", "told"),
    [
        ("own_hooks.Counting", {}, (), "--allow_import own_hooks"),
        ("own_hooks.Missing", {}, ("own_hooks",), "cannot be imported"),
        ("own_hooks.function", {}, ("own_hooks",), "a subclass of keras"),
        ("own_hooks.Counting", {"no": 1}, ("own_hooks",), "'no'"),
        ("own_hooks.Refusing", {"wanted": 1}, ("own_hooks",), "never"),
    ],
)
def test_what_cannot_be_a_hook_is_refused(name, params, allowed, told):
    with pytest.raises(UserError, match=told):
        made({"class": name, "params": params}, allowed=allowed)
