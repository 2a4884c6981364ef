"""Several processes that train one model, on the loopback address."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from keras_seq2seq.distribution import CLUSTER
from keras_seq2seq.errors import LostWorkerError
from tests.commands.replicas_test import CODE
from tests.commands.small_run import basic_flags
from tests.processes import REPOSITORY, python

pytestmark = pytest.mark.slow  # processes that wait for each other

STEPS = 20
FLAGS = {
    "train_steps": STEPS,
    "eval_every_n_steps": 10,
    "save_checkpoints_steps": 5,
    "dev_decoding": '{"metric": ["exact_match"]}',
}
WEIGHTS = "model.weights.h5"


def start(run, **changes):
    """Two workers, started as a user starts them."""
    flags = basic_flags(run, **{**FLAGS, **changes})
    return start_both("-m", "keras_seq2seq", *map(str, flags))


def start_both(*arguments):
    """Two processes of Python, workers of one cluster."""
    hosts = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    processes = []
    for index in range(2):
        described = {
            "cluster": {"worker": hosts},
            "task": {"type": "worker", "index": index},
        }
        environment = {**os.environ, CLUSTER: json.dumps(described)}
        processes.append(
            subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                cwd=REPOSITORY,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    return processes


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def finish(processes, timeout=240):
    """Exit codes and what was told, of both."""
    told = [process.communicate(timeout=timeout)[1] for process in processes]
    return [process.returncode for process in processes], told


def test_keras_still_needs_what_is_overridden():
    """Once this fails, `distribution.ManyWorkersStep` can go, or a half."""
    processes = start_both("tests/run_stock_keras_worker.py")
    results = [process.communicate(timeout=240) for process in processes]
    for output, errors in results:
        assert output, errors
        stock, built = json.loads(output.splitlines()[-1])
        assert "PerReplica" in stock
        assert "Invalid reduction dimension" in built


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """A run of two workers, and what they told."""
    run = tmp_path_factory.mktemp("workers") / "run"
    codes, told = finish(start(run))
    assert codes == [0, 0], "\n".join(told)
    return run, told


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The same run, of one process with two replicas."""
    run = tmp_path_factory.mktemp("alone") / "run"
    flags = [str(flag) for flag in basic_flags(run, **FLAGS)]
    done = python("-c", CODE, json.dumps(flags))
    assert done.returncode == 0, done.stderr
    return run


def weights(run, step=STEPS):
    return (run / f"ckpt-{step}" / WEIGHTS).read_bytes()


def logged(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [
        {k: v for k, v in json.loads(line).items() if "second" not in k}
        for line in lines
    ]


def test_two_workers_train_as_one_process_with_two_replicas(together, alone):
    assert weights(together[0]) == weights(alone)
    assert logged(together[0]) == logged(alone)


def test_the_chief_alone_tells_and_writes(together):
    run, (chief, other) = together
    assert "MultiWorkerMirroredStrategy, 2 replicas" in chief
    assert "Worker 1 of 2" in other
    assert "step" not in other
    assert len(logged(run)) == 2


def test_workers_go_on_as_if_never_interrupted(together, tmp_path):
    shorter = tmp_path / "run"
    shutil.copytree(together[0], shorter)
    for step in (10, 15, 20):
        shutil.rmtree(shorter / f"ckpt-{step}")
    codes, told = finish(start(shorter))
    assert codes == [0, 0], told
    assert "Going on from ckpt-5" in told[0]
    assert weights(shorter) == weights(together[0])


def steps_made(run):
    return max(
        (int(p.name.partition("-")[2]) for p in run.glob("ckpt-*")), default=0
    )


def wait_for_steps(run, steps, processes):
    while steps_made(run) < steps:
        assert all(process.poll() is None for process in processes)
        time.sleep(0.2)


def test_a_signal_to_one_ends_all_after_the_same_step(tmp_path):
    run = tmp_path / "run"
    processes = start(run, train_steps=100000)
    wait_for_steps(run, 5, processes)
    processes[1].send_signal(signal.SIGTERM)
    codes, told = finish(processes)
    assert codes == [143, 143], told
    assert weights(run, steps_made(run))


def test_a_killed_worker_ends_the_others_with_a_message(tmp_path):
    run = tmp_path / "run"
    processes = start(run, train_steps=100000)
    wait_for_steps(run, 5, processes)
    processes[1].kill()
    codes, told = finish(processes, timeout=120)
    assert codes[0] == LostWorkerError.exit_code, told[0]
    assert "Start the same command again" in told[0]
