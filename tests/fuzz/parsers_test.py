"""No file of a user's makes a reader crash, hang, or eat memory.

By default a short campaign. A long one:

    FUZZ_EXAMPLES=100000 python -m pytest tests/fuzz

and, guided by coverage, `python -m tests.fuzz.with_atheris TARGET`.
"""

import os
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_seq2seq.errors import UserError
from tests.fuzz.targets import run, targets

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", 60))
MEMORY = 64 * 2**20  # bytes; inputs have some thousand
TARGETS = targets()


@st.composite
def changed(draw, seeds):
    """A valid input with some bytes replaced, left out, added or repeated."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, len(content)))
        end = min(begin + draw(st.integers(0, 8)), len(content))
        kind = draw(st.sampled_from(["replace", "repeat", "cut"]))
        if kind == "replace":
            content[begin:end] = draw(st.binary(max_size=8))
        elif kind == "repeat":
            times = draw(st.integers(2, 50))
            content[begin:end] = content[begin:end] * times
        else:
            del content[begin:]
    return bytes(content)


def survives(target, content):
    """Runs a target and demands a result or a `UserError`."""
    tracemalloc.start()
    try:
        run(target, content)
    except UserError as error:
        assert str(error).strip()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEMORY


@pytest.mark.parametrize("name", TARGETS)
def test_valid_input_is_read(name):
    for seed in TARGETS[name].seeds:
        try:
            run(TARGETS[name], seed)
        except UserError as error:
            # A pointer alone, and settings that only some flags take.
            assert name in ("pointer", "flag"), error


@pytest.mark.parametrize("name", TARGETS)
def test_changed_input_is_read_or_refused(name):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(changed(TARGETS[name].seeds))
    def campaign(content):
        survives(TARGETS[name], content)

    campaign()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name):
    @settings(
        max_examples=EXAMPLES // 2,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.binary(max_size=200))
    def campaign(content):
        survives(TARGETS[name], content)

    campaign()


DEEP = 100_000
TROUBLE = [
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b"[" * 900 + b"]" * 900,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b"- " * DEEP,
    b"a: " * 1000,
    b"9" * DEEP,
    b"1e" + b"9" * 5000,
    b"\x00" * 1000,
    b"\xff\xfe" * 1000,
    b"\n" * 1000,
    b" " * DEEP,
    b"\t" * 1000,
    "\u2028\u0085\u00a0".encode() * 100,
    b"a: &a [*a]",
    b"NaN",
    b'"\\ud800"',
]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("content", TROUBLE, ids=lambda c: repr(c[:12]))
def test_known_trouble_is_read_or_refused(name, content):
    survives(TARGETS[name], content)
