"""Decodes with OpenNMT-tf's model; prints its speed as JSON.

opennmt_tf_decode.py DATA THREADS
"""

import json
import logging
import re
import sys
from pathlib import Path

import opennmt
import tensorflow as tf
from opennmt import inference
from opennmt_tf_model import build, settings, use_threads

DIRECTORY = "opennmt_tf_decode_run"
UPDATES = 906  # two epochs

predict = inference.predict_dataset


class Log(logging.Handler):
    """Keeps the toolkit's own account of the time."""

    def __init__(self):
        super().__init__()
        self.seconds = None

    def emit(self, record):
        found = re.match(
            r"Total prediction time.*?([\d.]+)$", record.getMessage()
        )
        if found:
            self.seconds = float(found[1])


def predict_at_once(model, dataset, **options):
    """The toolkit's loop, without the tuning of its input pipeline.

    The thread that tunes sleeps twice as long each time, and the end of a
    dataset now and then waits for it: 20.5 s are measured in place of 12.
    """
    tuning = tf.data.Options()
    tuning.autotune.enabled = False
    return predict(model, dataset.with_options(tuning), **options)


def main():
    """Trains when no checkpoint is there, then decodes four ways."""
    inference.predict_dataset = predict_at_once
    data, threads = Path(sys.argv[1]), int(sys.argv[2])
    use_threads(threads)
    if tf.train.latest_checkpoint(DIRECTORY) is None:
        train = {"max_step": UPDATES, "save_checkpoints_steps": UPDATES}
        opennmt.Runner(build(), settings(data, DIRECTORY, train)).train()
    log = Log()
    tf.get_logger().addHandler(log)
    tf.get_logger().setLevel("INFO")
    result = {}
    for name, width in (("greedy", 1), ("beam5", 5)):
        for fixed in (True, False):
            params = {"beam_width": width, "maximum_decoding_length": 50}
            if fixed:
                params["maximum_decoding_length"] = 20
                params["minimum_decoding_length"] = 20
            config = settings(data, DIRECTORY, **params)
            opennmt.Runner(build(), config).infer(
                str(data / "test_2016_flickr.en"), "peer.de", log_time=True
            )
            lines = Path("peer.de").read_text("utf-8").splitlines()
            if fixed:
                result[f"{name}_fixed20"] = round(len(lines) / log.seconds, 1)
                continue
            tokens = sum(len(line.split()) + 1 for line in lines)
            result[f"{name}_tokens"] = round(tokens / log.seconds, 1)
            result[f"{name}_sentences"] = round(len(lines) / log.seconds, 1)
            result[f"{name}_mean_length"] = round(tokens / len(lines), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
