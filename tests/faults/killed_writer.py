"""Kills a process at every file operation of writing a checkpoint.

Forks a writer for each operation and prints, as JSON, what is left behind.
Nothing here loads TensorFlow, so that a fork costs milliseconds.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np

from keras_seq2seq import checkpoint
from keras_seq2seq.checkpoint import storage
from keras_seq2seq.checkpoint.array_files import write_hdf5, write_zip

OPERATIONS = ("mkdir", "open", "fsync", "rename", "replace", "rmdir", "unlink")


def fill(directory):
    write_hdf5(directory / "model.weights.h5", {"a/b": np.arange(600.0)})
    write_zip(directory / "training.npz", {"c": np.arange(300)})


def retain(run_dir):
    """What a training does at a save: write, point, delete the oldest."""
    checkpoint.write_checkpoint(run_dir, 12, fill)
    checkpoint.point(run_dir, "best", 12)
    checkpoint.delete(run_dir / "ckpt-3")


def replace(run_dir):
    """Writes a checkpoint that is there already, as after an evaluation."""
    checkpoint.write_checkpoint(run_dir, 7, fill)


class Killer:
    """Ends the process at the n-th operation, in front of it or amid it."""

    def __init__(self, number):
        self.left = number
        for name in OPERATIONS:
            setattr(os, name, self.before(getattr(os, name)))
        storage.write_bytes = self.amid(storage.write_bytes)

    def before(self, function):
        def operation(*arguments, **options):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return operation

    def amid(self, function):
        def write(path, content):
            self.left -= 1
            if self.left == 0:
                function(path, bytes(content)[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            function(path, content)

        return write


def left_behind(run_dir, act, number):
    """Lets a process act and die; whether it died, and what was found."""
    process = os.fork()
    if process == 0:
        Killer(number)
        act(run_dir)
        os._exit(0)
    killed = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != 0
    found = checkpoint.newest_valid(run_dir)[0]
    return {
        "killed": killed,
        "found": found.name,
        "recovered": checkpoint.recover(run_dir).name,
        "hidden": [p.name for p in run_dir.glob(".*")],
        "best": checkpoint.find(run_dir, "best").name,
        "latest": checkpoint.find(run_dir).name,
    }


def main(place, act):
    """Prints what is left behind by each process, until one survives."""
    for number in range(1, 1000):
        run_dir = Path(place) / str(number)
        for step in (3, 7):
            checkpoint.write_checkpoint(run_dir, step, fill)
        checkpoint.point(run_dir, "best", 7)
        told = left_behind(run_dir, act, number)
        print(json.dumps(told))
        shutil.rmtree(run_dir)
        if not told["killed"]:
            return


if __name__ == "__main__":
    main(sys.argv[1], {"retain": retain, "replace": replace}[sys.argv[2]])
