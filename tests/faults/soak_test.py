"""Memory, open files and threads over 20,000 steps.

    python -m pytest -n 0 -m slow -s tests/faults/soak_test.py

`SOAK_STEPS` in the environment changes their number.
"""

import json
import os
from pathlib import Path

import pytest

from tests.commands.small_run import train_flags
from tests.processes import python

STEPS = int(os.environ.get("SOAK_STEPS", 20_000))
CODE = """
import json, os, sys, threading
import keras
from keras_seq2seq import set_up
from keras_seq2seq.__main__ import main

PAGE = os.sysconf("SC_PAGE_SIZE")

class Watch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        pages = int(open("/proc/self/statm").read().split()[1])
        print(json.dumps({
            "step": int(self.model.optimizer.iterations.numpy()),
            "megabytes": pages * PAGE / 2**20,
            "files": len(os.listdir("/proc/self/fd")),
            "threads": len(os.listdir("/proc/self/task")),
        }), flush=True)

make = set_up.run_callbacks
set_up.run_callbacks = lambda *given: [Watch(), *make(*given)]
sys.exit(main(json.loads(sys.argv[1])))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_nothing_grows_over_a_long_run(tmp_path):
    flags = train_flags(
        tmp_path / "run",
        train_steps=STEPS,
        eval_every_n_steps=STEPS // 40,
        save_checkpoints_steps=STEPS // 100,
        keep_checkpoint_max=3,
        dev_decoding='{"max_sentences": 4}',
    )
    done = python("-c", CODE, json.dumps(flags))
    assert done.returncode == 0, done.stderr
    curve = [json.loads(line) for line in done.stdout.splitlines()]
    for point in curve:
        print(point)
    early, late = curve[len(curve) // 4], curve[-1]
    assert late["step"] == STEPS
    assert late["megabytes"] < 1.05 * early["megabytes"]
    assert late["files"] <= early["files"]
    assert late["threads"] <= early["threads"]
