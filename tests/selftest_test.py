import json

import numpy as np
import pytest
import tensorflow as tf

from keras_seq2seq import selftest
from keras_seq2seq.__main__ import main


def lines(capsys, *flags):
    code = main(["selftest", *flags])
    return code, capsys.readouterr().out.splitlines()


def test_what_is_right_passes(capsys):
    code, told = lines(capsys, "--checks", "adam, search")
    assert code == 0
    assert [line.split()[:2] for line in told[1:]] == [
        ["adam", "passed"],
        ["search", "passed"],
    ]


def test_what_differs_fails(capsys, monkeypatch):
    monkeypatch.setattr(selftest, "ADAM_TOLERANCE", -1.0)
    code, told = lines(capsys, "--checks", "adam,search", "--json")
    assert code == 1
    outcomes = [json.loads(line)["outcome"] for line in told]
    assert outcomes == ["failed", "passed"]


def test_a_check_that_breaks_has_failed(monkeypatch):
    def broken():
        raise tf.errors.InternalError(None, None, "no kernel\nmore")

    monkeypatch.setitem(selftest.CHECKS, "adam", (broken, ""))
    (found,) = selftest.selftest(["adam"])
    assert found.outcome == "failed"
    assert "no kernel" in found.detail and "more" not in found.detail


@pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU"
)
def test_without_a_gpu_the_comparison_is_skipped(capsys):
    code, told = lines(capsys, "--checks", "cpu_and_gpu")
    assert code == 0
    assert "skipped" in told[-1] and "no GPU" in told[-1]


@pytest.mark.slow
def test_two_logical_cpus_compute_what_one_does():
    (found,) = selftest.selftest(["replicas"])
    assert found.outcome == "passed", found.detail


def test_exact_products_are_only_meant_for_the_checks():
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    with selftest.exact_products():
        assert not tf.config.experimental.tensor_float_32_execution_enabled()
    after = tf.config.experimental.tensor_float_32_execution_enabled()
    assert after == before


def test_the_model_is_the_same_every_time():
    one, other = (selftest.small_model("ab", 3).get_weights() for _ in "12")
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
