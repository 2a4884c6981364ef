"""Checks what this machine's devices compute.

For owners of processors that the authors do not have: every check compares
two ways to compute the same, on small numbers that are drawn here.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_seq2seq import layers
from keras_seq2seq.callbacks import Bucketing
from keras_seq2seq.data.delimiter_tokenizer import DelimiterTokenizer
from keras_seq2seq.data.parallel_text import ParallelText
from keras_seq2seq.data.vocabulary import Vocabulary
from keras_seq2seq.distribution import choose_strategy, training_devices
from keras_seq2seq.optimizers import Adam
from keras_seq2seq.search import BeamSearch
from keras_seq2seq.tokens import END, FIRST_WORD, START, UNKNOWN
from keras_seq2seq.zoo import AttentionSeq2Seq

WORDS = "abcdefgh"
SEED = 1
REPLICA_TOLERANCE = 1e-5  # of weights, after 50 steps
DEVICE_TOLERANCE = 1e-3  # of weights, after 50 steps on other hardware
ADAM_TOLERANCE = 5e-6  # of weights, after 20 steps of 0.01
SEARCH_TOLERANCE = 1e-4  # nats
STABLE_STEPS = 200
CHILD_SECONDS = 600  # more than a slow machine needs to start TensorFlow


class Result(NamedTuple):
    """What a check found.

    Attributes:
        name: str. The check, a key of `CHECKS`.
        outcome: `"passed"`, `"failed"` or `"skipped"`.
        detail: str. The number, its limit, or the reason.
    """

    name: str
    outcome: str
    detail: str


def selftest(names=None):
    """Runs checks one by one.

    Args:
        names: sequence of keys of `CHECKS`; None for all.

    Returns:
        iterator of `Result`. A check that breaks has failed.
    """
    for name in names or CHECKS:
        try:
            with exact_products():
                outcome, detail = CHECKS[name][0]()
        except Exception as error:  # whatever a foreign device does
            line = str(error).strip().partition("\n")[0]
            outcome, detail = "failed", f"{type(error).__name__}: {line}"
        yield Result(name, outcome, detail)


@contextlib.contextmanager
def exact_products():
    """Without TensorFloat-32, which rounds the factors to 10 bits."""
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def make_logical_cpus(count):
    """Splits the processor into devices; before TensorFlow's first operation.

    Args:
        count: int. Logical devices on the one CPU.
    """
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, parts)


def replicas():
    """One device against all; on two logical CPUs where there is one device.

    The logical CPUs need a process of their own, because TensorFlow splits a
    processor only before it starts.
    """
    devices = training_devices()
    if len(devices) == 1:
        return _in_child("replicas", logical_cpus=2)
    one = tf.distribute.OneDeviceStrategy(devices[0])
    several = tf.distribute.MirroredStrategy(devices)
    return _compared(one, several, REPLICA_TOLERANCE)


def cpu_and_gpu():
    """CPU against GPU, on rows of unequal length."""
    if not tf.config.list_logical_devices("GPU"):
        return "skipped", (
            "TensorFlow sees no GPU here; TF_CPP_MIN_LOG_LEVEL=0 tells why"
        )
    strategies = map(tf.distribute.OneDeviceStrategy, ("/CPU:0", "/GPU:0"))
    return _compared(*strategies, DEVICE_TOLERANCE)


def stable():
    """Two hundred steps on all devices, every number finite."""
    weights, losses = trained(choose_strategy(), STABLE_STEPS, Adam(3e-3))
    if not all(np.isfinite(weight).all() for weight in weights):
        return "failed", f"weights not finite after {STABLE_STEPS} steps"
    text = f"loss {losses[0]:.3f} -> {losses[-1]:.3f}"
    return _outcome(np.isfinite(losses).all() and losses[-1] < losses[0]), text


def adam():
    """The fused kernel against Keras's arithmetic."""
    found = []
    for kind in (Adam, keras.optimizers.Adam):
        random = np.random.default_rng(SEED)
        variable = keras.Variable(random.normal(size=(5, 7)))
        optimizer = kind(0.01)
        for _ in range(20):
            gradient = random.normal(size=(5, 7)).astype("float32")
            optimizer.apply([tf.constant(gradient)], [variable])
        found.append([np.asarray(variable)])
    return _judged(*found, ADAM_TOLERANCE)


def search():
    """A beam as wide as the problem against all hypotheses there are."""
    model = small_model(WORDS[:2], SEED)
    longest, words = 3, (UNKNOWN, FIRST_WORD, FIRST_WORD + 1)
    source = np.array([[FIRST_WORD, FIRST_WORD + 1, END]], np.int32)
    width = len(words) ** longest + 1
    found = model.generator.search(source, BeamSearch(width), longest)
    every = [
        [*prefix, END][:longest]
        for count in range(longest + 1)
        for prefix in itertools.product(words, repeat=count)
    ]
    log_probs = _log_probs(model, source, every)
    best = int(np.argmax(log_probs))
    chosen = found.ids[0, 0, : found.lengths[0, 0]].tolist()
    if chosen != every[best]:
        return "failed", f"search found {chosen}, the best is {every[best]}"
    gap = abs(float(found.log_probs[0, 0]) - log_probs[best])
    text = f"best of {len(every)} found, {gap:.1e} nats apart"
    return _outcome(gap <= SEARCH_TOLERANCE), text


CHECKS = {
    "replicas": (replicas, "one device against all replicas"),
    "cpu_and_gpu": (cpu_and_gpu, "CPU against GPU on padded input"),
    "stable": (stable, f"{STABLE_STEPS} steps without NaN"),
    "adam": (adam, "fused Adam against Keras's"),
    "search": (search, "beam search against enumeration"),
}


def small_model(words, seed):
    """A model of some thousand weights, all of them drawn from `seed`."""
    tokenizer = DelimiterTokenizer(Vocabulary(list(words)))
    size = tokenizer.vocabulary_size
    model = AttentionSeq2Seq(
        size,
        size,
        12,
        encoder=layers.BidirectionalRNNEncoder(_cells(16)),
        attention=layers.AdditiveAttention(16),
        decoder=layers.AttentionDecoder(_cells(16)),
        tokenizers=(tokenizer, tokenizer),
    )
    random = np.random.default_rng(seed)
    drawn = [random.normal(0, 0.3, w.shape) for w in model.get_weights()]
    model.set_weights(drawn)
    return model


def trained(strategy, steps, optimizer):
    """Trains a small model on lines of unequal length, some of them empty.

    Args:
        strategy: `tf.distribute.Strategy`.
        steps: int. A multiple of 10.
        optimizer: Keras optimizer, or a callable that makes one in scope.

    Returns:
        list of weights, and the mean losses of each ten steps.
    """
    random = np.random.default_rng(SEED)
    lines = [
        " ".join(random.choice(list(WORDS), random.integers(0, 9)))
        for _ in range(96)
    ]
    tokenizer = DelimiterTokenizer(Vocabulary(list(WORDS)))
    pairs = ParallelText.from_texts(lines, lines, source_tokenizer=tokenizer)
    # The same batches whatever the strategy: those that all devices can share.
    count = len(training_devices())
    bucketing = Bucketing(pairs, 12 * count, seed=SEED, replicas=count)
    with strategy.scope():
        model = small_model(WORDS, SEED)
        model.compile(optimizer() if callable(optimizer) else optimizer)
    history = model.fit(
        bucketing.stream,
        steps_per_epoch=10,
        epochs=steps // 10,
        callbacks=[bucketing],
        shuffle=False,
        verbose=0,
    )
    return model.get_weights(), np.array(history.history["loss"])


def _cells(units):
    return layers.RecurrentStack(layers.GRUCell(units))


def _compared(one, other, tolerance):
    # Adam divides by the gradient's size and so enlarges rounding errors.
    found = [trained(s, 50, keras.optimizers.SGD) for s in (one, other)]
    return _judged(found[0][0], found[1][0], tolerance)


def _judged(ours, theirs, tolerance):
    pairs = zip(ours, theirs, strict=True)
    gap = max(float(np.abs(a - b).max()) for a, b in pairs)
    text = f"largest difference {gap:.1e}, allowed {tolerance:.0e}"
    return _outcome(gap <= tolerance), text


def _outcome(good):
    return "passed" if good else "failed"


def _log_probs(model, source, targets):
    """Nats of each target under teacher forcing."""
    longest = max(map(len, targets))
    labels = np.zeros((len(targets), longest), np.int32)
    for row, target in enumerate(targets):
        labels[row, : len(target)] = target
    shifted = np.roll(labels, 1, axis=1)
    shifted[:, 0] = START
    sources = np.repeat(source, len(targets), axis=0)
    logits = model({"source": sources, "target": shifted})
    nats = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return -np.sum(np.asarray(nats) * (labels != 0), axis=1)


def _in_child(name, logical_cpus):
    """Runs a check in a process of its own with several logical CPUs."""
    command = [sys.executable, "-m", "keras_seq2seq", "selftest", "--json"]
    command += ["--checks", name, "--logical_cpus", str(logical_cpus)]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        check=False,
    )
    lines = done.stdout.splitlines()
    if not lines:
        reason = done.stderr.strip().rpartition("\n")[2]
        return "failed", f"the second process ended with: {reason}"
    told = json.loads(lines[-1])
    return told["outcome"], f"{told['detail']}, on {logical_cpus} logical CPUs"
