"""Which operations a traced training step ran, and for how long."""

import re
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError

from keras_seq2seq.callbacks.step_trace import TRACES
from keras_seq2seq.errors import UserError

PHASES = ("input", "forward", "backward", "exchange", "update")
OPTIMIZERS = {"adam", "sgd", "adagrad", "rmsprop", "ftrl"}
OPERATION = re.compile(r"([\w./-]+):(\w+)")
# They contain others, which have times of their own.
CONTAINERS = re.compile(r"(State(ful|less))?(PartitionedCall|While|If|Case)")
NEXT_BATCH = "IteratorGetNextOp::DoCompute"
STEP = "train"  # how `StepTrace` marks it


class Operation(NamedTuple):
    """One operation as it ran once.

    Attributes:
        device: str. As TensorFlow's profiler calls it.
        name: str. Its path in the graph.
        kind: str. Its type, such as `MatMul`.
        phase: str. One of `PHASES`.
        microseconds: float.
    """

    device: str
    name: str
    kind: str
    phase: str
    microseconds: float


class Trace(NamedTuple):
    """What `StepTrace` recorded.

    Attributes:
        step: int or None. Updates made before the step.
        microseconds: float. From its beginning to its end, 0 if not known.
        operations: list of `Operation`.
    """

    step: int | None
    microseconds: float
    operations: list


def newest_trace(run_dir):
    """Directory of a run's newest trace, or None."""
    directories = Path(run_dir, TRACES).glob("*/*.xplane.pb")
    return max((path.parent for path in directories), default=None)


def read_trace(directory):
    """Reads the trace in a directory, of all its hosts.

    Raises:
        UserError: a file that is damaged, or that this TensorFlow's Python
            package cannot read.
    """
    step, microseconds, operations = None, 0.0, []
    for path in sorted(Path(directory).glob("*.xplane.pb")):
        for plane in _parse(path).planes:
            names = {k: v.name for k, v in plane.stat_metadata.items()}
            for event in (e for line in plane.lines for e in line.events):
                stats = {
                    names.get(stat.metadata_id): _value(stat, names)
                    for stat in event.stats
                }
                title = plane.event_metadata[event.metadata_id].name
                if title == STEP and isinstance(stats.get("step_num"), int):
                    step = stats["step_num"]
                    microseconds = event.duration_ps / 1e6
                found = _operation(plane.name, title, stats, event)
                operations += [found] if found else []
    return Trace(step, microseconds, operations)


def phase_of(name, kind):
    """The phase of a step to which an operation belongs.

    Args:
        name: str. Path in the graph.
        kind: str. Type of the operation.
    """
    scopes = re.sub(r"_\d+(?=/|$)", "", name).split("/")
    if kind.startswith(("Iterator", "PyFunc", "EagerPyFunc")):
        return "input"  # batches come from a Python generator
    if kind.startswith(("Collective", "Nccl")):
        return "exchange"  # between replicas, waiting for them included
    if "gradient_tape" in scopes:
        return "backward"
    if OPTIMIZERS.intersection(scopes) or kind.startswith("ResourceApply"):
        return "update"
    return "forward"


def _operation(device, title, stats, event):
    """An `Operation`, or None for what is no operation of a graph."""
    microseconds = event.duration_ps / 1e6
    if title == NEXT_BATCH:
        return Operation(
            device, title, "IteratorGetNext", "input", microseconds
        )
    # On a GPU a kernel's own name stands there, and its operation's beside it.
    match = OPERATION.fullmatch(str(stats.get("tf_op") or title))
    if match is None or CONTAINERS.fullmatch(match[2]):
        return None
    name, kind = match.groups()
    return Operation(device, name, kind, phase_of(name, kind), microseconds)


def _value(stat, names):
    kind = stat.WhichOneof("value")
    value = getattr(stat, kind) if kind else None
    return names.get(value) if kind == "ref_value" else value


def _parse(path):
    try:
        from tensorflow.tsl.profiler.protobuf import xplane_pb2
    except ImportError:
        raise UserError(
            f"{path}: this version of TensorFlow reads its traces in "
            f"TensorBoard only. Type tensorboard --logdir {path.parents[4]}"
        ) from None
    space = xplane_pb2.XSpace()
    try:
        space.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise UserError(
            f"{path}: expected a trace of TensorFlow's profiler. Received: "
            "something else, or a part of one. Delete its directory."
        ) from error
    return space
