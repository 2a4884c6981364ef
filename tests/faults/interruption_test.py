"""A training that is interrupted and goes on equals one that was not."""

import functools
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keras_seq2seq.checkpoint import checkpoints
from tests.commands.small_run import basic_flags, without_data
from tests.faults.moments import MOMENTS

REPOSITORY = Path(__file__).parents[2]
DECODING = json.dumps({"max_sentences": 4})
WEIGHTS = "ckpt-60/model.weights.h5"
EXIT_CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143}
# The others train twice each, too, with -m slow.
QUICK = ("in a step",)


@pytest.fixture(scope="module")
def carry_out(tmp_path_factory):
    """`carry_out(moment, number)`: exit codes of both processes, and place."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.moments"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        text=True,
    )

    @functools.cache
    def done(moment, number):
        place = tmp_path_factory.mktemp("interrupted")
        flags = basic_flags(
            place / "run", dev_decoding=DECODING, batch_shards=2
        )
        job = {"moment": moment, "signal": number, "place": str(place)}
        print(json.dumps({**job, "flags": flags}), file=process.stdin)
        process.stdin.flush()
        return *json.loads(process.stdout.readline()), place

    yield done
    process.communicate()


def evaluations(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [without_data(json.loads(line)) for line in lines]


def equal_to_straight(carry_out, moment, number):
    """Interrupts, goes on, and compares; returns the place."""
    first, second, place = carry_out(moment, number)
    told = (place / "first.log").read_text()
    assert first == EXIT_CODES[number], told
    assert "Traceback" not in told
    assert second == 0, (place / "second.log").read_text()
    code, _, other = carry_out("never", signal.SIGKILL)
    assert code == 0, (other / "first.log").read_text()
    run, straight = place / "run", other / "run"
    assert (run / WEIGHTS).read_bytes() == (straight / WEIGHTS).read_bytes()
    assert evaluations(run) == evaluations(straight)
    assert not list(run.glob(".*.tmp-*"))
    return place


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(moment, marks=[pytest.mark.slow] * (moment not in QUICK))
        for moment in MOMENTS
        if moment != "never"
    ],
)
def test_kill_goes_on_to_equal_bytes(carry_out, moment):
    equal_to_straight(carry_out, moment, signal.SIGKILL)


@pytest.mark.parametrize(
    ("moment", "steps"),
    [
        pytest.param(
            "before the configuration is written", {20}, marks=pytest.mark.slow
        ),
        # It may have ended just then.
        pytest.param("in a step", {28, 29}, marks=pytest.mark.slow),
        pytest.param("in an evaluation", {40}, marks=pytest.mark.slow),
        pytest.param("in a decode for BLEU", {40}, marks=pytest.mark.slow),
    ],
)
def test_sigterm_saves_and_goes_on_to_equal_bytes(carry_out, moment, steps):
    place = equal_to_straight(carry_out, moment, signal.SIGTERM)
    assert steps & checkpoints(place / "run").keys()
