"""Which `tf.distribute` strategy shares the work."""

from pathlib import Path

import tensorflow as tf

from keras_seq2seq.errors import UserError


def choose_strategy(name="auto"):
    """The strategy that a configuration names.

    Args:
        name: `"auto"`: mirrored over all GPUs, or over all logical CPUs if
            there are several; with a single device the default strategy,
            which computes the same and is 12 to 20 % faster on a CPU.
            `"mirrored"`: mirrored in any case. `"default"` and
            `"one_device"`: one device, whatever there is.

    Returns:
        `tf.distribute.Strategy`.

    Raises:
        UserError: a strategy that does not exist.
    """
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
        "strategy must be auto, mirrored, default or one_device. "
        f"Received: {name}"
    )


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
    if name == "_DefaultDistributionStrategy":
        return "default strategy on one device, equal to MirroredStrategy"
    return f"{name}, {count} replica{'s' if count > 1 else ''}"


def configure_devices(threads=None, memory_growth=True, deterministic=True):
    """Settings that TensorFlow takes only before its first operation.

    Args:
        threads: int or None. Processor threads; None leaves the choice.
        deterministic: bool. Choose kernels on GPUs whose sums have one order;
            those on CPUs have.
        memory_growth: bool. Take GPU memory as it is needed.
    """
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and deterministic:
        tf.config.experimental.enable_op_determinism()
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, memory_growth)


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
