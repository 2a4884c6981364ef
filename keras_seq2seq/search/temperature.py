"""How sure of itself a model is made before a search."""

from keras import ops


def check_temperature(value):
    """Refuses what no logits can be divided by.

    Raises:
        ValueError: unless `value` is a finite number above 0.
    """
    if not 0 < value < float("inf"):
        raise ValueError(
            "`temperature` must be a finite number above 0. "
            f"Received: {value!r}"
        )


def with_temperature(logits, temperature):
    """Logits over a temperature; 1 leaves them as they are."""
    if temperature == 1:
        return logits
    return ops.cast(logits, "float32") / temperature
