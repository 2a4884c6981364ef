"""Decodes with OpenNMT-tf's model; prints its speed as JSON.

opennmt_tf_decode.py DATA THREADS
"""

import json
import sys
import time
from pathlib import Path

import opennmt
import tensorflow as tf
from opennmt import inference
from opennmt.utils import misc
from opennmt_tf_model import build, settings, use_threads

DIRECTORY = "opennmt_tf_decode_run"
UPDATES = 906  # two epochs


class Clock:
    """The toolkit's loop over a dataset, which is timed the second time.

    The first pass makes the graph. The toolkit's own account of the time
    counts that, and waits for the thread that tunes its input pipeline, which
    sleeps twice as long each time: 20.5 s are told in place of 12.
    """

    def __init__(self):
        self.seconds = None

    def __call__(self, model, dataset, print_params, predictions_file, **_):
        tuning = tf.data.Options()
        tuning.autotune.enabled = False
        dataset = dataset.with_options(tuning)
        infer = tf.function(model.infer, input_signature=[dataset.element_spec])
        for _ in range(2):
            began = time.perf_counter()
            with open(predictions_file, "w", encoding="utf-8") as stream:
                self._write(model, infer, dataset, print_params, stream)
            self.seconds = time.perf_counter() - began

    def _write(self, model, infer, dataset, params, stream):
        def write(prediction):
            model.print_prediction(prediction, params=params, stream=stream)

        ordered = misc.OrderRestorer(lambda each: each.get("index"), write)
        for features in dataset:
            found = tf.nest.map_structure(lambda x: x.numpy(), infer(features))
            for prediction in misc.extract_batches(found):
                ordered.push(prediction)


def main():
    """Trains when no checkpoint is there, then decodes four ways."""
    data, threads = Path(sys.argv[1]), int(sys.argv[2])
    use_threads(threads)
    if tf.train.latest_checkpoint(DIRECTORY) is None:
        train = {"max_step": UPDATES, "save_checkpoints_steps": UPDATES}
        opennmt.Runner(build(), settings(data, DIRECTORY, train)).train()
    clock = inference.predict_dataset = Clock()
    result = {}
    for name, width in (("greedy", 1), ("beam5", 5)):
        for fixed in (True, False):
            params = {"beam_width": width, "maximum_decoding_length": 50}
            if fixed:
                params["maximum_decoding_length"] = 20
                params["minimum_decoding_length"] = 20
            config = settings(data, DIRECTORY, **params)
            source = str(data / "test_2016_flickr.en")
            opennmt.Runner(build(), config).infer(source, "peer.de")
            lines = Path("peer.de").read_text("utf-8").splitlines()
            if fixed:
                result[f"{name}_fixed20"] = round(len(lines) / clock.seconds, 1)
                continue
            tokens = sum(len(line.split()) + 1 for line in lines)
            result[f"{name}_tokens"] = round(tokens / clock.seconds, 1)
            result[f"{name}_sentences"] = round(len(lines) / clock.seconds, 1)
            result[f"{name}_mean_length"] = round(tokens / len(lines), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
