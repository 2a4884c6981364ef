"""Starts TensorFlow without the lines that are for its developers."""

import contextlib
import os

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def start_tensorflow(silent=True):
    """Imports TensorFlow and lets it look for devices, in silence.

    TensorFlow writes some lines before it reads its own log level, so they go
    nowhere meanwhile. What it calls errors is for developers, too: what goes
    wrong for a user comes as an exception. Whoever has set that level gets
    all that it allows: `TF_CPP_MIN_LOG_LEVEL=0` tells why a GPU is not used.

    Args:
        silent: bool. If False, TensorFlow says what it says.
    """
    if LEVEL in os.environ or not silent:
        return
    os.environ[LEVEL] = "3"
    with _silent_errors():
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextlib.contextmanager
def _silent_errors():
    """Sends what is written to the standard error's descriptor nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # closed: silent already
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
