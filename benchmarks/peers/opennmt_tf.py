"""Trains OpenNMT-tf's model of the same sizes; prints its speed as JSON.

opennmt_tf.py DATA UPDATES THREADS
"""

import json
import resource
import shutil
import sys
import time

import opennmt
import tensorflow as tf
from opennmt import training
from opennmt_tf_model import build, settings, use_threads

WARMUP = 10


def peak_mib():
    """Greatest resident memory so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Trains with a clock around the toolkit's own steps."""
    data, updates, threads = sys.argv[1], *map(int, sys.argv[2:])
    use_threads(threads)
    imported = peak_mib()
    counted = [0]
    group = training._group_batches
    steps = training.Trainer._steps

    def counting(dataset, accumulation):
        for batches in group(dataset, accumulation):
            for _, labels in batches:
                counted[0] += int(tf.reduce_sum(labels["length"]))
            yield batches

    def timed(self, dataset, accum_steps=1):
        for count, loss in enumerate(steps(self, dataset, accum_steps), 1):
            if count == WARMUP:
                began, before = time.perf_counter(), counted[0]
            yield loss
            if count == WARMUP + updates:
                seconds = time.perf_counter() - began
                speed = (counted[0] - before) / seconds
                result = {
                    "tokens_per_second": round(speed, 1),
                    "peak_mib": round(peak_mib() - imported),
                    "parameters": self._model.count_params(),
                }
                print(json.dumps(result), flush=True)
                return

    training._group_batches = counting
    training.Trainer._steps = timed
    shutil.rmtree("opennmt_tf_run", ignore_errors=True)
    opennmt.Runner(build(), settings(data, "opennmt_tf_run")).train()


if __name__ == "__main__":
    main()
