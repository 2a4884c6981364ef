"""Moments of a training at which a test can end its process.

`python -m tests.faults.moments`, with jobs as JSON on standard input, forks a
process for each, so that TensorFlow is imported once. Each first trains until
its moment, then another trains with the same flags and without a fault.
"""

import contextlib
import json
import os
import sys
import threading
import traceback
from pathlib import Path
from unittest import mock

import keras

from keras_seq2seq import run_files, set_up
from keras_seq2seq.__main__ import main
from keras_seq2seq.checkpoint import storage
from keras_seq2seq.dev_scores import DevScores

LATER = 0.002  # seconds, in which a step has begun and has not ended


class At(keras.callbacks.Callback):
    """Calls `fault` once where a hook of Keras is called at a step."""

    def __init__(self, hook, step, fault):
        super().__init__()
        self.step = step
        self.fault = fault
        self.met = False
        setattr(self, hook, self.meet)

    def meet(self, *_, **__):
        step = self.model.optimizer.iterations.numpy()
        if step == self.step and not self.met:
            self.met = True
            self.fault()


def at(hook, step):
    """A fault where Keras calls `hook`, in front of our callbacks."""

    @contextlib.contextmanager
    def moment(fault):
        def with_fault(*arguments):
            return [At(hook, step, fault), *make(*arguments)]

        make = set_up.run_callbacks
        with mock.patch.object(set_up, "run_callbacks", with_fault):
            yield

    return moment


def in_a_step(fault):
    """A fault while the processor works on step 28."""
    return at("on_train_batch_begin", 27)(
        lambda: threading.Timer(LATER, fault).start()
    )


def before(owner, name, number=1):
    """A fault in front of the n-th call of a function."""

    @contextlib.contextmanager
    def moment(fault):
        calls = iter(range(1, 10**9))

        def function(*arguments, **options):
            if next(calls) == number:
                fault()
            return original(*arguments, **options)

        original = getattr(owner, name)
        with mock.patch.object(owner, name, function):
            yield

    return moment


MOMENTS = {
    "never": lambda fault: contextlib.nullcontext(),
    "before the run's files are written": before(run_files, "replace_text"),
    "before the configuration is written": before(run_files, "replace_text", 3),
    "before the first step": at("on_train_begin", 0),
    "in a step": in_a_step,
    "between two steps": at("on_train_batch_end", 33),
    "in an evaluation": at("on_test_batch_begin", 40),
    "in a decode for BLEU": before(DevScores, "generations", 2),
    "in a checkpoint": before(storage, "_move_into_place", 3),
    "between two epochs": at("on_epoch_begin", 40),
}


def end_here(number):
    """Sends this process a signal, which Python sees before going on."""
    os.kill(os.getpid(), number)


def in_a_process(log, function):
    """Runs `function` in a fork; returns its exit code, or minus a signal."""
    process = os.fork()
    if process == 0:
        code = 70
        try:
            with open(log, "w", encoding="utf-8") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
                code = function()
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def interrupt_and_go_on(job):
    """Carries out a job.

    Args:
        job: dict with `moment`, `signal`, `flags` and `place`, a directory
            for what the processes tell.

    Returns:
        list of the two exit codes.
    """

    def interrupted():
        with MOMENTS[job["moment"]](lambda: end_here(job["signal"])):
            return main(job["flags"])

    place = Path(job["place"])
    return [
        in_a_process(place / "first.log", interrupted),
        in_a_process(place / "second.log", lambda: main(job["flags"])),
    ]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for line in sys.stdin:
        print(json.dumps(interrupt_and_go_on(json.loads(line))), flush=True)
