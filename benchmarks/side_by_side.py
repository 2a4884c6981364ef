"""What the comparisons with peers share: data, installation, processes."""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SAME_LENGTH = 0.05  # by which mean lengths may differ
PEERS = Path(__file__).resolve().parent / "peers"


class Peer(NamedTuple):
    """What ours is compared with.

    Attributes:
        name: str. How tables call it.
        directory: str. Where its Python is installed, in the work directory.
        installs: tuple of what `pip install` is given, call by call.
    """

    name: str
    directory: str
    installs: tuple


OPENNMT_TF = Peer(
    "OpenNMT-tf",
    "opennmt_tf",
    (
        ("setuptools<81", "wheel"),
        (
            "tensorflow-cpu==2.13.1",
            "numpy<1.25",
            "tensorflow-addons>=0.21,<0.24",
            "pyonmttok>=1.36,<2",
            "ctranslate2>=3,<4",
            "pyyaml",
            "rouge",
            "sacrebleu>=2,<3",
            "packaging",
        ),
        ("--no-deps", "OpenNMT-tf==2.32.0"),
    ),
)
# Where the index has a build without CUDA, 2.13.0+cpu, pip prefers it.
PYTORCH = Peer("PyTorch", "pytorch", (("torch==2.13.0", "numpy"),))


def parser(description):
    """A command line with what all comparisons take."""
    made = argparse.ArgumentParser(description=description)
    home = Path("~/.cache/keras-seq2seq/benchmarks").expanduser()
    made.add_argument("--data_dir", type=Path, required=True)
    made.add_argument("--work_dir", type=Path, default=home)
    made.add_argument("--alternations", type=int, default=3)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--without_peer", action="store_true")
    made.add_argument("--precision", nargs="+", default=["float32"])
    return made


def alternate(arguments, ours, theirs, peer=OPENNMT_TF):
    """Runs ours and the peer's in turn, and shows what they measured.

    Args:
        arguments: of the command line.
        ours: callable from a precision to script and arguments in `peers/`.
        theirs: script and arguments of the peer.
        peer: `Peer`.
    """
    work = arguments.work_dir
    prepare(arguments.data_dir, work / "data")
    python = None
    if not arguments.without_peer:
        python = install(work / peer.directory, peer.installs)
    figures = collections.defaultdict(list)
    for _ in range(arguments.alternations):
        for precision in arguments.precision:
            script, *rest = ours(precision)
            command = [sys.executable, PEERS / script, *rest]
            figure = run(command, work, arguments.threads)
            figures[f"keras_seq2seq {precision}"].append(figure)
        if python is not None:
            script, *rest = theirs
            command = [python, PEERS / script, *rest]
            figures[peer.name].append(run(command, work, arguments.threads))
    show(figures, peer.name)


def prepare(source, target):
    """Writes the text and the vocabularies in the form of both toolkits."""
    target.mkdir(parents=True, exist_ok=True)
    for language in ("en", "de"):
        for split in ("train", "test_2016_flickr"):
            path = source / f"{split}.lc.norm.tok.{language}"
            text = path.read_text("utf-8")
            (target / f"{split}.{language}").write_text(text, "utf-8")
        words = (target / f"train.{language}").read_text("utf-8").split()
        counts = collections.Counter(words)
        words = [word for word, count in counts.items() if count >= 2]
        words.sort(key=lambda word: (-counts[word], word))
        lines = "".join(f"{word}\n" for word in words)
        (target / f"vocab.{language}").write_text(lines, "utf-8")
        marks = "<blank>\n<s>\n</s>\n"
        peer = target / f"vocab.{language}.onmt"
        peer.write_text(marks + lines, "utf-8")


def install(directory, installs):
    """A Python with a peer in it, made when it is missing."""
    python = directory / "bin" / "python"
    done = directory / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [python, "-m", "pip", "install", "--quiet"]
        for packages in installs:
            subprocess.run([*pip, *packages], check=True)
        done.touch()
    return python


def run(command, work, threads):
    """One process in `work`; what it measured is its last line, as JSON."""
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": str(threads),
    }
    done = subprocess.run(
        list(map(str, command)),
        env=environment,
        cwd=work,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{command[1]} failed:\n{done.stderr[-4000:]}")
    figure = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps({"command": Path(command[1]).name, **figure}), flush=True)
    return figure


def show(figures, peer=OPENNMT_TF.name):
    """Medians over the runs, and their ratios to the peer's.

    Args:
        figures: mapping from a name to a list of mappings, one per run.
        peer: name of what the ratios compare with, where that was run.
    """
    medians = {
        name: {
            key: statistics.median(run[key] for run in runs) for key in runs[0]
        }
        for name, runs in figures.items()
    }
    lengths = [
        {key: values[key] for key in values if key.endswith("mean_length")}
        for values in medians.values()
    ]
    for key in lengths[0]:
        found = [each[key] for each in lengths if key in each]
        if max(found) > (1 + SAME_LENGTH) * min(found):
            print(f"{key} differs: compare sentences, not tokens alone.")
    for name, values in medians.items():
        shown = "  ".join(
            f"{key} {value:g}{_ratio(value, medians.get(peer, {}).get(key))}"
            for key, value in values.items()
        )
        print(f"{name:30} {shown}")
    print(json.dumps(medians))


def _ratio(value, other):
    return f" ({value / other:.2f})" if other else ""
