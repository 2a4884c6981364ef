import json
import re

import pytest

from keras_seq2seq.errors import UserError
from keras_seq2seq.sagemaker.layout import Layout
from tests.data.corpora import write


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "ml")


def write_config(layout, name, content):
    path = layout.hyperparameters.with_name(f"{name}.json")
    return write(path, json.dumps(content))


def test_a_channel_is_all_of_its_files_in_order(layout):
    folder = layout.channel("train")
    for name in ("b.rec", "a.rec", "part/0", ".hidden", ".cache/0"):
        write(folder / name, "x")
    write(folder / "_SUCCESS", "")
    found = [str(p.relative_to(folder)) for p in layout.records("train")]
    assert found == ["a.rec", "b.rec", "part/0"]


@pytest.mark.parametrize(("made", "state"), [(True, "empty"), (False, "miss")])
def test_a_channel_without_files_is_told_with_what_writes_it(
    layout, made, state
):
    if made:
        write(layout.channel("train") / "_SUCCESS", "")
    with pytest.raises(UserError, match=f"the channel `train` is {state}") as e:
        layout.records("train")
    assert f"sagemaker prepare --root {layout.root}" in str(e.value)


def test_a_missing_vocabulary_is_told_as_the_service_did(layout):
    write(layout.channel("vocab") / "vocab.src.json", "{}")
    told = "Vocab files are not present in the input directory: vocab.trg.json"
    with pytest.raises(UserError, match=f"{told}. .*holds: vocab.src.json"):
        layout.vocabularies()


def test_checkpoints_lie_where_they_are_kept(layout):
    assert layout.run == layout.root / "output" / "run"
    (layout.root / "checkpoints").mkdir(parents=True)
    assert layout.run == layout.root / "checkpoints" / "run"


def test_the_host_is_that_of_the_resources(layout):
    assert layout.host() == "algo-1"
    hosts = {"current_host": "algo-7", "hosts": ["algo-7"]}
    write_config(layout, "resourceconfig", hosts)
    assert layout.host() == "algo-7"


def test_several_machines_are_refused(layout):
    hosts = {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}
    write_config(layout, "resourceconfig", hosts)
    with pytest.raises(UserError, match="instance count to 1"):
        layout.host()


def test_channels_are_files(layout):
    layout.check_channels()
    channel = {"TrainingInputMode": "File", "S3DistributionType": "x"}
    path = write_config(layout, "inputdataconfig", {"train": channel})
    layout.check_channels()
    channel["TrainingInputMode"] = "Pipe"
    write_config(layout, "inputdataconfig", {"train": channel})
    told = f"{re.escape(str(path))}: train: TrainingInputMode: expected File"
    with pytest.raises(UserError, match=told):
        layout.check_channels()


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no such file"), ("[]", "object"), ("{", "JSON")],
)
def test_hyperparameters_are_an_object(layout, content, told):
    if content is not None:
        write(layout.hyperparameters, content)
    with pytest.raises(UserError, match=f"hyperparameters.json.*{told}"):
        layout.read_hyperparameters()
