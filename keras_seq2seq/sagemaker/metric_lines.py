"""Metrics of a job as lines that a service finds in its log."""

import re

import keras

# Names of ours and the service's. The scale of `bleu` is 0 to 1 there.
NAMES = {"sockeye_bleu": "bleu", "bleu": "bleu_100"}
TRAINING = ("loss", "perplexity", "accuracy")
COUNTS = ("tokens",)  # no metrics
# What the service looks for in the log of its own algorithm.
REGEXES = {
    f"validation:{name}": (
        r"#quality_metric: host=\S+, epoch=\S+, validation "
        + re.escape(name)
        + r" <score>=(\S+)"
    )
    for name in ("perplexity", "accuracy", "bleu")
}


class MetricLines(keras.callbacks.Callback):
    """Writes two lines per metric and evaluation.

    `#quality_metric: host=algo-1, epoch=3, validation perplexity
    <score>=12.5`, where the epoch is the number of the evaluation, from 1 on,
    and `validation:perplexity=12.5`.

    Args:
        host: str. Name of this machine.
        write: callable that takes a line.
    """

    def __init__(self, host, write):
        super().__init__()
        self.host = host
        self.write = write

    def on_epoch_end(self, epoch, logs=None):
        for key, value in (logs or {}).items():
            part = "validation" if key.startswith("val_") else "train"
            name = key.removeprefix("val_")
            if name in COUNTS or (part == "train" and name not in TRAINING):
                continue
            name = NAMES.get(name, name)
            value = f"{float(value):.6g}"
            self.write(
                f"#quality_metric: host={self.host}, epoch={epoch + 1}, {part} "
                f"{name} <score>={value}"
            )
            self.write(f"{part}:{name}={value}")
