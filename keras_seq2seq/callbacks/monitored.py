"""Which way a monitored value gets better."""

import re

_LARGER = re.compile(
    r"(bleu(_[1-4])?|accuracy|acc|rouge.*|chrf|f1|exact_match)$"
)
_SMALLER = re.compile(r"(loss|perplexity|wer|per|cer|ter|error)$")


def direction(monitor, mode=None):
    """Finds out whether a larger or a smaller value is better.

    Args:
        monitor: str. Name of the value in the logs, such as `"val_bleu"`.
        mode: `"max"`, `"min"`, or None to tell by the name.

    Returns:
        `"max"` or `"min"`.

    Raises:
        ValueError: if the name does not tell.
    """
    if mode in ("max", "min"):
        return mode
    if mode is None and _LARGER.search(monitor):
        return "max"
    if mode is None and _SMALLER.search(monitor):
        return "min"
    raise ValueError(
        f"`mode` must be 'max' or 'min' for monitor={monitor!r}. "
        f"Received: mode={mode!r}"
    )
