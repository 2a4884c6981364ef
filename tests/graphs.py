"""Whether TensorFlow traces functions or runs them as they stand."""

import contextlib


@contextlib.contextmanager
def running_eagerly(whether):
    """Within the block every `tf.function` runs eagerly, or none does."""
    import tensorflow as tf  # tests without it stay fast

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(whether)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
