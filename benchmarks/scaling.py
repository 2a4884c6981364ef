"""How the time per target token grows with the size of the task.

python benchmarks/scaling.py --output docs/scaling.png

Trains some steps of the benchmark model on random text, one size changed at a
time, each in a process of its own, and draws one picture.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

BASE = {"length": 12, "words": 7856, "width": 512, "batch": 64, "pairs": 4096}
AXES = {
    "length": ("words of a sentence", (10, 20, 50, 100, 200)),
    "words": ("words of the vocabulary", (1000, 4000, 16000, 64000)),
    "width": ("units of the decoder", (128, 256, 512, 1024)),
    "batch": ("sentences of a batch", (16, 64, 256, 1024)),
    "pairs": ("pairs of the corpus", (10**4, 10**5, 10**6, 10**7)),
}
STEPS = 4
FULL_BATCHES = 20  # so many that those of every length are full, mostly


def main():
    """Measures, draws, and prints one JSON object per point."""
    arguments = parse()
    context = multiprocessing.get_context("spawn")
    points = {}
    for axis, (_, sizes) in AXES.items():
        for size in sizes[: arguments.most]:
            task = {**BASE, axis: size}
            task["pairs"] = max(task["pairs"], FULL_BATCHES * task["batch"])
            # Unlike a Pool, it says so when a process is killed for memory.
            with ProcessPoolExecutor(1, context) as pool:
                job = pool.submit(measure, task, arguments.threads)
                found = job.result()
            points.setdefault(axis, []).append((size, found))
            print(json.dumps({"axis": axis, "size": size, **found}), flush=True)
    draw(points, arguments.output)


def parse():
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--output", type=Path, required=True)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--most", type=int, help="sizes of an axis, for a trial")
    return made.parse_args()


def measure(task, threads):
    """Microseconds per target token: reading the corpus apart, and training."""
    from keras_seq2seq.commands.tensorflow_start import start_tensorflow

    start_tensorflow()
    from keras_seq2seq import benchmark, recipe
    from keras_seq2seq.config.files import load
    from keras_seq2seq.distribution import configure_for
    from keras_seq2seq.set_up import compiled_model
    from keras_seq2seq.step_timing import time_steps

    imported = benchmark.peak_mib()
    with tempfile.TemporaryDirectory(prefix="scaling-") as directory:
        path = benchmark.synthetic(
            directory,
            pairs=task["pairs"],
            words=task["words"],
            mean=task["length"],
            spread=task["length"] / 3,
        )
        units = task["width"]
        params = json.loads(path.read_text("utf-8"))["model_params"]
        for part, share in (("encoder", 2), ("decoder", 1)):
            cell = params[f"{part}.params"]["rnn_cell"]
            cell["cell_params"]["num_units"] = units // share
        params["embedding.dim"] = units // 2
        flags = {
            "model_params": json.dumps(params),
            "batch_size": task["batch"],
            "threads": threads,
        }
        config = load([path], flags)
        configure_for(config)
        pair = recipe.tokenizers(config)
        began = time.perf_counter()
        pairs = recipe.corpus(
            config.input_pipeline_train, config.model_params, pair
        )
        seconds = time.perf_counter() - began
        tokens = int(pairs.target_lengths.sum())
        model, *_ = compiled_model(config, pair)
        timed = time_steps(model, recipe.bucketing(config, pairs), STEPS)
        trained, _ = benchmark.tokens_and_operations(model, timed.batches)
    return {
        "microseconds": 1e6 * timed.seconds / trained,
        "reading_microseconds": 1e6 * seconds / tokens,
        "mib": benchmark.peak_mib() - imported,
    }


def draw(points, path):
    """One panel per axis, all on one scale of time."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(points), figsize=(3.2 * len(points), 3.4), sharey=True
    )
    for panel, (axis, found) in zip(panels, points.items(), strict=True):
        sizes = [size for size, _ in found]
        times = [each["microseconds"] for _, each in found]
        panel.plot(sizes, times, marker="o", color="#1f5fa8", label="training")
        if axis == "pairs":
            reading = [each["reading_microseconds"] for _, each in found]
            panel.plot(
                sizes,
                reading,
                marker="s",
                color="#c05a1a",
                label="reading, once",
            )
            panel.legend(frameon=False)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xticks(sizes, [_short(size) for size in sizes])
        panel.minorticks_off()
        panel.set_xlabel(AXES[axis][0])
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("microseconds per target token")
    base = ", ".join(f"{_short(BASE[axis])} {AXES[axis][0]}" for axis in BASE)
    figure.suptitle(
        f"AttentionSeq2Seq, float32; what is not varied: {base}", fontsize=10
    )
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _short(size):
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if size % unit == 0:
            return f"{size // unit}{letter}"
    return f"{size:,}"


if __name__ == "__main__":
    main()
