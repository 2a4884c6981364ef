"""Which `tf.distribute` strategy shares the work, and among whom."""

import contextlib
import ctypes
import dataclasses
import functools
import json
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from keras_seq2seq.errors import UserError
from keras_seq2seq.processors import processors

SHARDS = 2  # of a batch, where a configuration does not say
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # glibc, malloc.h
CLUSTER = "TF_CONFIG"  # the environment variable that names the workers
EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Share(NamedTuple):
    """Which replicas of a batch one worker serves.

    Attributes:
        first: int. Number of its first replica.
        count: int. How many it has.
        total: int. Replicas of all workers.
    """

    first: int
    count: int
    total: int


@dataclasses.dataclass(frozen=True)
class Workers:
    """The processes that train one model, seen from one of them.

    All must call the methods in the same order, as each waits for the others.

    Attributes:
        strategy: `tf.distribute.Strategy`.
        count: int. Processes.
        index: int. This one's number; 0 is the chief, who alone writes.
    """

    strategy: Any
    count: int = 1
    index: int = 0

    @property
    def is_chief(self):
        """Whether this process writes."""
        return self.index == 0

    @property
    def share(self):
        """This worker's `Share`, or None where there is but one worker."""
        if self.count == 1:
            return None
        total = self.strategy.num_replicas_in_sync
        count = total // self.count
        return Share(self.index * count, count, total)

    def distribute(self, dataset):
        """A dataset of this worker's share of each batch, for `fit`.

        Keras would cut a whole batch by itself, and give every worker the
        same part of it.
        """
        if self.count == 1:
            return dataset
        return self.strategy.distribute_datasets_from_function(
            lambda context: dataset
        )

    def agree(self, flags):
        """Where any worker's flag is set, a tuple of bool."""
        if self.count == 1:
            return tuple(flags)
        given = tf.constant([float(flag) for flag in flags])
        return tuple(bool(found) for found in self._sum(given).numpy())

    def from_chief(self, number):
        """The chief's int, below 2**53."""
        if self.count == 1:
            return number
        given = tf.constant(float(number) if self.is_chief else 0.0, tf.float64)
        return int(self._sum(given).numpy())

    def wait(self):
        """Waits until all have come here."""
        self.agree([False])

    @functools.cached_property
    def _sum(self):
        @tf.function
        def total(values):
            each = self.strategy.run(lambda: values)
            each = self.strategy.reduce("SUM", each, axis=None)
            return each / (self.strategy.num_replicas_in_sync / self.count)

        return total


def workers_of(strategy):
    """The `Workers` of a strategy that `choose_strategy` gave."""
    found = strategy.cluster_resolver
    if not in_many_workers(strategy):
        return Workers(strategy)
    task = json.loads(os.environ[CLUSTER])["task"]
    chiefs = len(found.cluster_spec().as_dict().get("chief", ()))
    count = chiefs + len(found.cluster_spec().as_dict().get("worker", ()))
    first = 0 if task["type"] == "chief" else chiefs
    return Workers(strategy, count, first + int(task["index"]))


def in_many_workers(strategy):
    """Whether a strategy spans several processes."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


class ManyWorkersStep:
    """What Keras 3 lacks for `MultiWorkerMirroredStrategy`, for a model.

    Keras calls that strategy unsupported (keras issue 20585). It fails in two
    places: here, and where it takes the mean of what replicas return, over an
    axis that a scalar has not (`replicated`).
    """

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras reads a batch and makes one tensor of its parts on different
        # workers, which can't be. All that it would build is built already.
        if not in_many_workers(self.distribute_strategy):
            super()._maybe_symbolic_build(iterator, data_batch)


def replicated(results):
    """Results of a step in a form that Keras can take the mean of."""
    strategy = tf.distribute.get_strategy()
    if not in_many_workers(strategy):
        return results
    return {name: tf.reshape(value, [1]) for name, value in results.items()}


def choose_strategy(name="auto"):
    """The strategy that a configuration names.

    Args:
        name: `"auto"`: over all workers where the environment variable
            TF_CONFIG names several; else mirrored over all GPUs, or over all
            logical CPUs if there are several; with a single device the default
            strategy, which computes the same and is 12 to 20 % faster on a
            CPU. `"multi_worker_mirrored"`: as TF_CONFIG says. `"mirrored"`:
            mirrored in any case. `"default"` and `"one_device"`: one device,
            whatever there is.

    Returns:
        `tf.distribute.Strategy`.

    Raises:
        UserError: a strategy that does not exist, or a TF_CONFIG that names
            no workers or this process as something else.
    """
    count = worker_count(os.environ.get(CLUSTER))
    if name == "multi_worker_mirrored" and count == 0:
        raise UserError(
            f"strategy multi_worker_mirrored: expected the environment "
            f"variable {CLUSTER}, such as {EXAMPLE}. Received: none."
        )
    if name == "multi_worker_mirrored" or (name == "auto" and count > 1):
        return tf.distribute.MultiWorkerMirroredStrategy()
    devices = training_devices()
    if name == "auto":
        name = "mirrored" if len(devices) > 1 else "default"
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(devices)
    if name == "default":
        return tf.distribute.get_strategy()
    if name == "one_device":
        return tf.distribute.OneDeviceStrategy(devices[0])
    raise UserError(
        "strategy must be auto, mirrored, multi_worker_mirrored, default or "
        f"one_device. Received: {name}"
    )


def worker_count(text):
    """How many workers a TF_CONFIG names; 0 for none.

    Args:
        text: str or None. Value of the environment variable. One without a
            cluster, as schedulers set it for a single machine, names none.

    Raises:
        UserError: not the JSON of a cluster of workers, with this process as
            one of them.
    """
    if not text:
        return 0
    try:
        described = json.loads(text)
        cluster = described.get("cluster")
        if not cluster:
            return 0
        task = described["task"]
        kind, index = task["type"], int(task["index"])
        sizes = {name: len(list(hosts)) for name, hosts in cluster.items()}
        mine = cluster[kind][index] if index >= 0 else None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        mine = None
    if not isinstance(mine, str):
        raise UserError(
            f"{CLUSTER}: expected JSON such as {EXAMPLE}, with this process's "
            f"own task in its cluster. Received: {text[:300]}"
        )
    others = set(sizes) - {"chief", "worker"}
    if others or sizes.get("chief", 0) > 1:
        raise UserError(
            f"{CLUSTER}: expected workers, and at most one chief. Received: "
            f"{', '.join(sorted(sizes))}. There are no parameter servers here: "
            "every worker holds the whole model. An evaluator is a process of "
            "its own: type --schedule continuous_eval there, without "
            f"{CLUSTER}."
        )
    return sum(sizes.values())


def training_devices():
    """Names of all GPUs, or of all logical CPUs where there is none."""
    for kind in ("GPU", "CPU"):
        devices = tf.config.list_logical_devices(kind)
        if devices:
            return [device.name for device in devices]
    raise RuntimeError("TensorFlow reports neither a GPU nor a CPU.")


def check_divides(batch_size, replicas):
    """Demands equal shares of a batch for all replicas.

    Raises:
        UserError: with the two nearest sizes that divide.
    """
    below = batch_size - batch_size % replicas
    if below != batch_size:
        near = [n for n in (below, below + replicas) if n]
        raise UserError(
            f"batch_size must be a multiple of {replicas}, the number of "
            f"replicas. Received: {batch_size}. Type --batch_size "
            f"{' or '.join(map(str, near))}"
        )


def describe(strategy):
    """One line about a strategy for people."""
    count = strategy.num_replicas_in_sync
    name = type(strategy).__name__
    if in_many_workers(strategy):
        name = "MultiWorkerMirroredStrategy"
    if name == "_DefaultDistributionStrategy":
        return "default strategy on one device, equal to MirroredStrategy"
    return f"{name}, {count} replica{'s' if count > 1 else ''}"


def batch_shards(config):
    """Parts in which each batch is computed side by side.

    Args:
        config: Config. Where it does not say, there are several parts only if
            `configure_for` could divide the threads among them.
    """
    if config.batch_shards is not None:
        return config.batch_shards
    shards = _worthwhile_shards(config)
    each = tf.config.threading.get_intra_op_parallelism_threads()
    return shards if each == _threads_each(config.threads, shards) else 1


def _worthwhile_shards(config):
    """As many as there are threads, up to two.

    On two cores a training in two halves is faster by a sixth than one whose
    operations share the threads: most are too small for that. More parts were
    not measured.
    """
    if tf.config.list_physical_devices("GPU") or _logical_cpus() > 1:
        return 1
    if worker_count(os.environ.get(CLUSTER)) > 1:
        return 1
    if config.model == "Image2Seq":  # its operations are large
        return 1
    return min(config.threads or processors(), SHARDS)


def _logical_cpus():
    cpu, *_ = tf.config.list_physical_devices("CPU")
    return len(tf.config.get_logical_device_configuration(cpu) or [cpu])


def _threads_each(threads, shards):
    return math.ceil((threads or processors()) / shards)


def configure_devices(
    threads=None,
    memory_growth=True,
    deterministic=True,
    log_placement=False,
    shards=1,
):
    """Settings that TensorFlow takes only before its first operation.

    Args:
        threads: int or None. Processor threads; None leaves the choice.
        deterministic: bool. Choose kernels on GPUs whose sums have one order;
            those on CPUs have.
        memory_growth: bool. Take GPU memory as it is needed.
        log_placement: bool. Log where each operation runs; TensorFlow shows
            that only with `TF_CPP_MIN_LOG_LEVEL` 0.
        shards: int. Parts of a batch among which the threads are divided.
    """
    if log_placement:
        tf.debugging.set_log_device_placement(True)
    if threads or shards > 1:
        _divide_threads(threads, shards)
    if shards > 1:
        _share_memory()
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and deterministic:
        tf.config.experimental.enable_op_determinism()
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, memory_growth)


def _divide_threads(threads, shards):
    settings = tf.config.threading
    try:
        settings.set_intra_op_parallelism_threads(
            _threads_each(threads, shards)
        )
        settings.set_inter_op_parallelism_threads(threads or processors())
    except RuntimeError:  # it ran operations before, as in a notebook
        if threads:
            raise


def _share_memory():
    """Lets all threads take memory from one place.

    In glibc each thread has an arena of its own, which keeps what was freed:
    100 MiB in a training of 11 million weights.
    """
    _set_malloc(M_ARENA_MAX, 1)


def keep_memory():
    """Keeps what a training step frees for the next step.

    glibc gives it back to the system, and every page that is taken anew costs
    a fault. Blocks of up to 32 MiB, the most that it lets one say, now come
    from the heap, whose free end is given back from 1 GiB on.
    """
    _set_malloc(M_MMAP_THRESHOLD, 1 << 25)
    _set_malloc(M_TRIM_THRESHOLD, 1 << 30)


def _set_malloc(parameter, value):
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(parameter, value)


def configure_for(config, say=lambda line: None):
    """`configure_devices` as a configuration says, and `keep_memory`.

    Args:
        config: Config.
        say: callable that shows a line to the user.
    """
    keep_memory()
    share = config.gpu_memory_fraction
    if share < 1 and not config.gpu_allow_growth:
        say(
            f"gpu_memory_fraction {share:g}: a share cannot be set any more; "
            "GPU memory is taken as it is needed, as with gpu_allow_growth."
        )
    configure_devices(
        config.threads,
        memory_growth=config.gpu_allow_growth or share < 1,
        deterministic=config.deterministic,
        log_placement=config.log_device_placement,
        shards=config.batch_shards or _worthwhile_shards(config),
    )


def has_bfloat16():
    """Whether this machine multiplies bfloat16 numbers in hardware."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return details.get("compute_capability", (0, 0)) >= (8, 0)
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False  # not Linux: nothing tells
    return any(flag in flags for flag in ("amx_bf16", "avx512_bf16"))
