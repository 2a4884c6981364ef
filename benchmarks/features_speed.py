"""Pictures a second that a frozen network makes features of.

python benchmarks/features_speed.py zoo/image2seq_flickr8k.yml --data_dir DATA

Counted are reading and resizing pictures, the network, and the file of their
features; building the recipe's model and its graph is not.
"""

import argparse
import tempfile
import time

from keras_seq2seq import recipe
from keras_seq2seq.config.files import load
from keras_seq2seq.data.feature_cache import load_or_compute
from keras_seq2seq.distribution import configure_devices
from keras_seq2seq.set_up import compiled_model


def main():
    """Prints pictures/s of each round."""
    arguments = parse()
    with tempfile.TemporaryDirectory() as run:
        places = {"data_dir": arguments.data_dir, "output_dir": run}
        config = load([arguments.recipe], places)
        configure_devices(arguments.threads)
        pair = recipe.tokenizers(config, recipe.prepare(config, run))
        model, *_ = compiled_model(config, pair)
        pictures = recipe.captions(config.input_pipeline_dev).pictures
        count = min(len(pictures), arguments.pictures)
        model.generator.features([pictures[0]])  # makes the graph
        for number in range(arguments.rounds):
            begin = time.perf_counter()
            load_or_compute(
                pictures.some(range(count)),
                model.generator.features,
                model.encoder.fingerprint(),
                model.encoder.feature_shape,
                cache_dir=f"{run}/{number}",
            )
            seconds = time.perf_counter() - begin
            print(f"{count} pictures, {count / seconds:.1f} a second")


def parse():
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("recipe", help="YAML of a captioner")
    made.add_argument("--data_dir", required=True)
    made.add_argument("--threads", type=int)
    made.add_argument("--pictures", type=int, default=1000, help="per round")
    made.add_argument("--rounds", type=int, default=3)
    return made.parse_args()


if __name__ == "__main__":
    main()
