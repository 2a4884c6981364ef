"""The examples of docs/training_hooks.md run as they stand there."""

import re
import shlex
from pathlib import Path

import pytest

from keras_seq2seq.__main__ import main
from keras_seq2seq.config.component_schema import HOOKS
from tests.commands.small_run import LINES

pytestmark = pytest.mark.slow  # trains as the page says

PATH = Path(__file__).resolve().parents[1] / "docs" / "training_hooks.md"
TEXT = PATH.read_text(encoding="utf-8")
FILES = re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", TEXT, re.DOTALL)
TRAIN, TUNE, PROFILE = (
    shlex.split(command)[3:]
    for command in re.findall(r"```bash\n(.*?)\n```", TEXT)
)


def words_of(lines):
    return "\n".join(dict.fromkeys(" ".join(lines).split())) + "\n"


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    """A directory with the files of the page and tiny data."""
    directory = tmp_path_factory.mktemp("page")
    for name, content in FILES:
        (directory / name).write_text(content)
    for side in ("source", "target"):
        (directory / f"vocab.{side}").write_text(words_of(LINES[:3]))
        for part, lines in (("train", LINES), ("dev", LINES[:4])):
            text = "".join(f"{line}\n" for line in lines)
            (directory / f"{part}.{side}").write_text(text)
    (directory / "more.source").write_text(words_of(LINES))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        patch.syspath_prepend(directory)
        yield directory


@pytest.fixture(scope="module")
def base(place):
    assert main(TRAIN) == 0
    return place / "runs" / "base"


def test_hooks_write_what_the_page_says(base):
    losses = (base / "losses.txt").read_text().splitlines()
    assert len(losses) == 2
    assert (base / "model_analysis.txt").exists()
    assert (base / "samples" / "samples_000010.txt").exists()
    assert list((base / "samples").glob("decoded_*.txt"))


def test_the_account_of_fine_tuning_is_as_the_page_shows(base, capsys):
    assert main(TUNE) == 0
    told = capsys.readouterr().err
    page = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)[1]
    for line in page.splitlines():
        assert line in told
    account = (base.parent / "tuned" / "initial_weights.txt").read_text()
    assert "embed_source/table 9 of 12 (there 9)" in account


def test_profiles_are_the_files_of_the_table(base):
    assert main(PROFILE) == 0
    table = TEXT[TEXT.index("## Profiles") :]
    files = set(re.findall(r"^\| `(\w+\.txt)`", table, re.MULTILINE))
    assert {path.name for path in (base / "profile").iterdir()} == files


def test_every_hook_is_on_the_page():
    table = "\n".join(re.findall(r"^\| `\w+Hook.*", TEXT, re.MULTILINE))
    assert set(re.findall(r"`(\w+Hook)`", table)) == set(HOOKS)
