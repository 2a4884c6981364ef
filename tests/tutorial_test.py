"""The commands of docs/tutorial_nmt.md, run as they stand there."""

import re
from pathlib import Path

import pytest

from tests.processes import shell

pytestmark = pytest.mark.slow  # eight commands, each a process
ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tutorial_nmt.md"
# As little as shows that a command works.
SMALL = {
    "--output_dir nmt_data/toy_reverse": "--num_examples 60 --max_len 6",
    "--output_dir $MODEL_DIR": "--eval_every_n_steps 4",
}


def commands():
    """The tutorial's shell blocks, but those marked `skip`."""
    text = PAGE.read_text("utf-8")
    return re.findall(r"^```bash\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def smaller(script):
    """The script with less data and fewer steps."""
    for flag, more in SMALL.items():
        assert flag in script
        script = script.replace(flag, f"{flag} {more}", 1)
    return script.replace("TRAIN_STEPS=1500", "TRAIN_STEPS=8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the whole tutorial was run."""
    place = tmp_path_factory.mktemp("tutorial") / "work"
    place.mkdir()
    (place / "zoo").symlink_to(ROOT / "zoo")
    return place, shell(smaller("".join(commands())), place)


def test_every_command_of_the_tutorial_runs(place):
    sources = (place[0] / "nmt_data/toy_reverse/test/sources.txt").read_text()
    for name in ("", ".beam", ".last", ".replaced"):
        written = place[0] / "nmt_run" / "pred" / f"predictions{name}.txt"
        assert written.read_text().count("\n") == sources.count("\n")


def test_the_tutorial_scores_what_it_wrote(place):
    assert "BLEU = " in place[1]
    assert '"exact_match"' in place[1]


def test_beams_and_attention_are_written(place):
    pred = place[0] / "nmt_run" / "pred"
    assert (pred / "beams" / "000000.html").exists()
    assert (pred / "attention" / "attention_scores.npz").exists()
