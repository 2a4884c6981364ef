import os

from tests.processes import python

CODE = (
    "from keras_seq2seq.commands.tensorflow_start import start_tensorflow\n"
    "start_tensorflow()\n"
    "import sys, os, tensorflow as tf\n"
    "tf.constant(1)\n"
    "print('ours', file=sys.stderr)\n"
    "os.write(2, b'descriptor\\n')\n"
)


def told(**settings):
    """What a fresh process writes to its standard error."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    done = python("-c", CODE, env={**kept, **settings}, check=True)
    return done.stderr.splitlines()


def test_tensorflow_starts_in_silence_and_our_own_lines_are_seen():
    assert told() == ["ours", "descriptor"]


def test_whoever_sets_the_log_level_gets_tensorflows_lines():
    lines = told(TF_CPP_MIN_LOG_LEVEL="0")
    assert len(lines) > 2
    assert lines[-2:] == ["ours", "descriptor"]
