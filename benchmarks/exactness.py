"""What exact resuming costs: equal weights, and checkpoints once a minute.

python benchmarks/exactness.py --data_dir DATA
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
LEG = 40  # steps between readings of the clock
PAIRS = 5  # of legs, one with a checkpoint and one without


def main():
    """Prints a JSON object; as a child, one of its parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--part", choices=["plain", "deterministic", "saves"])
    arguments = parser.parse_args()
    if arguments.part == "saves":
        print(json.dumps(cost_of_saves(arguments.data_dir)))
    elif arguments.part:
        print(json.dumps(trained(arguments.data_dir, arguments.part)))
    else:
        print(json.dumps(compared(arguments), indent=1))


def compared(arguments):
    """Plain and deterministic runs, alternating, and the cost of saves."""
    from train_speed import prepare

    with tempfile.TemporaryDirectory() as place:
        prepare(arguments.data_dir, Path(place))
        found = {"plain": [], "deterministic": []}
        for _ in range(arguments.runs):
            for part, values in found.items():
                values.append(child(place, part))
        saves = child(place, "saves")
    seconds = {
        part: statistics.median(value["seconds"] for value in values)
        for part, values in found.items()
    }
    return {
        "distinct_weights": {
            part: len({value["weights"] for value in values})
            for part, values in found.items()
        },
        "deterministic_over_plain": seconds["deterministic"] / seconds["plain"],
        **saves,
    }


def child(place, part):
    """What a process of its own prints about a part."""
    done = subprocess.run(
        [sys.executable, __file__, "--data_dir", place, "--part", part],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps({part: told}), file=sys.stderr, flush=True)
    return told


def trained(data, part):
    """Seconds of three legs, and the sha256 of the weights after them."""
    import keras
    import tensorflow as tf
    from peers.ours import build

    keras.utils.set_random_seed(1)
    if part == "deterministic":
        tf.config.experimental.enable_op_determinism()
    model, bucketing = build(data)
    fit(model, bucketing, [])
    began = time.perf_counter()
    for _ in range(3):
        fit(model, bucketing, [])
    seconds = time.perf_counter() - began
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(weight.tobytes())
    return {"seconds": seconds, "weights": digest.hexdigest()}


def cost_of_saves(data):
    """Seconds that a checkpoint in a thread takes from the training."""
    import keras
    from peers.ours import build

    from keras_seq2seq.callbacks import CheckpointRetention

    class Clock(keras.callbacks.Callback):
        """Times the steps; may ask for a checkpoint amid them."""

        def __init__(self, saving):
            super().__init__()
            self.saving = saving

        def on_train_batch_begin(self, batch, logs=None):
            if batch == 0:
                self.began = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            if batch == LEG // 4 and self.saving:
                retention.request_save()
            self.seconds = time.perf_counter() - self.began

    model, bucketing = build(data)
    with tempfile.TemporaryDirectory() as place:
        retention = CheckpointRetention(
            place,
            [bucketing],
            save_every_n_seconds=10**6,
            keep_max=2,
            background=True,
        )
        spent = {True: [], False: []}
        fit(model, bucketing, [])
        # The same batches with and without, because legs differ in length.
        position = bucketing.get_state()
        for _ in range(PAIRS):
            for saving in (False, True):
                bucketing.set_state(position)
                clock = Clock(saving)
                fit(model, bucketing, [clock, retention])
                spent[saving].append(clock.seconds)
    cost = statistics.median(
        a - b for a, b in zip(spent[True], spent[False], strict=True)
    )
    return {
        "seconds_per_checkpoint": cost,
        "share_at_one_a_minute": cost / 60,
        "parameters": model.count_params(),
    }


def fit(model, bucketing, callbacks):
    """Trains one leg."""
    model.fit(
        bucketing.stream,
        steps_per_epoch=LEG,
        epochs=1,
        callbacks=[bucketing, *callbacks],
        verbose=0,
        shuffle=False,
    )


if __name__ == "__main__":
    main()
