import ctypes
import json
import platform
import resource

import pytest
import tensorflow as tf

from keras_seq2seq import distribution
from keras_seq2seq.config.schema import Config
from keras_seq2seq.distribution import (
    choose_strategy,
    worker_count,
    workers_of,
)
from keras_seq2seq.errors import UserError

TASK = ("type", "index")
TWO = {"worker": ["a:1", "b:1"]}


@pytest.fixture
def switched(monkeypatch):
    """Names of the settings that were made, with a GPU that is not there."""
    made = []
    experimental = tf.config.experimental
    monkeypatch.setattr(
        experimental,
        "enable_op_determinism",
        lambda: made.append("deterministic"),
    )
    monkeypatch.setattr(
        experimental,
        "set_memory_growth",
        lambda gpu, grow: made.append(f"{gpu} grows: {grow}"),
    )
    return made


def test_gpus_compute_deterministically_unless_told_otherwise(
    switched, monkeypatch
):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["gpu"])
    distribution.configure_devices()
    assert switched == ["deterministic", "gpu grows: True"]
    switched.clear()
    distribution.configure_devices(deterministic=False)
    assert switched == ["gpu grows: True"]


@pytest.mark.parametrize(
    ("flags", "grows"),
    [
        ({}, False),
        ({"gpu_allow_growth": True}, True),
        ({"gpu_memory_fraction": 0.5}, True),
    ],
)
def test_the_flags_about_memory_act(switched, monkeypatch, flags, grows):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: ["gpu"])
    told = []
    distribution.configure_for(Config.model_validate(flags), told.append)
    assert switched == ["deterministic", f"gpu grows: {grows}"]
    assert bool(told) == ("gpu_memory_fraction" in flags)
    assert "gpu_allow_growth" in "".join(told) or not told


def test_placement_is_logged_if_asked(switched, monkeypatch):
    logged = []
    monkeypatch.setattr(tf.debugging, "set_log_device_placement", logged.append)
    for wanted in (False, True):
        flags = {"log_device_placement": wanted}
        distribution.configure_for(Config.model_validate(flags))
    assert logged == [True]


def test_a_processor_alone_needs_no_setting(switched, monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    distribution.configure_devices()
    assert switched == []


@pytest.fixture
def threads(monkeypatch):
    """The numbers of threads that are set, of a machine of four cores."""
    given = {"intra": 0, "inter": 0}
    for name in given:
        setter = f"set_{name}_op_parallelism_threads"
        monkeypatch.setattr(
            tf.config.threading,
            setter,
            lambda count, name=name: given.update({name: count}),
        )
    monkeypatch.setattr(
        tf.config.threading,
        "get_intra_op_parallelism_threads",
        lambda: given["intra"],
    )
    monkeypatch.setattr(distribution, "processors", lambda: 4)
    return given


@pytest.mark.parametrize(
    ("flags", "shards", "intra", "inter"),
    [
        ({}, 2, 2, 4),
        ({"threads": 1}, 1, 1, 1),
        ({"threads": 2}, 2, 1, 2),
        ({"threads": 3, "batch_shards": 3}, 3, 1, 3),
        ({"batch_shards": 1}, 1, 0, 0),
        ({"batch_shards": 1, "threads": 4}, 1, 4, 4),
    ],
)
def test_shards_of_a_batch_divide_the_threads(
    threads, flags, shards, intra, inter
):
    config = Config.model_validate(flags)
    distribution.configure_for(config)
    assert threads == {"intra": intra, "inter": inter}
    assert distribution.batch_shards(config) == shards


def test_there_is_one_shard_where_threads_were_set_before(threads):
    threads["intra"] = 4
    assert distribution.batch_shards(Config()) == 1


def test_a_tensorflow_that_runs_already_keeps_its_threads(monkeypatch):
    def refuse(count):
        raise RuntimeError("cannot be modified after initialization")

    setter = "set_intra_op_parallelism_threads"
    monkeypatch.setattr(tf.config.threading, setter, refuse)
    monkeypatch.setattr(distribution, "processors", lambda: 4)
    distribution.configure_for(Config())
    with pytest.raises(RuntimeError, match="after initialization"):
        distribution.configure_for(Config(threads=2))


def test_replicas_and_models_of_pictures_are_not_cut_further(
    threads, monkeypatch
):
    pictures = Config.model_validate({"model": "Image2Seq"})
    assert distribution.batch_shards(pictures) == 1
    task = dict(zip(TASK, ("worker", 0), strict=True))
    described = json.dumps({"cluster": TWO, "task": task})
    monkeypatch.setenv("TF_CONFIG", described)
    distribution.configure_for(Config())
    assert distribution.batch_shards(Config()) == 1
    monkeypatch.setenv("TF_CONFIG", "{}")  # as schedulers set it for one
    distribution.configure_for(Config())
    assert distribution.batch_shards(Config()) == 2
    monkeypatch.delenv("TF_CONFIG")
    monkeypatch.setattr(
        tf.config, "get_logical_device_configuration", lambda _: [1, 2]
    )
    distribution.configure_for(Config())
    assert distribution.batch_shards(Config()) == 1


def test_the_nearest_sizes_that_divide_are_named():
    distribution.check_divides(12, 4)
    with pytest.raises(UserError, match="Type --batch_size 8 or 12"):
        distribution.check_divides(10, 4)
    with pytest.raises(UserError, match="Type --batch_size 4$"):
        distribution.check_divides(3, 4)


def test_an_unknown_strategy_is_refused_with_those_that_exist():
    with pytest.raises(
        UserError, match="mirrored, multi_worker_mirrored, default"
    ):
        distribution.choose_strategy("mirored")


def test_one_processor_gets_the_default_strategy():
    strategy = distribution.choose_strategy()
    assert "default strategy" in distribution.describe(strategy)
    assert strategy.num_replicas_in_sync == 1


@pytest.mark.parametrize(
    ("cluster", "task", "expected"),
    [
        (TWO, ("worker", 1), 2),
        ({"chief": ["a:1"], **TWO}, ("chief", 0), 3),
        ({"worker": ["a:1"]}, ("worker", 0), 1),
    ],
)
def test_workers_are_counted(cluster, task, expected):
    described = {"cluster": cluster, "task": dict(zip(TASK, task, strict=True))}
    assert worker_count(json.dumps(described)) == expected


@pytest.mark.parametrize(
    "described",
    [{}, {"task": {"type": "master", "index": 0}}, {"cluster": {}}],
)
def test_without_a_cluster_there_are_no_workers(described):
    assert worker_count(json.dumps(described)) == 0


WRONG = [
    "no json",
    "[]",
    json.dumps({"cluster": TWO}),
    json.dumps({"cluster": TWO, "task": {"type": "worker", "index": 2}}),
    json.dumps({"cluster": TWO, "task": {"type": "worker", "index": -1}}),
    json.dumps({"cluster": TWO, "task": {"type": "ps", "index": 0}}),
    json.dumps({"cluster": [1], "task": {"type": "worker", "index": 0}}),
    json.dumps({"cluster": {"worker": 3}, "task": {"type": "worker"}}),
]


@pytest.mark.parametrize("text", WRONG)
def test_a_cluster_that_does_not_hold_the_process_is_refused(text):
    with pytest.raises(UserError, match="TF_CONFIG: expected JSON such as"):
        worker_count(text)


@pytest.mark.parametrize("role", ["ps", "evaluator"])
def test_roles_that_do_not_exist_here_are_refused(role):
    described = {
        "cluster": {**TWO, role: ["c:1"]},
        "task": {"type": "worker", "index": 0},
    }
    with pytest.raises(UserError, match="no parameter servers"):
        worker_count(json.dumps(described))


def test_workers_need_a_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UserError, match="expected the environment variable"):
        choose_strategy("multi_worker_mirrored")


def test_one_worker_agrees_with_itself():
    workers = workers_of(choose_strategy("default"))
    assert workers.agree((True, False)) == (True, False)
    assert workers.from_chief(7) == 7
    assert workers.is_chief
    assert workers.share is None


def faults_of_a_block(libc, size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = libc.malloc(size)
    ctypes.memset(block, 1, size)
    libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="settings of glibc's malloc"
)
def test_what_was_freed_is_taken_again_without_faults():
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    size = 16 * 2**20
    libc.mallopt(distribution.M_MMAP_THRESHOLD, 2**17)  # as a process begins
    faults_of_a_block(libc, size)
    given_back = faults_of_a_block(libc, size)
    distribution.keep_memory()
    faults_of_a_block(libc, size)
    assert faults_of_a_block(libc, size) < given_back / 10
