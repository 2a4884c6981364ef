"""Kills one training at random times, again and again.

    python -m pytest -n 0 -m slow -s tests/faults/campaign_test.py

`KILLS` (default 50) and `KILL_SEED` in the environment change it.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.small_run import train_flags

KILLS = int(os.environ.get("KILLS", 50))
SEED = int(os.environ.get("KILL_SEED", 1))
REPOSITORY = Path(__file__).parents[2]
STEPS = 3000
# Seconds that a process is left alive: from its imports to the training.
SHORTEST, LONGEST = 0.5, 20.0


def start(run, log):
    """A process that trains, or goes on."""
    flags = train_flags(
        run,
        train_steps=STEPS,
        eval_every_n_steps=100,
        save_checkpoints_steps=30,
        keep_checkpoint_max=3,
        dev_decoding='{"max_sentences": 4}',
    )
    return subprocess.Popen(
        [sys.executable, "-m", "keras_seq2seq", *flags],
        cwd=REPOSITORY,
        stderr=log,
    )


def weights(run):
    return (run / f"ckpt-{STEPS}" / "model.weights.h5").read_bytes()


@pytest.mark.slow
def test_a_training_killed_at_random_equals_one_that_was_not(tmp_path):
    draw = random.Random(SEED)
    run, straight = tmp_path / "run", tmp_path / "straight"
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        assert start(straight, log).wait() == 0
        kills = trainings = equal = 0
        while kills < KILLS or run.exists():
            process = start(run, log)
            try:
                seconds = draw.uniform(SHORTEST, LONGEST)
                code = process.wait(seconds if kills < KILLS else None)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
                run.mkdir(exist_ok=True)  # if it did not come so far
                continue
            assert code == 0, (tmp_path / "log").read_text()[-3000:]
            trainings += 1
            equal += weights(run) == weights(straight)
            shutil.rmtree(run)
    print(f"{kills} kills, {trainings} trainings, {equal} equal")
    assert equal == trainings > 0
