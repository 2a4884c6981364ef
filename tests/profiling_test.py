import keras
import pytest

from keras_seq2seq.profiling import (
    device_table,
    parameter_table,
    phase_table,
    slow_operations,
)
from keras_seq2seq.views.step_trace import Operation, Trace

OPERATIONS = [
    Operation("cpu", "a/MatMul", "MatMul", "forward", 900.0),
    Operation("cpu", "a/MatMul", "MatMul", "forward", 300.0),
    Operation("gpu", "gradient_tape/Mul", "Mul", "backward", 800.0),
]
TRACE = Trace(7, 1500.0, OPERATIONS)


def variable(*shape, dtype="float32"):
    return keras.Variable(keras.ops.zeros(shape), dtype=dtype, name="any")


def test_parameters_are_listed_from_the_largest_on_with_bytes_and_share():
    frozen = variable(1, 1)
    frozen.trainable = False
    lines = parameter_table({"a": frozen, "b": variable(3, 5)})
    assert [line.split() for line in lines[1:]] == [
        ["b", "3x5", "15", "60", "93.8%"],
        ["a", "1x1", "1", "4", "6.2%", "frozen"],
        ["total", "16", "64", "100.0%"],
    ]


def test_phases_add_up_to_the_whole():
    lines = phase_table(TRACE)
    assert lines[0].startswith("Step 8 took 1.50 ms.")
    assert [line.split() for line in lines[3:]] == [
        ["input", "0.00", "0.0%", "0"],
        ["forward", "1.20", "60.0%", "2"],
        ["backward", "0.80", "40.0%", "1"],
        ["exchange", "0.00", "0.0%", "0"],
        ["update", "0.00", "0.0%", "0"],
    ]


def test_operations_are_slow_by_all_their_times_together():
    (_, line) = slow_operations(TRACE)
    assert line.split() == ["1.20", "2", "MatMul", "forward", "cpu", "a/MatMul"]


def test_devices_have_their_times():
    rows = [line.split() for line in device_table(TRACE)[1:]]
    assert rows == [["cpu", "1.20", "2"], ["gpu", "0.80", "1"]]


@pytest.mark.parametrize("table", [slow_operations, device_table])
def test_a_trace_of_nothing_is_a_table_of_nothing(table):
    assert len(table(Trace(None, 0.0, []))) == 1
