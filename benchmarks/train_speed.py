"""Training speed of the benchmark model against OpenNMT-tf, alternating.

python benchmarks/train_speed.py --data_dir DATA --alternations 3
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEER_PACKAGES = (
    "tensorflow-cpu==2.13.1",
    "numpy<1.25",
    "tensorflow-addons>=0.21,<0.24",
    "pyonmttok>=1.36,<2",
    "ctranslate2>=3,<4",
    "pyyaml",
    "rouge",
    "sacrebleu>=2,<3",
    "packaging",
)


def main():
    """Prints a table, and a JSON object as the last line."""
    arguments = parse()
    work = arguments.work_dir
    prepare(arguments.data_dir, work / "data")
    peer = None if arguments.without_peer else install(work / "opennmt_tf")
    figures = collections.defaultdict(list)
    for _ in range(arguments.alternations):
        for precision in arguments.precision:
            name = f"keras_seq2seq {precision}"
            command = [sys.executable, HERE / "peers" / "ours.py"]
            figures[name].append(run(arguments, [*command, precision], work))
        if peer is not None:
            command = [peer, HERE / "peers" / "opennmt_tf.py"]
            figures["OpenNMT-tf"].append(run(arguments, command, work))
    show(figures)


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    home = Path("~/.cache/keras-seq2seq/benchmarks").expanduser()
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--work_dir", type=Path, default=home)
    parser.add_argument("--alternations", type=int, default=3)
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", nargs="+", default=["float32"])
    parser.add_argument("--without_peer", action="store_true")
    return parser.parse_args()


def prepare(source, target):
    """Writes the text and the vocabularies in the form of both toolkits."""
    target.mkdir(parents=True, exist_ok=True)
    for language in ("en", "de"):
        path = source / f"train.lc.norm.tok.{language}"
        text = path.read_text("utf-8")
        (target / f"train.{language}").write_text(text, "utf-8")
        counts = collections.Counter(text.split())
        words = [word for word, count in counts.items() if count >= 2]
        words.sort(key=lambda word: (-counts[word], word))
        lines = "".join(f"{word}\n" for word in words)
        (target / f"vocab.{language}").write_text(lines, "utf-8")
        marks = "<blank>\n<s>\n</s>\n"
        peer = target / f"vocab.{language}.onmt"
        peer.write_text(marks + lines, "utf-8")


def install(directory):
    """A Python with OpenNMT-tf, made when it is missing."""
    python = directory / "bin" / "python"
    done = directory / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "setuptools<81", "wheel"], check=True)
        subprocess.run([*pip, *PEER_PACKAGES], check=True)
        subprocess.run([*pip, "--no-deps", "OpenNMT-tf==2.32.0"], check=True)
        done.touch()
    return python


def run(arguments, command, work):
    """One process; what it measured is its last line, as JSON."""
    threads = str(arguments.threads)
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": threads,
    }
    command = [*command, work / "data", arguments.updates, threads]
    done = subprocess.run(
        list(map(str, command)),
        env=environment,
        cwd=work,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    figure = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps({"command": Path(command[1]).name, **figure}), flush=True)
    return figure


def show(figures):
    """Medians, and their ratios to OpenNMT-tf's where that was run."""
    medians = {
        name: {
            key: statistics.median(run[key] for run in runs) for key in runs[0]
        }
        for name, runs in figures.items()
    }
    peer = medians.get("OpenNMT-tf", {}).get("tokens_per_second")
    for name, values in medians.items():
        if peer:
            values["ratio"] = round(values["tokens_per_second"] / peer, 3)
        shown = "  ".join(f"{key} {value:g}" for key, value in values.items())
        print(f"{name:30} {shown}")
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
