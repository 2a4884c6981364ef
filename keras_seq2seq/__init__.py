"""Sequence-to-sequence models for Keras 3.

Importing this package loads neither TensorFlow nor Keras; `load` does when it
is first used.
"""

import importlib

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name):
    if name == "load":
        return importlib.import_module("keras_seq2seq.inference").load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
