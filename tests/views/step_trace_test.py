import pytest

from keras_seq2seq.callbacks.step_trace import TRACES
from keras_seq2seq.errors import UserError
from keras_seq2seq.views.step_trace import (
    newest_trace,
    phase_of,
    read_trace,
)


def space():
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    return xplane_pb2.XSpace()


def event(plane, title, microseconds, **stats):
    """Adds an event to a plane of the profiler's format."""
    line = plane.lines[0] if plane.lines else plane.lines.add()
    number = len(plane.event_metadata) + 1
    plane.event_metadata[number].name = title
    found = line.events.add(
        metadata_id=number, duration_ps=round(microseconds * 1e6)
    )
    for name, value in stats.items():
        key = len(plane.stat_metadata) + 1
        plane.stat_metadata[key].name = name
        stat = found.stats.add(metadata_id=key)
        if isinstance(value, str):
            reference = len(plane.stat_metadata) + 1
            plane.stat_metadata[reference].name = value
            stat.ref_value = reference
        else:
            stat.int64_value = value


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / TRACES / "2026_01_02_03_04_05"
    path.mkdir(parents=True)
    return path


def test_operations_have_devices_phases_and_times(directory):
    made = space()
    host = made.planes.add(name="/host:CPU")
    event(host, "train", 29_000, step_num=3)
    event(host, "IteratorGetNextOp::DoCompute", 123)
    event(host, "StatefulPartitionedCall/a_1/MatMul:MatMul", 10)
    event(host, "while/body:While", 500)
    event(host, "ExecutorState::Process", 500)
    gpu = made.planes.add(name="/device:GPU:0")
    event(gpu, "kernel<1>", 20, tf_op="s/gradient_tape/a/MatMul:MatMul")
    (directory / "host.xplane.pb").write_bytes(made.SerializeToString())
    step, microseconds, operations = read_trace(directory)
    assert (step, microseconds) == (3, 29_000)
    assert [
        (o.device, o.kind, o.phase, o.microseconds) for o in operations
    ] == [
        ("/host:CPU", "IteratorGetNext", "input", 123),
        ("/host:CPU", "MatMul", "forward", 10),
        ("/device:GPU:0", "MatMul", "backward", 20),
    ]


@pytest.mark.parametrize(
    ("name", "kind", "phase"),
    [
        ("StatefulPartitionedCall/encoder/MatMul", "MatMul", "forward"),
        ("s/gradient_tape/encoder/MatMul", "MatMul", "backward"),
        ("s/adam_1/Pow", "Pow", "update"),
        ("s/own/x", "ResourceApplyGradientDescent", "update"),
        ("IteratorGetNext", "IteratorGetNext", "input"),
        ("PyFunc", "PyFunc", "input"),
        ("s/adam/CollectiveReduceV2_1", "CollectiveReduceV2", "exchange"),
    ],
)
def test_names_tell_the_phase(name, kind, phase):
    assert phase_of(name, kind) == phase


def test_the_newest_trace_is_taken(directory, tmp_path):
    assert newest_trace(tmp_path) is None
    later = directory.with_name("2026_01_02_03_04_06")
    later.mkdir()
    for path in (later, directory):
        (path / "host.xplane.pb").write_bytes(b"")
    assert newest_trace(tmp_path) == later


def test_a_damaged_trace_is_refused(directory):
    (directory / "host.xplane.pb").write_bytes(b"\xff\xff no trace")
    with pytest.raises(UserError, match="expected a trace"):
        read_trace(directory)
